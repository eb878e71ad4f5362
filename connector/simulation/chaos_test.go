//go:build simulation && synctests

package simulation

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"segment-webhooks/connector"
)

// Everything goes wrong at random, and nothing is lost.
func TestChaos(t *testing.T) {
	t.Parallel()
	sum := &totals{began: time.Now()}
	t.Cleanup(func() { t.Log(sum) })
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			synctest.Test(t, func(t *testing.T) { sum.add(chaos(t, seed)) })
			t.Logf("took %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// scenarioOf lets the seed decide what the world is like.
func scenarioOf(seed uint64) scenario {
	rnd := rand.New(rand.NewPCG(seed, 2))
	between := func(low, high int) int { return low + rnd.IntN(high-low+1) }
	s := scenario{
		seed: seed, partitions: int32(between(1, 4)), brokers: between(1, 3), window: 6 * time.Minute, hooks: allHooks(),
		latency:  []time.Duration{0, 100 * time.Microsecond, 3 * time.Millisecond}[rnd.IntN(3)],
		consumer: seed%2 == 0, static: rnd.IntN(3) == 0,
		memory: connector.Probe{
			CacheBytes: between(8, 48) << 10, WindowBytes: between(16, 64) << 10, WindowEvents: between(20, 120),
			SliceBytes: between(4, 16) << 10, FetchBytes: int32(between(8, 64) << 10), Slices: between(1, 4),
		},
	}
	if seed%3 > 0 { // what is theirs for certain is less, and as much again as all have is shared
		s.memory.WindowBytes /= 2
		s.memory.SharedBytes = len(s.hooks) * s.memory.WindowBytes / 2
	}
	if seed%5 < 2 { // the processor is always short, so that reading waits for whoever is behind
		began := time.Now()
		s.memory.Spent = func() time.Duration { return time.Duration(runtime.GOMAXPROCS(0)) * time.Since(began) }
	}
	s.settings = []string{
		fmt.Sprintf("CONNECTOR_MAX_IN_FLIGHT=%d", between(2, 16)),
		fmt.Sprintf("CONNECTOR_BATCH_LINGER=%dms", between(0, 1000)),
		"CONNECTOR_SHUTDOWN_GRACE=10s",
	}
	s.slack = s.window // a backlog of expired events is tried once each, however slow the endpoint
	return s
}

func chaos(t *testing.T, seed uint64) *oracle {
	s := scenarioOf(seed)
	w := newWorld(t, s)
	defer w.close()
	producers := w.produce(time.Second)
	w.start("a", w.hooks)
	all := faults()
	for began := time.Now(); time.Since(began) < 25*time.Minute; {
		time.Sleep(time.Second + time.Duration(w.rnd.Int64N(int64(40*time.Second)))) //nolint:forbidigo // virtual time
		w.strike(all)
	}
	producers.stop()
	w.calm()
	calmed := time.Now()
	settled := w.settle(2*s.window + 10*time.Minute)
	if !settled {
		t.Errorf("the group does not come to an end: %v", w.behind())
	}
	t.Logf("settled in %v", time.Since(calmed))
	return w.finish()
}

// finish ends the processes, lets the oracle judge, and prints what happened.
func (w *world) finish() *oracle {
	w.t.Helper()
	w.stopAll()
	o := newOracle(w, w.read(topic), w.read(letters))
	problems := o.judge()
	w.t.Logf("%s\n%s\n%s", describe(w.scenario), &o.stats, w.events())
	for i, p := range problems {
		if i == 20 {
			w.t.Errorf("and %d more", len(problems)-i)
			break
		}
		w.t.Error(p)
	}
	return o
}

func describe(s scenario) string {
	return fmt.Sprintf("seed %d: %d partitions, %d brokers, KIP-848 %t, static %t, short of processor %t, latency %v, %d bytes cached, %d events or %d bytes a window, %d bytes a slice, %v",
		s.seed, s.partitions, s.brokers, s.consumer, s.static, s.memory.Spent != nil, s.latency, s.memory.CacheBytes, s.memory.WindowEvents, s.memory.WindowBytes, s.memory.SliceBytes, s.settings)
}

// events lists what has happened, and how often.
func (w *world) events() string {
	var out []string
	for what, n := range w.happened {
		out = append(out, fmt.Sprintf("%s %d", what, n))
	}
	slices.Sort(out)
	return fmt.Sprintf("%d processes; %q", len(w.processes), out)
}
