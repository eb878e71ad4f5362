package sink

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/netip"
	"time"
)

const (
	keptBytes = 1 << 10  // of an answer's body, in Answer.Body
	readBytes = 64 << 10 // of an answer's body, so that its connection can be used again
)

// Answer is what came of a request.
type Answer struct {
	Class  Class
	Status int    // the HTTP status; 0 where no answer came
	Err    error  // why no answer came, an [*Error]; nil where Status is set
	Body   []byte // how the answer's body begins, at most 1 KiB as sent; the endpoint's words
	// RetryAfter is how long the endpoint asks to wait, counted from End; 0 where it does not.
	// It is as large as the endpoint likes: [Backoff.Delay] bounds it.
	RetryAfter time.Duration
	// Requests is how many times the request was tried: the first try, the quick retries and,
	// where it has a body, the repetitions by net/http on a fresh connection after an idle one
	// turned out to be dead. It is 0 where nothing was tried.
	Requests   int
	Start, End time.Time
}

// Send sends the request and says what came of it. It tries once and, after a fault that tends to
// pass at once, up to Options.Burst times more; the answer is that of the last try. It returns at
// once when ctx ends. The answer's class rests on the status alone: a body that breaks off, is
// garbled or too slow does not matter.
func (c *Client) Send(ctx context.Context, r *Request) Answer {
	x := exchange{client: c, request: r, header: c.header(r)}
	start := time.Now()
	last := x.try(ctx)
	if last.passing() && c.burst > 0 && !r.Once && ctx.Err() == nil {
		last = x.burst(ctx, last)
	}
	a := Answer{
		Status: last.status, Body: last.body, RetryAfter: last.retryAfter,
		Requests: x.tries, Start: start, End: time.Now(),
	}
	if last.err != nil {
		a.Err = last.err // only here: a nil *Error in an error would not be nil
	}
	a.Class = Classify(a.Status, a.Err, r.events > 1)
	return a
}

// header is what goes on the wire, for net/http: the request's own headers in Latin-1 and the
// client's where the request has none.
func (c *Client) header(r *Request) http.Header {
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
		put("Accept", "*/*")
	}
	switch agent := header["User-Agent"]; {
	case agent == nil:
		put("User-Agent", c.userAgent)
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

// exchange is one Send.
type exchange struct {
	client  *Client
	request *Request
	header  http.Header // shared by all tries; net/http only reads it
	tries   int
}

// outcome is what one try led to.
type outcome struct {
	err        *Error
	status     int
	body       []byte
	retryAfter time.Duration
	told       bool // the endpoint sent Retry-After, readable or not
}

// passing reports a fault that is often over a moment later: a server restarting, or a proxy
// without a backend for an instant. Whoever is slow, or asks for patience, is not pressed.
func (o *outcome) passing() bool {
	if o.err != nil {
		return o.err.Kind == KindRefused || o.err.Kind == KindReset
	}
	switch o.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !o.told
	}
	return false
}

// try sends the request once.
func (x *exchange) try(ctx context.Context) outcome {
	if ctx.Err() != nil {
		return outcome{err: canceled(ctx)}
	}
	c := x.client
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request := x.httpRequest(bounded)
	transport, err := c.route(request, x.request.Reach)
	if err != nil {
		return outcome{err: err}
	}
	x.tries++
	response, failure := transport.RoundTrip(request)
	switch {
	case failure == nil:
		return c.read(response)
	case ctx.Err() != nil:
		return outcome{err: canceled(ctx)}
	case bounded.Err() != nil:
		return outcome{err: timedOut(c.timeout)}
	default:
		return outcome{err: diagnose(failure, c.timeout)}
	}
}

// body is a request's body: shared bytes and a Close that has nothing to do.
type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

func newBody(text []byte) *body {
	b := &body{}
	b.Reset(text)
	return b
}

func (x *exchange) httpRequest(ctx context.Context) *http.Request {
	r := x.request
	request := (&http.Request{Method: r.method, URL: r.url, Host: r.host, Header: x.header}).WithContext(ctx)
	if r.body != nil {
		request.Body = newBody(r.body)
		request.ContentLength = int64(len(r.body))
		request.GetBody = func() (io.ReadCloser, error) {
			x.tries++ // net/http repeats the request; RoundTrip calls this before it returns
			return newBody(r.body), nil
		}
	}
	return request
}

// route chooses the transport: direct under the rule for the request's addresses, or through a
// proxy. A proxy is named by the request's target and never by its Host header.
func (c *Client) route(request *http.Request, reach Reach) (*http.Transport, *Error) {
	proxy, err := c.proxy(request)
	if err != nil {
		return nil, &Error{KindProxy, "the proxy settings cannot be read: check HTTP_PROXY, HTTPS_PROXY and NO_PROXY", nil}
	}
	if proxy == nil {
		return c.direct[reach], nil
	}
	if addr, err := netip.ParseAddr(request.URL.Hostname()); err == nil {
		if err := c.guards[reach].check(addr); err != nil {
			return nil, err
		}
	}
	if request.Host != "" && request.URL.Scheme == "http" {
		// net/http would put the mapped Host into the request line, and so make the proxy
		// connect there. An opaque URL keeps the target in that line.
		target := *request.URL
		target.Opaque = "//" + target.Host + target.EscapedPath()
		request.URL = &target
	}
	return c.proxied, nil
}

// read takes what matters from a response and leaves its connection usable where that is cheap.
func (c *Client) read(response *http.Response) outcome {
	defer response.Body.Close()
	o := outcome{status: response.StatusCode}
	if asked := response.Header["Retry-After"]; len(asked) > 0 {
		o.told = true
		o.retryAfter = parseRetryAfter(asked[0], time.Now())
	}
	if response.Body == http.NoBody || response.StatusCode < 200 {
		return o // a switch of protocols (101) has no end to read to
	}
	buffer := c.buffers.Get().(*[readSize]byte) //nolint:forcetypeassert // New makes nothing else
	defer c.buffers.Put(buffer)
	for total := 0; total < readBytes; {
		n, err := response.Body.Read(buffer[:])
		if room := keptBytes - len(o.body); room > 0 && n > 0 {
			o.body = append(o.body, buffer[:min(n, room)]...)
		}
		if total += n; err != nil {
			break // the end, or a fault that changes nothing: the status is known
		}
	}
	return o
}
