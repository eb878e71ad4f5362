package sink

import "encoding/binary"

// Header is one HTTP header as text: each character of Value, at most U+00FF, is one Latin-1
// byte on the wire.
type Header struct{ Name, Value string }

// Payload is what a mapping made of one event.
type Payload struct {
	URL     string   // absolute, http or https, ASCII; credentials and a fragment are allowed
	Method  string   // POST, PUT or PATCH
	Headers []Header // in mapped order; names may repeat
	Data    []byte   // JSON text; empty means that the event has no data
}

// Key identifies what must be equal for payloads to travel in one batch: URL, method and
// headers, names and values in mapped order. Different targets never share a key.
func (p *Payload) Key() string {
	return string(p.AppendKey(make([]byte, 0, 256)))
}

// AppendKey appends [Payload.Key] to dst, for look-ups that should not allocate.
func (p *Payload) AppendKey(dst []byte) []byte {
	dst = appendPart(dst, p.URL)
	dst = appendPart(dst, p.Method)
	for _, h := range p.Headers {
		dst = appendPart(dst, h.Name)
		dst = appendPart(dst, h.Value)
	}
	return dst
}

// appendPart puts the length before the text, so that no text can imitate a separator.
func appendPart(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
