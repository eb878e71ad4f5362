package connector_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// twoMappings send to two endpoints: one that is meant to fail, one that is well.
const twoMappings = `
mappings:
  - name: sick
    trigger: type = "track"
    fields: {url: "http://localhost:80/sick", method: POST, data: {"@path": "$."}}
  - name: well
    trigger: type = "track"
    fields: {url: "http://localhost:81/well", method: POST, data: {"@path": "$."}}
`

func track(from, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf(`{"type":"track","event":"e","messageId":"m%d"}`, from+i))
	}
	return out
}

func (r *rig) also(address string) {
	r.t.Helper()
	l, err := r.net.Listen("tcp", address)
	if err != nil {
		r.t.Fatal(err)
	}
	go func() { _ = r.server.Serve(l) }()
}

func (r *rig) at(path string, status int) (out []delivery) {
	for _, d := range r.deliveries(status) {
		if d.path == path {
			out = append(out, d)
		}
	}
	return out
}

// While an endpoint fails it is asked now and then, whatever waits for it; the other mapping does not notice; and when it is back,
// everything arrives, a few at first.
func TestFailingEndpointIsProbed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		r.also("localhost:81")
		var up atomic.Bool
		r.answer = func(q *http.Request) int {
			if strings.HasPrefix(q.URL.Path, "/sick") && !up.Load() {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		stop := r.start(r.config(), twoMappings)
		defer stop()
		const n = 300
		r.produce(track(0, n)...)
		time.Sleep(30 * time.Minute) //nolint:forbidigo // virtual time
		if got := len(r.at("/well", http.StatusOK)); got != n {
			t.Errorf("the well endpoint got %d events, want %d", got, n)
		}
		// 64 in flight when it is found out, three requests each because of the quick retries, and then a probe at most every second.
		if got := len(r.at("/sick", http.StatusServiceUnavailable)); got > 64*3+3*200 {
			t.Errorf("the failing endpoint got %d requests in half an hour, want few", got)
		}
		up.Store(true)
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		if got := len(r.at("/sick", http.StatusOK)); got != n {
			t.Errorf("after the recovery %d events arrived, want %d", got, n)
		}
	})
}

// One path of a host that fails says nothing about another: each mapping finds out for itself.
func TestPathsOfOneHostFailAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var wellAsked time.Time
		r.answer = func(q *http.Request) int {
			if strings.HasPrefix(q.URL.Path, "/sick") {
				return http.StatusServiceUnavailable
			}
			wellAsked = time.Now()
			return http.StatusOK
		}
		mappings := strings.Replace(strings.ReplaceAll(twoMappings, "localhost:81", "localhost:80"), `- name: well
    trigger: type = "track"`, `- name: well
    trigger: type = "page"`, 1)
		stop := r.start(r.config(), mappings)
		defer stop()
		r.produce(track(0, 50)...)
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time; the one path is known to fail
		begin := time.Now()
		r.produce(`{"type":"page"}`)
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		if got := len(r.at("/well", http.StatusOK)); got != 1 || wellAsked.Sub(begin) > time.Second {
			t.Errorf("%d requests at the path that is well, %v after the event; want one at once", got, wellAsked.Sub(begin))
		}
	})
}

// An event is given up without having been tried only if its endpoint was dead for its whole window.
func TestUntriedEventsAreOnlyGivenUpBehindADeadEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.answer = func(*http.Request) int { return http.StatusServiceUnavailable }
		cfg := r.config()
		cfg.Delivery.RetryWindow = 10 * time.Minute
		cfg.Delivery.MaxInFlight = 1
		stop := r.start(cfg, oneMapping)
		r.produce(track(0, 50)...)   // most of these wait while the first ones find out
		time.Sleep(time.Minute)      //nolint:forbidigo // virtual time
		r.produce(track(50, 200)...) // these come when it is known
		time.Sleep(20 * time.Minute) //nolint:forbidigo // virtual time
		stop()
		letters := r.topic("segment-webhooks.dlq")
		if len(letters) != 250 {
			t.Errorf("%d dead letters, want 250", len(letters))
		}
		untried := 0
		for _, l := range letters {
			headers := map[string]string{}
			for _, h := range l.Headers {
				headers[h.Key] = string(h.Value)
			}
			if headers["dlq.reason"] != "window_expired" {
				t.Errorf("reason %q, want window_expired", headers["dlq.reason"])
			}
			if headers["dlq.attempts"] == "" {
				untried++
				if !strings.Contains(headers["dlq.error"], "not tried") {
					t.Errorf("an untried event says %q", headers["dlq.error"])
				}
				if strings.HasSuffix(headers["dlq.offset"], "0") && len(headers["dlq.offset"]) == 1 {
					t.Error("the first event was not tried")
				}
			}
		}
		if untried == 0 || untried > 245 {
			t.Errorf("%d of 250 events were given up untried, want most of the 200 late ones and none of the first five", untried)
		}
	})
}

// Events that only they themselves are to blame for do not hold up the others at the same endpoint for long.
func TestPoisonDoesNotStandForTheEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.answer = func(q *http.Request) int {
			if strings.Contains(q.Header.Get("X-Event"), "poison") {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		stop := r.start(r.config(), strings.Replace(oneMapping, "method: POST", "method: POST\n      headers: {X-Event: {\"@path\": $.event}}", 1))
		defer stop()
		for i := range 20 {
			r.produce(fmt.Sprintf(`{"type":"track","event":"poison %d"}`, i))
		}
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time; by now only poison is being tried
		before := time.Now()
		r.produce(track(0, 10)...)
		time.Sleep(10 * time.Minute) //nolint:forbidigo // virtual time
		good := r.deliveries(http.StatusOK)
		if len(good) != 10 {
			t.Fatalf("%d good events arrived, want 10", len(good))
		}
		if late := good[9].at.Sub(before); late > time.Minute {
			t.Errorf("the last good event arrived after %v", late)
		}
	})
}

// An endpoint that works, but too slowly, lets the mapping lag behind its window. What then happens is the operator's choice.
func TestLaggingMapping(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		onLag     string
		delivered func(int) bool
	}{
		{"wait", func(n int) bool { return n == 200 }},
		{"dead-letter", func(n int) bool { return n > 50 && n < 70 }}, // a window's worth
	} {
		t.Run(c.onLag, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				r.answer = func(*http.Request) int {
					time.Sleep(time.Second) //nolint:forbidigo // virtual time
					return http.StatusOK
				}
				cfg := r.config()
				cfg.Delivery.MaxInFlight, cfg.Delivery.RetryWindow, cfg.OnLag = 1, time.Minute, c.onLag
				stop := r.start(cfg, oneMapping)
				r.produce(track(0, 200)...)
				time.Sleep(10 * time.Minute) //nolint:forbidigo // virtual time
				stop()
				delivered, dead := len(r.deliveries(http.StatusOK)), len(r.topic("segment-webhooks.dlq"))
				if !c.delivered(delivered) || delivered+dead != 200 {
					t.Errorf("%d delivered, %d dead letters", delivered, dead)
				}
			})
		})
	}
}

// Events that break Segment's specification are dead letters when that is wanted, and delivered otherwise.
func TestValidation(t *testing.T) {
	t.Parallel()
	for validate, want := range map[string][2]int{"off": {2, 0}, "warn": {2, 0}, "dead-letter": {1, 1}} {
		t.Run(validate, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				cfg := r.config()
				cfg.Events.Validate = validate
				stop := r.start(cfg, oneMapping)
				r.produce(`{"type":"track","event":"e","userId":"u"}`, `{"type":"track","userId":"u"}`)
				time.Sleep(time.Minute) //nolint:forbidigo // virtual time
				stop()
				delivered, dead := len(r.deliveries(http.StatusOK)), len(r.topic("segment-webhooks.dlq"))
				if delivered != want[0] || dead != want[1] {
					t.Errorf("%d delivered, %d dead letters; want %d and %d", delivered, dead, want[0], want[1])
				}
			})
		})
	}
}
