package sink

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// The waits between the tries of a burst.
const (
	burstWaitMin = 100 * time.Millisecond
	burstWaitMax = 400 * time.Millisecond
)

// burstAfter goes on after a first try that met a passing fault: quick retries until one meets
// something else, the burst is used up or ctx ends. The outcome is that of the last try, with the
// tries of all.
//
// The library starts from the first try's outcome, so that requests which succeed at once, nearly
// all, never pay for it. Each try is complete when the library sees it (bounded, read, closed):
// it decides with our rule whether to go on, and waits.
func (c *Client) burstAfter(ctx context.Context, r *Request, first outcome) outcome {
	last, taken := first, false
	next := roundTripper(func(*http.Request) (*http.Response, error) {
		if taken && ctx.Err() == nil {
			tries := last.tries
			last = c.try(ctx, r)
			last.tries += tries
		}
		taken = true
		if last.err != nil {
			return nil, last.err
		}
		return &http.Response{StatusCode: last.status, Header: http.Header{}, Body: http.NoBody}, nil
	})
	quick := &retryablehttp.Client{
		// A RoundTripper of our own, also because the library closes a transport's idle
		// connections, those of other endpoints too, whenever a burst has failed.
		HTTPClient:   &http.Client{Transport: next, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		RetryMax:     c.burst,
		RetryWaitMin: burstWaitMin,
		RetryWaitMax: burstWaitMax,
		CheckRetry: func(ctx context.Context, _ *http.Response, _ error) (bool, error) {
			return last.passing() && ctx.Err() == nil, nil
		},
		Backoff: func(low, high time.Duration, _ int, _ *http.Response) time.Duration {
			return low + rand.N(high-low+1) //nolint:gosec // jitter, not a secret
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	// The request only carries ctx: next sends the real one. Response and error say no more than
	// last, which is kept across a ctx that ends during a wait.
	carrier := &http.Request{Method: r.method, URL: r.url, Header: http.Header{}}
	response, err := quick.Do(&retryablehttp.Request{Request: carrier.WithContext(ctx)})
	if err == nil {
		_ = response.Body.Close() // http.NoBody
	}
	return last
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
