package limit

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what X-Signature is made with
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"

	"github.com/twmb/franz-go/pkg/kgo"
)

// worker owns all that one goroutine needs, so that an event costs no allocation.
type worker struct {
	conn      *conn
	scanner   scanner
	program   *program
	kind      int // the slot of type
	mac       hash.Hash
	out       []byte
	sum       [sha1.Size]byte
	signature [2 * sha1.Size]byte
}

func newWorker(c *conn, secret string) *worker {
	w := &worker{conn: c, program: newProgram(), mac: hmac.New(sha1.New, []byte(secret))}
	w.kind = w.program.path("type")
	return w
}

// singles sends each event in a request of its own.
func (w *worker) singles(records []*kgo.Record) error {
	for _, r := range records {
		body, ok, err := w.append(w.out[:0], r.Value)
		if err != nil {
			return err
		}
		w.out = body
		if !ok {
			continue
		}
		if err := w.send(body, body); err != nil {
			return err
		}
	}
	return nil
}

// batch sends the events in one list. Its signature is that of the first, as at Segment.
func (w *worker) batch(records []*kgo.Record) error {
	body := append(w.out[:0], '[')
	events, first := 0, 0
	for _, r := range records {
		at := len(body)
		if events > 0 {
			body = append(body, ',')
		}
		grown, ok, err := w.append(body, r.Value)
		if err != nil {
			return err
		}
		if body = grown; !ok {
			body = body[:at]
			continue
		}
		if events++; events == 1 {
			first = len(body)
		}
	}
	body = append(body, ']')
	w.out = body
	if events == 0 {
		return nil
	}
	return w.send(body[1:first], body)
}

// append adds what is to be sent for an event; false: no trigger asks for it. The event is copied to where it will be sent from, and scanned there.
func (w *worker) append(dst, value []byte) ([]byte, bool, error) {
	base := len(dst)
	dst = appendPadded(dst, value)
	if err := w.scanner.scanPadded(dst[base:], len(value), w.program); err != nil {
		return dst[:base], false, err
	}
	s := w.scanner.spans[w.kind]
	if s.kind != kindString || string(dst[base+int(s.start)+1:base+int(s.end)-1]) != "track" {
		return dst[:base], false, nil
	}
	switch {
	case w.scanner.canonical():
		return dst[:base+len(value)], true, nil
	case w.scanner.slow:
		return dst[:base], false, fmt.Errorf("limit: an event has keys that repeat, look like numbers or are escaped: %.80s", value)
	}
	return appendCanonical(dst[:base], value), true, nil
}

func (w *worker) send(signed, body []byte) error {
	w.mac.Reset()
	w.mac.Write(signed)
	hex.Encode(w.signature[:], w.mac.Sum(w.sum[:0]))
	status, err := w.conn.post(w.signature[:], body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("limit: status %d", status)
	}
	return err
}
