package sink

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strconv"
	"time"
)

const (
	bufferBytes = 4 << 10 // of a connection, each way
	// inlineBytes is how large a request may be to be written before its answer is read: a
	// socket takes so much at once. A larger one is written beside, because its server may
	// answer first and read no more.
	inlineBytes = 16 << 10
	// lastWords is how long the end of a request that has been answered is waited for, so that
	// its connection can be used again.
	lastWords = 50 * time.Millisecond
	accept    = "*/*"
)

// conn is a connection for one request at a time. Its deadline is the request's.
type conn struct {
	net.Conn  // with TLS where that is asked for
	socket    *socket
	to        target
	in        *bufio.Reader
	out       *bufio.Writer
	written   chan bool   // whether a request could be written, once nothing writes any more
	interrupt func()      // ends what waits on the connection, at once
	expiry    *time.Timer // the pool's, nil before it has first been idle

	heard bool // a byte of an answer to the request has come
	left  int  // bytes that may still come while the head of the answer is being read
}

func newConn(to target, link net.Conn) *conn {
	c := &conn{Conn: link, socket: socketOf(link), to: to, written: make(chan bool, 1)}
	c.in, c.out = bufio.NewReaderSize(c, bufferBytes), bufio.NewWriterSize(c, bufferBytes)
	c.interrupt = func() { _ = c.SetDeadline(longAgo()) } // fails only on a closed one
	return c
}

// secure begins TLS.
func (c *conn) secure(ctx context.Context, config *tls.Config) error {
	secure := tls.Client(c.Conn, config)
	c.Conn = secure
	return secure.HandshakeContext(ctx)
}

// Read is for what reads the answer.
func (c *conn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, &Error{KindProtocol, "answer is not valid HTTP: response headers exceeded", nil}
	}
	n, err := c.Conn.Read(b)
	c.heard = c.heard || n > 0
	c.left -= n
	return n, err
}

// ready sets an idle connection's deadline and reports whether it is still open and nothing has
// come over it. What has come, such as a late "408 Request Timeout", would be taken for the next
// request's answer.
func (c *conn) ready(until time.Time) bool {
	if secure, ok := c.Conn.(*tls.Conn); ok {
		// TLS may hold what came in one packet with the last answer: look without waiting.
		_ = secure.SetReadDeadline(longAgo())
		_, err := secure.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return false
		}
	}
	return c.SetDeadline(until) == nil && c.socket.quiet()
}

// longAgo as a deadline ends at once what waits.
func longAgo() time.Time { return time.Unix(1, 0) }

// exchange sends r and reads the answer. When it returns, nothing uses r any more; where the
// connection is not usable again, the caller closes it.
func (c *conn) exchange(ctx context.Context, r *Request, userAgent string, bodies *bodyReader) (a reply, usable bool, err error) {
	c.heard = false
	stop := context.AfterFunc(ctx, c.interrupt)
	if len(r.wire()) <= inlineBytes {
		c.written <- c.write(r, userAgent) == nil
	} else {
		go func() { c.written <- c.write(r, userAgent) == nil }()
	}
	// Read even if writing failed: a server may answer and hang up before it has read everything.
	a, usable, err = c.receive(r, bodies)
	sent := c.sent(err == nil)
	undisturbed := stop()
	return a, usable && sent && undisturbed, err
}

// sent reports whether all of the request was written, and waits until nothing writes any more.
func (c *conn) sent(answered bool) bool {
	select {
	case all := <-c.written:
		return all
	default:
	}
	if answered {
		late := time.NewTimer(lastWords)
		defer late.Stop()
		select {
		case all := <-c.written:
			return all
		case <-late.C:
		}
	}
	_ = c.Close() // nobody wants the rest
	<-c.written
	return false
}

// write sends r, each header just as it is and none but those written here. All of them were checked when the request was made: no value holds a
// line break.
func (c *conn) write(r *Request, userAgent string) error {
	c.text(r.method)
	c.text(" ")
	c.text(r.uri)
	c.text(" HTTP/1.1\r\n")
	c.header("Host", cmp.Or(r.host, r.url.Host))
	if i, mapped := r.headers.find("User-Agent"); mapped {
		c.header("User-Agent", latin1(r.headers[i].Value))
	} else if userAgent != "" {
		c.header("User-Agent", userAgent)
	}
	body := r.wire()
	c.text("Content-Length: ")
	_, _ = c.out.Write(strconv.AppendInt(c.out.AvailableBuffer(), int64(len(body)), 10))
	c.text("\r\n")
	if _, mapped := r.headers.find("Accept"); !mapped {
		c.header("Accept", accept)
	}
	for _, h := range r.headers {
		if h.Name != "User-Agent" {
			c.header(h.Name, latin1(h.Value))
		}
	}
	c.text("\r\n")
	_, _ = c.out.Write(body)
	return c.out.Flush()
}

func (c *conn) header(name, value string) {
	c.text(name)
	c.text(": ")
	c.text(value)
	c.text("\r\n")
}

// text writes a piece of a request. What fails is told by Flush.
func (c *conn) text(s string) { _, _ = c.out.WriteString(s) }
