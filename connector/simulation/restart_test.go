//go:build simulation && synctests

package simulation

import (
	"fmt"
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

// One endpoint is down for longer than the retry window, and the process is restarted meanwhile. The others do not notice.
func TestOutage(t *testing.T) {
	t.Parallel()
	window, down := 30*time.Minute, 45*time.Minute
	if *full {
		window, down = 4*time.Hour, 6*time.Hour
	}
	for _, m := range []mood{failing, hanging} {
		t.Run(fmt.Sprintf("%s for %v", m, down), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { outage(t, m, window, down) })
		})
	}
}

func outage(t *testing.T, m mood, window, down time.Duration) {
	w := newWorld(t, scenario{
		seed: *firstSeed, partitions: 2, brokers: 1, latency: time.Millisecond, window: window, slack: time.Minute, hooks: allHooks(),
		settings: []string{"CONNECTOR_MAX_IN_FLIGHT=8", "CONNECTOR_BATCH_LINGER=200ms"},
		memory:   connector.Probe{CacheBytes: 64 << 10, WindowBytes: 128 << 10, WindowEvents: 200, SliceBytes: 16 << 10, Slices: 2, FetchBytes: 64 << 10},
	})
	defer w.close()
	for _, e := range w.endpoints {
		e.odd = 0
	}
	wait := func(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // virtual time
	producers := w.produce(4 * time.Second)
	w.start("a", w.hooks)
	wait(10 * time.Minute)
	w.endpoints["orders"].set(m)
	failed := time.Now()
	wait(down / 3)
	stopped := time.Now() // what was read before is not younger for it
	w.stop("a")
	w.start("a", w.hooks)
	wait(time.Minute)
	again := time.Now()
	wait(down - again.Sub(failed))
	lag := w.lag()
	w.endpoints["orders"].set(fine)
	back := time.Now()
	wait(5 * time.Minute)
	caughtUp := w.lag()
	wait(10 * time.Minute)
	producers.stop()
	if !w.settle(5 * time.Minute) {
		t.Errorf("the group does not come to an end: %v", w.behind())
	}
	o := w.finish()
	worst := map[string]time.Duration{}
	expired := 0
	for _, l := range o.lanes {
		for _, d := range l.due {
			for _, x := range d.letters {
				if x.reason == "window_expired" {
					expired++
					if l.name() != "orders" {
						t.Errorf("%s at %d was given up", l.what(d), d.offset)
					}
				}
			}
			if len(d.ended) > 0 && d.at.After(failed) && d.at.Before(back) && (d.at.Before(stopped.Add(-10*time.Second)) || d.at.After(again)) {
				worst[l.name()] = max(worst[l.name()], d.ended[0].at.Sub(d.at))
			}
		}
	}
	for _, name := range []string{"lake", "views", "pages"} {
		if worst[name] == 0 || worst[name] > time.Second {
			t.Errorf("%s has waited up to %v for its events while another endpoint was down", name, worst[name])
		}
	}
	if lag < window-window/10 || lag > window+window/10 {
		t.Errorf("the commits are %v behind when the outage ends, want about %v", lag, window)
	}
	if caughtUp > 10*time.Second {
		t.Errorf("the commits are still %v behind five minutes after the outage", caughtUp)
	}
	if expired == 0 {
		t.Error("nothing has expired")
	}
	t.Logf("worst delay of the others %v; %d events expired; commits %v behind at the end of the outage, %v five minutes later", worst, expired, lag, caughtUp)
}

// lag returns the age of the oldest record at or above the committed offset, over all partitions.
func (w *world) lag() time.Duration {
	commits := w.cluster.GroupInfo(group).Commits[topic]
	var lag time.Duration
	for _, r := range w.read(topic) {
		if r.Offset >= commits[r.Partition].Offset {
			lag = max(lag, time.Since(r.Timestamp))
		}
	}
	return lag
}
