package sink

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"time"
)

// Answer is what came of a request.
type Answer struct {
	Class  Class
	Status int    // the HTTP status; 0 where no answer came
	Err    error  // why no answer came, an [*Error]; nil where Status is set
	Body   []byte // how the answer's body begins, at most 1 KiB as sent; the endpoint's words
	// Items is what became of each event of a batch, in order, where the answer was 207 and says so in the form that
	// is documented in items.go; nil otherwise. Class is Delivered then.
	Items []Item
	// RetryAfter is how long the endpoint asks to wait, counted from End; 0 where it does not.
	// It is as large as the endpoint likes: [Backoff.Delay] bounds it.
	RetryAfter time.Duration
	// Requests is how many times the request was tried: the first try, the quick retries and the
	// repetitions after an idle connection turned out to be dead (net/http does not tell of
	// those without a body). It is 0 where nothing was tried.
	Requests   int
	Start, End time.Time
}

// Send sends the request and says what came of it. It tries once and, after a fault that tends to
// pass at once, up to Options.Burst times more; the answer is that of the last try. It returns at
// once when ctx ends. Contexts are compared, so a type of one's own must be comparable. The answer's
// class rests on the status alone: a body that breaks off, is garbled or too slow does not matter. Where the endpoint answers 401 to Request.Auth and there is
// another token or a changed file, a try is two.
func (c *Client) Send(ctx context.Context, r *Request) Answer {
	start := time.Now()
	last := c.try(ctx, r)
	if last.passing() && c.burst > 0 && !r.Once && ctx.Err() == nil {
		last = c.burstAfter(ctx, r, last)
	}
	c.requests.Add(uint64(last.tries))
	a := Answer{Status: last.status, Body: last.body, Requests: last.tries, Start: start, End: time.Now()}
	a.RetryAfter = parseRetryAfter(last.retryAfter, a.End)
	if last.err != nil {
		a.Err = last.err // only here: a nil *Error in an error would not be nil
	}
	a.Class = Classify(a.Status, a.Err, r.events > 1)
	if r.hasItems(a.Status) {
		a.Items = parseItems(last.body, r.events)
		a.Body = bytes.Clone(last.body[:min(len(last.body), keptBytes)])
	}
	return a
}

// outcome is what came of the last of some tries.
type outcome struct {
	reply
	err   *Error
	tries int
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

// try sends the request once, and once more where the endpoint refuses its credentials and there
// are others by now.
func (c *Client) try(ctx context.Context, r *Request) outcome {
	if r.Auth == nil {
		return c.once(ctx, r, "")
	}
	proof, err := r.Auth.authorization(ctx)
	if err != nil {
		return outcome{err: err}
	}
	o := c.once(ctx, r, proof)
	if o.status != http.StatusUnauthorized || !r.Auth.renew(proof) {
		return o
	}
	if proof, err = r.Auth.authorization(ctx); err != nil {
		return outcome{err: err, tries: o.tries}
	}
	again := c.once(ctx, r, proof)
	again.tries += o.tries
	return again
}

// once sends the request once.
func (c *Client) once(ctx context.Context, r *Request, proof string) outcome {
	if ctx.Err() != nil {
		return outcome{err: canceled(ctx)}
	}
	w, err := c.route(r)
	if err != nil {
		return outcome{err: err}
	}
	now := time.Now()
	until := now.Add(c.timeout)
	a, failure := w.roundTrip(ctx, until, r.dressed(now, proof))
	o := outcome{reply: a, tries: 1 + a.repeats}
	switch {
	case failure == nil && a.status != 0:
	case failure == nil:
		o.err = &Error{KindProtocol, "answer is not valid HTTP: status 000", nil}
	case ctx.Err() != nil:
		o.err = canceled(ctx)
	case !time.Now().Before(until):
		o.err = timedOut(c.timeout)
	default:
		o.err = diagnose(failure, c.timeout)
	}
	return o
}

// route chooses the wire: direct under the rule for the request's addresses, or through a proxy.
// A proxy is named by the request's target and never by its Host header.
func (c *Client) route(r *Request) (wire, *Error) {
	ways := c.wiresOf(r.TLS)
	if c.proxy == nil {
		return ways.direct[r.Reach], nil
	}
	proxy, err := c.proxy(&http.Request{Method: r.method, URL: r.url})
	if err != nil {
		return nil, &Error{KindProxy, "the proxy settings cannot be read: check HTTP_PROXY, HTTPS_PROXY and NO_PROXY", nil}
	}
	if proxy == nil {
		return ways.direct[r.Reach], nil
	}
	if addr, err := netip.ParseAddr(r.url.Hostname()); err == nil {
		if err := c.guards[r.Reach].check(addr); err != nil {
			return nil, err
		}
	}
	return ways.proxied, nil
}
