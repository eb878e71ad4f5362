package sink

import (
	"bytes"
	"strconv"
	"strings"
)

// plainHead is a head of an answer with nothing odd about it.
type plainHead struct {
	head          // but for the body
	size    int   // of the head itself, in bytes
	length  int64 // of the body; -1 where the head does not say
	chunked bool
}

// readPlain reads the head that text begins with. It is strict: ok is false for a head that has not come whole, and for each that another reader of HTTP
// might understand in another way, such as one with two lengths, with folded lines or without the CR before a LF; and for those that are rare, such
// as HTTP/1.0, interim answers and bodies that end with the connection.
func readPlain(text []byte) (p plainHead, ok bool) {
	line, rest, ok := cutLine(text)
	if !ok || !p.readStatus(line) {
		return p, false
	}
	p.length = -1
	for {
		if line, rest, ok = cutLine(rest); !ok {
			return p, false
		}
		if len(line) == 0 {
			p.size = len(text) - len(rest)
			sized := p.length >= 0
			return p, sized != p.chunked || !sized && isBodiless(p.status)
		}
		name, value, ok := cutHeader(line)
		if !ok || !p.note(name, value) {
			return p, false
		}
	}
}

// cutLine cuts a line off, without its CRLF; ok is false for another end, and for none.
func cutLine(text []byte) (line, rest []byte, ok bool) {
	end := bytes.IndexByte(text, '\n')
	if end < 1 || text[end-1] != '\r' {
		return nil, nil, false
	}
	return text[:end-1], text[end+1:], true
}

// readStatus reads a line such as "HTTP/1.1 200 OK".
func (p *plainHead) readStatus(line []byte) bool {
	const version = "HTTP/1.1 "
	const code = len(version)
	if len(line) < code+3 || string(line[:code]) != version || len(line) > code+3 && line[code+3] != ' ' {
		return false
	}
	for _, c := range line[code : code+3] {
		if c-'0' > 9 {
			return false
		}
		p.status = 10*p.status + int(c-'0')
	}
	return p.status >= 200 && bytes.IndexByte(line, '\r') < 0
}

// cutHeader reads a header's line. The name is a token, and the value printable ASCII without the blanks around it.
func cutHeader(line []byte) (name, value []byte, ok bool) {
	colon := 0
	for colon < len(line) && headerBytes[line[colon]]&inName != 0 {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return nil, nil, false
	}
	name, value = line[:colon], line[colon+1:]
	for _, c := range value {
		if headerBytes[c]&inValue == 0 {
			return nil, nil, false
		}
	}
	return name, bytes.Trim(value, " \t"), true
}

// note takes in a header. It reports false where the head is not plain for it.
func (p *plainHead) note(name, value []byte) bool {
	switch {
	case equalFold(name, "Content-Length"):
		n, err := strconv.ParseUint(string(value), 10, 63) // digits and nothing else
		known := p.length >= 0
		p.length = int64(n)
		return err == nil && !known
	case equalFold(name, "Transfer-Encoding"):
		known := p.chunked
		p.chunked = true
		return equalFold(value, "chunked") && !known
	case equalFold(name, "Connection"):
		p.last = p.last || equalFold(value, "close")
		return p.last || equalFold(value, "keep-alive")
	case equalFold(name, "Retry-After") && !p.told:
		p.told, p.retryAfter = true, string(value)
	case equalFold(name, "Trailer"):
		return false
	}
	return true
}

func equalFold(text []byte, want string) bool {
	return len(text) == len(want) && strings.EqualFold(string(text), want)
}
