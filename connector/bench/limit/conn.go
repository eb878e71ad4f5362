package limit

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"time"
)

// requestTimeout is the connector's default.
const requestTimeout = 5 * time.Second

// conn posts over one connection, a request at a time.
type conn struct {
	net.Conn
	head []byte // what all requests begin with
	w, r []byte
}

func dial(ctx context.Context, addr, path string, secure *tls.Config) (*conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if secure != nil {
		c = tls.Client(c, secure)
	}
	head := "POST " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: Segment.io/1.0\r\nContent-Type: application/json\r\nX-Signature: "
	return &conn{Conn: c, r: make([]byte, 4096), head: []byte(head)}, nil
}

var errAnswer = errors.New("limit: the answer is no HTTP/1.1 with a Content-Length")

// post sends a body and returns the status of the answer.
func (c *conn) post(signature, body []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return 0, err
	}
	c.w = append(append(c.w[:0], c.head...), signature...)
	c.w = append(c.w, "\r\nContent-Length: "...)
	c.w = strconv.AppendInt(c.w, int64(len(body)), 10)
	c.w = append(c.w, "\r\n\r\n"...)
	var err error
	if len(body) <= 64<<10 {
		c.w = append(c.w, body...)
		_, err = c.Write(c.w)
	} else {
		pieces := net.Buffers{c.w, body}
		_, err = pieces.WriteTo(c.Conn)
	}
	if err != nil {
		return 0, err
	}
	n := 0
	for {
		k, err := c.Read(c.r[n:])
		if err != nil {
			return 0, err
		}
		n += k
		status, total := parseAnswer(c.r[:n])
		switch {
		case total < 0 || total > len(c.r):
			return 0, errAnswer
		case total > 0 && n >= total:
			return status, nil
		}
	}
}

// parseAnswer reads an answer's status and its whole length: 0 when the head is not complete, negative when it is none.
func parseAnswer(b []byte) (status, total int) {
	k := bytes.Index(b, []byte("\r\n\r\n"))
	if k < 0 {
		return 0, 0
	}
	if k < 12 || string(b[:7]) != "HTTP/1." {
		return 0, -1
	}
	status = int(b[9]-'0')*100 + int(b[10]-'0')*10 + int(b[11]-'0')
	for h := b[:k+2]; ; {
		e := bytes.IndexByte(h, '\n')
		if e < 0 {
			return status, -1
		}
		line := h[:e]
		h = h[e+1:]
		if len(line) > 15 && (line[0]|0x20) == 'c' && line[14] == ':' && bytes.EqualFold(line[:14], []byte("content-length")) {
			n, err := strconv.Atoi(string(bytes.TrimSpace(line[15:])))
			if err != nil {
				return status, -1
			}
			return status, k + 4 + n
		}
	}
}
