package sink

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// standard is the wire through net/http: for proxies, for HTTP/2, and for those who choose it.
type standard struct {
	transport *http.Transport
	bodies    *bodyReader
	userAgent string
}

// newStandard sets net/http for many requests to few hosts.
func newStandard(o *Options, dial Dial, bodies *bodyReader) *standard {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(o.HTTP2)
	return &standard{bodies: bodies, userAgent: latin1(o.UserAgent), transport: &http.Transport{
		DialContext:     dial,
		TLSClientConfig: newTLS(o),
		// A dial goes on when the request that asked for it has given up; this ends it too.
		TLSHandshakeTimeout:    o.Timeout,
		Protocols:              protocols,
		MaxIdleConnsPerHost:    o.InFlight,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// The answer's body is at most logged: nothing is gained by asking for gzip, and a
		// small answer cannot unfold into a large one.
		DisableCompression: true,
	}}
}

func (s *standard) close() { s.transport.CloseIdleConnections() }

func (s *standard) roundTrip(ctx context.Context, until time.Time, r *Request) (reply, error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var a reply
	response, err := s.transport.RoundTrip(s.request(ctx, r, &a.repeats))
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	if asked := response.Header["Retry-After"]; len(asked) > 0 {
		a.told, a.retryAfter = true, asked[0]
	}
	// A switch of protocols (101) has no end to read to.
	if response.Body != http.NoBody && a.status >= http.StatusOK {
		a.body, _ = s.bodies.read(response.Body, r.hasItems(a.status))
	}
	return a, nil
}

func (s *standard) request(ctx context.Context, r *Request, repeats *int) *http.Request {
	request := (&http.Request{Method: r.method, URL: r.url, Host: r.host, Header: s.header(r)}).WithContext(ctx)
	if body := r.wire(); body != nil {
		r.keep() // net/http may be reading it after it has answered
		request.Body = newBody(body)
		request.ContentLength = int64(len(body))
		request.GetBody = func() (io.ReadCloser, error) {
			*repeats++ // net/http repeats the request; RoundTrip calls this before it returns
			return newBody(body), nil
		}
	}
	if r.host != "" && r.url.Scheme == "http" && s.transport.Proxy != nil {
		// net/http would put the mapped Host into the request line, and so make the proxy
		// connect there. An opaque URL keeps the target in that line.
		target := *r.url
		target.Opaque = "//" + target.Host + target.EscapedPath()
		request.URL = &target
	}
	return request
}

// header is what goes on the wire, for net/http: the request's own headers in Latin-1 and the
// client's where the request has none.
func (s *standard) header(r *Request) http.Header {
	header := make(http.Header, len(r.headers)+3)
	values := make([]string, len(r.headers)+2) // one array behind all the one-element slices
	put := func(name, value string) {
		values[0] = value
		header[name] = values[:1:1]
		values = values[1:]
	}
	for _, h := range r.headers {
		put(h.Name, latin1(h.Value))
	}
	if header["Accept"] == nil {
		put("Accept", accept)
	}
	switch agent := header["User-Agent"]; {
	case agent == nil:
		put("User-Agent", s.userAgent)
	case agent[0] == "":
		// net/http takes an empty User-Agent as "send none", but the mapping asked for an
		// empty header; under this spelling it is one like any other.
		header["user-agent"] = agent
	}
	if header["Idempotency-Key"] == nil && header["X-Idempotency-Key"] == nil {
		// Present without a value: nothing is sent, but net/http knows that it may repeat the
		// request at once where an idle connection turns out to be dead.
		header["X-Idempotency-Key"] = nil
	}
	return header
}

// body is a request's body: shared bytes and a Close that has nothing to do.
type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

func newBody(text []byte) *body {
	b := &body{}
	b.Reset(text)
	return b
}
