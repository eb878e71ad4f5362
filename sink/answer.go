package sink

import (
	"bufio"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httputil"
)

// head is what the head of an answer says.
type head struct {
	reply
	body io.Reader // nil for none
	last bool      // the connection ends with this answer
}

// receive reads an answer. Usable means that the connection can be used again.
func (c *conn) receive(r *Request, bodies *bodyReader) (a reply, usable bool, err error) {
	c.left = maxHeaderBytes
	h, err := c.readHead()
	for err == nil && isInterim(h.status) {
		h, err = c.readHead()
	}
	if err != nil {
		return reply{}, false, err
	}
	c.left = math.MaxInt
	whole := true
	if h.body != nil {
		h.reply.body, whole = bodies.read(h.body, r.hasItems(h.status))
	}
	return h.reply, whole && !h.last && c.in.Buffered() == 0, nil
}

// isInterim reports an answer that another follows. A switch of protocols (101) is none.
func isInterim(status int) bool {
	return 100 <= status && status <= 199 && status != http.StatusSwitchingProtocols
}

// isBodiless reports an answer that ends with its head, whatever that says.
func isBodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// readHead reads a head, by itself where it has come in one piece with nothing odd about it,
// which is nearly always. The rest is for net/http to judge, so that both wires accept and refuse
// the same answers in the same words, at a few microseconds more.
func (c *conn) readHead() (head, error) {
	if _, err := c.in.Peek(1); err != nil {
		return head{}, err
	}
	text, _ := c.in.Peek(c.in.Buffered()) // never fails: it asks for what is there
	if p, ok := readPlain(text); ok {
		_, _ = c.in.Discard(p.size) // it is there
		p.body = c.body(&p)
		return p.head, nil
	}
	odd, err := http.ReadResponse(c.in, nil) //nolint:bodyclose // closing it would read it to its end, however far that is
	if err != nil {
		return head{}, err
	}
	h := head{last: odd.Close}
	h.status = odd.StatusCode
	if asked := odd.Header["Retry-After"]; len(asked) > 0 {
		h.told, h.retryAfter = true, asked[0]
	}
	if h.status >= http.StatusOK {
		h.body = odd.Body
	} else {
		h.last = true // a switch of protocols has no end to read to
	}
	return h, nil
}

// body is what follows a plain head, nil for nothing.
func (c *conn) body(p *plainHead) io.Reader {
	switch {
	case isBodiless(p.status), p.length == 0:
		return nil
	case p.chunked:
		return &chunkedBody{httputil.NewChunkedReader(c.in), c.in}
	default:
		c.sized = sizedBody{c.in, p.length}
		return &c.sized
	}
}

// sizedBody is as long as the head says.
type sizedBody struct {
	in   *bufio.Reader
	left int64
}

func (b *sizedBody) Read(to []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(to[:min(int64(len(to)), b.left)])
	if b.left -= int64(n); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunkedBody is in chunks, and may have a trailer, which says nothing that matters (RFC 9112, section 7.1).
type chunkedBody struct {
	chunks io.Reader
	in     *bufio.Reader
}

func (b *chunkedBody) Read(to []byte) (int, error) {
	n, err := b.chunks.Read(to)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	for size := 0; size < maxHeaderBytes; {
		text, err := b.in.ReadSlice('\n')
		if err != nil {
			return n, errTrailer
		}
		size += len(text)
		line, _, ok := cutLine(text)
		if ok && len(line) == 0 {
			return n, io.EOF
		}
		if _, _, header := cutHeader(line); !ok || !header {
			return n, errTrailer // the connection is not used again
		}
	}
	return n, errTrailer
}

var errTrailer = errors.New("the trailer of a chunked body is none, or has no end")
