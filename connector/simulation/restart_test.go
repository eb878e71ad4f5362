//go:build simulation && synctests

package simulation

import (
	"testing"
	"testing/synctest"
	"time"

	"segment-webhooks/connector"
)

// Whatever comes and goes in good order costs not a single duplicate, as long as the endpoints answer.
func TestRestarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		consumer, static bool
	}{
		{"cooperative", false, false},
		{"cooperative, static members", false, true},
		{"KIP-848", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{
					seed: *firstSeed, partitions: 3, brokers: 2, latency: time.Millisecond, window: 6 * time.Minute, slack: 6 * time.Minute,
					hooks: allHooks(), consumer: c.consumer, static: c.static,
					memory: connector.Probe{CacheBytes: 16 << 10, WindowBytes: 32 << 10, WindowEvents: 60, SliceBytes: 8 << 10, Slices: 2, FetchBytes: 32 << 10},
				})
				defer w.close()
				for _, e := range w.endpoints {
					e.odd = 0
				}
				producers := w.produce(500 * time.Millisecond)
				w.start("a", w.hooks)
				for range 20 {
					time.Sleep(5*time.Second + time.Duration(w.rnd.Int64N(int64(20*time.Second)))) //nolint:forbidigo // virtual time
					if len(w.alive) > 1 && w.rnd.IntN(2) == 0 || start(w) == "" {
						stop(w)
					}
				}
				producers.stop()
				w.calm()
				if !w.settle(5 * time.Minute) {
					t.Errorf("the group does not come to an end: %v", w.behind())
				}
				if o := w.finish(); o.stats.duplicates() > 0 {
					t.Errorf("%d duplicates", o.stats.duplicates())
				}
			})
		})
	}
}

// A deploy brings a new mapping and takes one away, one process after the other, and back again in between. The new mapping misses nothing
// from its start on, though processes that do not know it commit for it; the old one is forgotten when its grace is over.
func TestRollingDeploy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := allHooks()
		before, after := all[:3], []*hook{all[0], all[1], all[3]} // views goes, pages comes
		w := newWorld(t, scenario{
			seed: *firstSeed, partitions: 4, brokers: 1, latency: time.Millisecond, window: 20 * time.Minute, slack: 20 * time.Minute,
			hooks: before, retired: "views", settings: []string{"CONNECTOR_ORPHAN_GRACE=10m"},
			memory: connector.Probe{CacheBytes: 16 << 10, WindowBytes: 32 << 10, WindowEvents: 60, SliceBytes: 8 << 10, Slices: 2, FetchBytes: 32 << 10},
		})
		defer w.close()
		wait := func(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // virtual time
		producers := w.produce(time.Second)
		w.start("a", before)
		wait(2 * time.Minute)
		w.endpoints["pages"].set(gone)
		w.start("b", after)
		wait(2 * time.Minute)
		w.stop("b") // the deploy is rolled back
		wait(4 * time.Minute)
		w.start("b", after)
		wait(time.Minute)
		w.stop("a")
		w.start("a", after)
		wait(time.Minute)
		w.endpoints["pages"].set(fine)
		wait(5 * time.Minute)
		if held := w.holding("views"); held != int(w.partitions) {
			t.Errorf("the removed mapping is held on %d partitions within its grace, want %d", held, w.partitions)
		}
		wait(10 * time.Minute)
		if held := w.holding("views"); held != 0 {
			t.Errorf("the removed mapping is still held on %d partitions", held)
		}
		producers.stop()
		if !w.settle(5 * time.Minute) {
			t.Errorf("the group does not come to an end: %v", w.behind())
		}
		o := w.finish()
		for _, l := range o.lanes {
			if l.name() == "pages" && (!l.started || len(l.due) == 0) {
				t.Errorf("the new mapping has not begun on partition %d", l.number)
			}
		}
	})
}

// holding counts the partitions whose commit mentions a hook's lane.
func (w *world) holding(name string) int {
	n := 0
	for _, c := range w.cluster.GroupInfo(group).Commits[topic] {
		p, err := parseProgress(c.Offset, c.Metadata)
		if err != nil {
			w.t.Error(err)
			continue
		}
		if p.lanes[laneID(name)] != nil {
			n++
		}
	}
	return n
}
