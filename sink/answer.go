package sink

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"
)

// head is what the head of an answer says.
type head struct {
	reply
	body io.Reader // nil for none
	last bool      // the connection ends with this answer
}

// receive reads an answer. Usable means that the connection can be used again.
func (c *conn) receive(r *Request, bodies *bodyReader) (a reply, usable bool, err error) {
	answer := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(answer)
	c.left = maxHeaderBytes
	h, err := c.readHead(answer)
	for err == nil && isInterim(h.status) {
		h, err = c.readHead(answer)
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

// readHead reads a head with fasthttp where it has come in one piece with nothing odd about it,
// which is nearly always. The rest is for net/http to judge, so that both wires accept and refuse
// the same answers in the same words, at a few microseconds more.
func (c *conn) readHead(answer *fasthttp.Response) (head, error) {
	if _, err := c.in.Peek(1); err != nil {
		return head{}, err
	}
	text, _ := c.in.Peek(c.in.Buffered()) // never fails: it asks for what is there
	if isPlain(text) && answer.Header.Read(c.in) == nil {
		return plainHead(c, answer)
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

// plainHead is what fasthttp has read. It streams the body, and so believes no size it is told.
func plainHead(c *conn, answer *fasthttp.Response) (head, error) {
	h := head{last: answer.ConnectionClose() || hasToken(string(answer.Header.Peek("Connection")), "close")}
	h.status = answer.StatusCode()
	if asked := answer.Header.PeekAll("Retry-After"); len(asked) > 0 {
		h.told, h.retryAfter = true, string(asked[0])
	}
	switch {
	case h.status < http.StatusOK:
		h.last = true
	case h.status == http.StatusNoContent, h.status == http.StatusNotModified:
	default:
		answer.StreamBody = true
		if err := answer.ReadBody(c.in, 0); err != nil {
			return head{}, err
		}
		h.body = answer.BodyStream()
	}
	return h, nil
}

// isPlain reports whether text begins with a whole head that fasthttp and net/http understand
// alike: "HTTP/1.1 200" in front, no end before the CRLFCRLF, no blank before a header's colon.
func isPlain(text []byte) bool {
	end := bytes.Index(text, []byte("\r\n\r\n"))
	if end < len("HTTP/1.1 200") || string(text[:7]) != "HTTP/1." || text[8] != ' ' || text[12] != ' ' && text[12] != '\r' {
		return false
	}
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	if text[7] != '0' && text[7] != '1' || text[9] == '0' || !isDigit(text[9]) || !isDigit(text[10]) || !isDigit(text[11]) {
		return false
	}
	for _, odd := range [...]string{" :", "\t:", "\n\n", "\n\r\n"} {
		if bytes.Contains(text[:end], []byte(odd)) {
			return false
		}
	}
	return true
}

// hasToken reports whether a header's comma-separated list holds a token, whatever its case.
func hasToken(list, token string) bool {
	for list != "" {
		var item string
		item, list, _ = strings.Cut(list, ",")
		if strings.EqualFold(strings.TrimSpace(item), token) {
			return true
		}
	}
	return false
}
