package connector_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// classic runs the connector with nothing but a Classic destination.
func (r *rig) classic(cfg *config.Config, all bool, urls ...string) (stop func()) {
	r.t.Helper()
	set, _, err := mapping.LoadVars(nil, noEnvironment, mapping.Options{Classic: mapping.Classic{URLs: strings.Join(urls, ","), All: all}})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.deliver(cfg, set)
}

// wait lets virtual time pass.
func wait(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // virtual time

// total counts the requests to a path.
func (r *rig) total(path string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.received {
		if d.path == path {
			n++
		}
	}
	return n
}

// reasons are the dead letters' reasons and errors.
func (r *rig) reasons() (out []string) {
	for _, l := range r.topic("segment-webhooks.dlq") {
		var reason, failure string
		for _, h := range l.Headers {
			switch h.Key {
			case "dlq.reason":
				reason = string(h.Value)
			case "dlq.error":
				failure = string(h.Value)
			}
		}
		out = append(out, reason+": "+failure)
	}
	return out
}

// One URL that takes an event is enough, whatever the others do: they get it once, and never again.
func TestClassicOneOfThreeIsEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		r.answer = func(q *http.Request) int {
			switch q.URL.Path {
			case "/busy":
				return http.StatusServiceUnavailable
			case "/strict":
				return http.StatusUnprocessableEntity
			default:
				return http.StatusOK
			}
		}
		stop := r.classic(r.config(), false, "http://localhost/busy", "http://localhost/well", "http://localhost:9/gone", "http://localhost/strict")
		const n = 200
		r.produce(track(0, n)...)
		wait(time.Hour)
		stop()
		for _, path := range []string{"/busy", "/well", "/strict"} {
			if got := r.total(path); got != n {
				t.Errorf("%s got %d requests, want one for each of %d events", path, got, n)
			}
		}
		if got := r.reasons(); len(got) > 0 {
			t.Errorf("dead letters %q, want none", got)
		}
	})
}

// If none takes an event all are asked again, until the window ends; if none ever will, at once.
func TestClassicNoneOfThree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		begin := time.Now()
		r.answer = func(q *http.Request) int {
			if q.URL.Path == "/busy" && time.Since(begin) < time.Hour {
				return http.StatusServiceUnavailable
			}
			return http.StatusUnprocessableEntity
		}
		stop := r.classic(r.config(), false, "http://localhost/busy", "http://localhost/strict?token=hidden")
		r.produce(`{"type":"track"}`)
		wait(59 * time.Minute)
		if busy, strict := r.total("/busy"), r.total("/strict"); busy != strict || busy < 5 {
			t.Errorf("%d and %d requests, want as many to one as to the other, and several", busy, strict)
		}
		if got := r.reasons(); len(got) > 0 {
			t.Errorf("dead letters %q while one URL may still take the event, want none", got)
		}
		wait(time.Hour)
		stop()
		want := "rejected: http://localhost/busy: status 422; http://localhost/strict: status 422"
		if got := r.reasons(); len(got) != 1 || got[0] != want {
			t.Errorf("dead letters %q, want %q", got, want)
		}
	})
}

// A URL that never answers costs the others little: it is passed over, but asked now and then, and told everything again once it answers.
func TestClassicHangingURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		begin := time.Now()
		const down = 10 * time.Minute
		r.answer = func(q *http.Request) int {
			if q.URL.Path == "/hangs" && time.Since(begin) < down {
				<-q.Context().Done()
				return http.StatusGatewayTimeout
			}
			return http.StatusOK
		}
		cfg := r.config()
		cfg.Delivery.MaxInFlight = 4
		stop := r.classic(cfg, false, "http://localhost/hangs", "http://localhost/well")
		const n = 1000 // at four in 5 s they would take 20 minutes
		r.produce(track(0, n)...)
		wait(time.Minute)
		if got := r.total("/well"); got != n {
			t.Errorf("the URL that is well got %d of %d events within a minute", got, n)
		}
		wait(down)
		r.produce(track(n, 20)...) // some of them find out that it is back
		wait(time.Minute)
		before := len(r.at("/hangs", http.StatusOK))
		r.produce(track(n+20, 10)...)
		wait(time.Minute)
		stop()
		if got := len(r.at("/hangs", http.StatusOK)) - before; got != 10 {
			t.Errorf("the URL that is back got %d of 10 events", got)
		}
		if got := len(r.at("/well", http.StatusOK)); got != n+30 {
			t.Errorf("the URL that is well got %d events, want each of %d once", got, n+30)
		}
		if got := r.reasons(); len(got) > 0 {
			t.Errorf("dead letters %q, want none", got)
		}
	})
}

// A URL that is passed over is asked after all before an event that the others refuse is given up.
func TestClassicHangingURLMayStillTakeWhatOthersRefuse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		begin := time.Now()
		r.answer = func(q *http.Request) int {
			if q.URL.Path == "/strict" {
				return http.StatusUnprocessableEntity
			}
			if time.Since(begin) < time.Hour {
				<-q.Context().Done()
				return http.StatusGatewayTimeout
			}
			return http.StatusOK
		}
		stop := r.classic(r.config(), false, "http://localhost/hangs", "http://localhost/strict")
		const n = 20
		r.produce(track(0, n)...)
		wait(3 * time.Hour)
		stop()
		if got := len(r.at("/hangs", http.StatusOK)); got != n {
			t.Errorf("%d of %d events were taken by the URL that hung for an hour", got, n)
		}
		if got := r.reasons(); len(got) > 0 {
			t.Errorf("dead letters %q, want none", got)
		}
	})
}

// URLs that all hang are asked now and then, like any endpoint that fails, and get everything once one answers.
func TestClassicAllHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		begin := time.Now()
		r.answer = func(q *http.Request) int {
			if q.URL.Path == "/dead" || time.Since(begin) < time.Hour {
				<-q.Context().Done()
				return http.StatusGatewayTimeout
			}
			return http.StatusOK
		}
		stop := r.classic(r.config(), false, "http://localhost/dead", "http://localhost/back-in-an-hour")
		const n = 200
		r.produce(track(0, n)...)
		wait(59 * time.Minute)
		if dead, other := r.total("/dead"), r.total("/back-in-an-hour"); dead != other || dead > 500 {
			t.Errorf("%d and %d requests within an hour, want few, and as many to one as to the other", dead, other)
		}
		wait(10 * time.Minute)
		stop()
		if got := len(r.at("/back-in-an-hour", http.StatusOK)); got != n {
			t.Errorf("%d of %d events arrived after the recovery", got, n)
		}
	})
}

// With "all" each URL has every event, at its own pace; one that is dead delays nobody, also where it is a path beside the others.
func TestClassicAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		begin := time.Now()
		r.answer = func(q *http.Request) int {
			switch {
			case q.URL.Path == "/back-in-an-hour" && time.Since(begin) < time.Hour, q.URL.Path == "/dead":
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		stop := r.classic(r.config(), true, "http://localhost/dead", "http://localhost/back-in-an-hour", "http://localhost/well")
		const n = 300
		r.produce(track(0, n)...)
		wait(time.Minute)
		if got := len(r.at("/well", http.StatusOK)); got != n {
			t.Errorf("the URL that is well got %d of %d events within a minute", got, n)
		}
		wait(10 * time.Minute)
		r.produce(track(n, 1)...)
		wait(time.Second)
		if got := len(r.at("/well", http.StatusOK)); got != n+1 {
			t.Errorf("an event did not reach the URL that is well within a second, while the others fail")
		}
		wait(5 * time.Hour)
		stop()
		for path, want := range map[string]int{"/well": n + 1, "/back-in-an-hour": n + 1, "/dead": 0} {
			if got := len(r.at(path, http.StatusOK)); got != want {
				t.Errorf("%s took %d events, want %d", path, got, want)
			}
		}
		if got := r.topic("segment-webhooks.dlq"); len(got) != n+1 {
			t.Errorf("%d dead letters, want one for each of %d events that the dead URL did not take", len(got), n+1)
		}
	})
}
