package sink

import (
	"bytes"
	"strconv"
	"strings"
)

// plainHead is a head of an answer with nothing odd about it.
type plainHead struct {
	size       int // of the head itself
	status     int // 200 to 999
	length     int64
	chunked    bool
	told       bool // Retry-After is there
	retryAfter string
	last       bool // the connection ends with this answer
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
	switch len(name) {
	case len("Content-Length"):
		return !isHeader(name, "Content-Length") || p.noteLength(value)
	case len("Transfer-Encoding"):
		if isHeader(name, "Transfer-Encoding") {
			chunked := !p.chunked && strings.EqualFold(string(value), "chunked")
			p.chunked = true
			return chunked
		}
	case len("Connection"):
		if isHeader(name, "Connection") {
			p.last = p.last || strings.EqualFold(string(value), "close")
			return p.last || strings.EqualFold(string(value), "keep-alive")
		}
	case len("Retry-After"):
		if isHeader(name, "Retry-After") && !p.told {
			p.told, p.retryAfter = true, string(value)
		}
	case len("Trailer"):
		return !isHeader(name, "Trailer")
	}
	return true
}

// isHeader reports whether name is want, whatever its case.
func isHeader(name []byte, want string) bool { return strings.EqualFold(string(name), want) }

func (p *plainHead) noteLength(value []byte) bool {
	const most = 18 // digits: no overflow
	if p.length >= 0 || len(value) == 0 || len(value) > most {
		return false
	}
	for _, c := range value {
		if c-'0' > 9 {
			return false
		}
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	p.length = n
	return err == nil
}
