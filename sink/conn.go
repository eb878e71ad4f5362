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
	written   chan bool // whether a request could be written, once nothing writes any more
	interrupt func()    // ends what waits on the connection, at once
	since     time.Time // the pool's: when it became idle

	under   context.Context //nolint:containedctx // of the latest request: see watch
	unwatch func() bool     // nil while no context is watched
	lasting bool            // under came twice in a row

	sized sizedBody // of the answer that is being read
	heard bool      // a byte of an answer to the request has come
	left  int       // bytes that may still come while the head of the answer is being read
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

// ready prepares an idle connection for a request under ctx, and reports whether it is still open and nothing has
// come over it. What has come, such as a late "408 Request Timeout", would be taken for the next
// request's answer.
func (c *conn) ready(ctx context.Context, until time.Time) bool {
	if secure, ok := c.Conn.(*tls.Conn); ok {
		// TLS may hold what came in one packet with the last answer: look without waiting.
		_ = secure.SetReadDeadline(longAgo())
		_, err := secure.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return false
		}
	}
	return c.begin(ctx, until) && c.socket.quiet()
}

// begin bounds the request that is to come. It reports false where the connection is of no use.
func (c *conn) begin(ctx context.Context, until time.Time) bool {
	if !c.watch(ctx) || c.SetDeadline(until) != nil {
		return false
	}
	if ctx.Err() != nil {
		c.interrupt() // again: the watch may have been quicker than the deadline
	}
	return true
}

// watch has the connection interrupted when ctx ends. A context that comes twice in a row is one that lasts, and stays watched while the
// connection is idle: to begin and to end that for each request would cost a fortieth of it. It reports false where the context before
// has ended, and may interrupt what is sent under this one.
func (c *conn) watch(ctx context.Context) bool {
	if c.unwatch != nil && c.under == ctx {
		return true
	}
	if !c.release() {
		return false
	}
	c.lasting = c.under == ctx
	c.under, c.unwatch = ctx, context.AfterFunc(ctx, c.interrupt)
	return true
}

// release ends the watch, and reports whether nothing was interrupted or will be.
func (c *conn) release() bool {
	if c.unwatch == nil {
		return true
	}
	undisturbed := c.unwatch()
	c.unwatch = nil
	return undisturbed
}

// undisturbed reports, after a request, whether the connection can serve another.
func (c *conn) undisturbed() bool {
	if c.lasting {
		return c.under.Err() == nil
	}
	return c.release()
}

// discard closes the connection for good.
func (c *conn) discard() {
	c.release()
	_ = c.Close() // nothing more is expected of it
}

// longAgo as a deadline ends at once what waits.
func longAgo() time.Time { return time.Unix(1, 0) }

// exchange sends r and reads the answer, after begin. When it returns, nothing uses r any more; where the
// connection is not usable again, the caller discards it.
func (c *conn) exchange(r *Request, userAgent string, bodies *bodyReader) (a reply, usable bool, err error) {
	c.heard = false
	if len(r.wire()) <= inlineBytes {
		c.written <- c.write(r, userAgent) == nil
	} else {
		go func() { c.written <- c.write(r, userAgent) == nil }()
	}
	// Read even if writing failed: a server may answer and hang up before it has read everything.
	a, usable, err = c.receive(r, bodies)
	sent := c.sent(err == nil)
	return a, c.undisturbed() && usable && sent, err
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

// write sends r.
func (c *conn) write(r *Request, userAgent string) error {
	_, _ = c.out.Write(r.appendHead(c.out.AvailableBuffer(), userAgent)) // what fails is told by Flush
	_, _ = c.out.Write(r.wire())
	return c.out.Flush()
}

// appendHead appends the request's head, each header just as it is and none but those written here. All of them were checked when the request was
// made: no value holds a line break.
func (r *Request) appendHead(b []byte, userAgent string) []byte {
	b = append(append(append(append(b, r.method...), ' '), r.uri...), " HTTP/1.1\r\n"...)
	b = appendHeader(b, "Host", cmp.Or(r.host, r.url.Host))
	if i, mapped := r.headers.find("User-Agent"); mapped {
		b = appendHeader(b, "User-Agent", latin1(r.headers[i].Value))
	} else if userAgent != "" {
		b = appendHeader(b, "User-Agent", userAgent)
	}
	b = append(b, "Content-Length: "...)
	b = append(strconv.AppendInt(b, int64(len(r.wire())), 10), "\r\n"...)
	if _, mapped := r.headers.find("Accept"); !mapped {
		b = appendHeader(b, "Accept", accept)
	}
	for _, h := range r.headers {
		if h.Name != "User-Agent" {
			b = appendHeader(b, h.Name, latin1(h.Value))
		}
	}
	return append(b, "\r\n"...)
}

func appendHeader(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}
