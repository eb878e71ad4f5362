//go:build simulation && synctests

package simulation

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"segment-webhooks/connector"
)

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
