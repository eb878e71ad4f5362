package connector_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
)

// busyAndRare are two mappings; %s is what else the busy one says.
const busyAndRare = `
mappings:
  - name: busy
    trigger: event = "often"
    %s
    fields: {url: "http://localhost/busy", method: POST, data: {"@path": "$."}}
  - name: rare
    trigger: event = "once"
    fields: {url: "http://localhost/rare", method: POST, data: {"@path": "$."}}
`

// While the processor is short, reading does not run away from the only mapping that finds something, which would have to read all of it a second time. It
// does while there is processor time left, and never stands still for the sake of a mapping that is slow: another may find something.
func TestReadingKeepsPace(t *testing.T) {
	t.Parallel()
	const events = 200
	for _, c := range []struct {
		name         string
		short        bool
		takes        time.Duration // the busy mapping's endpoint
		limit        string        // of the busy mapping
		every        time.Duration // an event comes; 0: they are there from the start
		earliest, by time.Duration // when the rare event, the last of all, arrives
		readsBack    bool
	}{
		{name: "there is processor time left", takes: 20 * time.Millisecond, by: time.Second, readsBack: true},
		{name: "there is none", short: true, takes: 20 * time.Millisecond, earliest: 2 * time.Second, by: 4 * time.Second},
		{name: "there is none, and the endpoint is slow", short: true, takes: time.Second, earliest: time.Second, by: 10 * time.Second, readsBack: true},
		{name: "there is none, and the mapping may send little", short: true, takes: time.Millisecond, limit: "rate_limit: 10/s", by: time.Second, readsBack: true},
		{name: "there is none, the endpoint is slow, and events have just come", short: true, takes: time.Second, every: 10 * time.Millisecond, by: 20 * time.Millisecond, readsBack: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				r.answer = func(q *http.Request) int {
					if q.URL.Path == "/busy" {
						<-time.After(c.takes)
					}
					return http.StatusOK
				}
				var slices atomic.Int32 // fetches beside the reader's session
				r.cluster.ControlKey(int16(kmsg.Fetch), func(q kmsg.Request) (kmsg.Response, error, bool) {
					r.cluster.KeepControl()
					if fetch, ok := q.(*kmsg.FetchRequest); ok && fetch.SessionEpoch == -1 {
						slices.Add(1)
					}
					return nil, nil, false
				})
				start := time.Now()
				r.probe = &connector.Probe{
					WindowEvents: 2, CacheBytes: 64 << 10, FetchBytes: 1 << 10, SliceBytes: 4 << 10,
					Decoded: func() { <-time.After(time.Millisecond) },
				}
				if c.short {
					r.probe.Spent = func() time.Duration { return time.Duration(runtime.GOMAXPROCS(0)) * time.Since(start) }
				}
				cfg := r.config()
				cfg.Delivery.MaxInFlight = 1
				stop := r.start(cfg, fmt.Sprintf(busyAndRare, c.limit))
				for i := range events {
					r.produce(fmt.Sprintf(`{"type":"track","event":"often","n":%d,"pad":%q}`, i, strings.Repeat("x", 1000)))
					pass(c.every)
				}
				r.produce(`{"type":"track","event":"once"}`)
				began := time.Now()
				pass(events * (c.takes + time.Second))
				readBack := slices.Load() // the last fetch of the session looks the same
				stop()
				if got := len(r.at("/busy", http.StatusOK)); got != events {
					t.Errorf("%d of %d events were delivered", got, events)
				}
				rare := r.at("/rare", http.StatusOK)
				if len(rare) != 1 {
					t.Fatalf("the rare event was delivered %d times", len(rare))
				}
				if at := rare[0].at.Sub(began); at < c.earliest || at > c.by {
					t.Errorf("the rare event arrived after %v, want between %v and %v", at, c.earliest, c.by)
				}
				if (readBack > 0) != c.readsBack {
					t.Errorf("%d slices were read back; want some: %t", readBack, c.readsBack)
				}
			})
		})
	}
}
