package lane

import (
	"flag"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
)

var histories = flag.Int("histories", 1, "how many times as many random histories to live through, for a night")

// TestLedgerAgainstModel drives the ledger through random histories: reading, delivering in any order, retrying, reading back, commits that are
// lost or late or shortened, partitions and mappings that come and go, crashes, retention, a clock that is set back. After each
// step its state must be sound and nobody may sleep who could work; no commit may claim what is not so, nor forget what it had room for; nothing
// known to be settled may be delivered again. In the end nothing may be missing.
func TestLedgerAgainstModel(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{
		{name: "one lane", seeds: 60, steps: 600, lanes: 1, partitions: 1, events: 12, produce: 30},
		{name: "four lanes", seeds: 80, steps: 900, lanes: 4, partitions: 1, events: 30, produce: 30},
		{name: "partitions share small windows", seeds: 60, steps: 900, lanes: 3, partitions: 5, events: 12, produce: 60},
		{name: "mappings come and go", seeds: 80, steps: 900, lanes: 6, partitions: 2, events: 20, produce: 25, deploys: true},
		{name: "in order of the keys", seeds: 40, steps: 900, lanes: 1, partitions: 3, events: 40, produce: 60, order: 1},
		{name: "in order of the partitions", seeds: 30, steps: 900, lanes: 1, partitions: 3, events: 40, produce: 60, order: 2},
		{name: "lanes share their bytes", seeds: 60, steps: 900, lanes: 4, partitions: 2, events: 40, produce: 60, shared: 12_000, deploys: true},
		{name: "and keep an order", seeds: 30, steps: 900, lanes: 2, partitions: 3, events: 40, produce: 60, shared: 12_000, order: 1},
		{name: "57 lanes", seeds: 6, steps: 400, lanes: 57, partitions: 2, events: 40, produce: 12, deploys: true},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				s.seeds = (s.seeds + 9) / 10
			}
			for seed := range uint64(s.seeds * *histories) {
				steps := make([]uint64, s.steps)
				for i := range steps {
					steps[i] = uint64(i)
				}
				if done, err := play(s, seed, steps, nil); err != nil {
					t.Fatal(shrunk(s, seed, steps[:done], err))
				}
			}
		})
	}
}

// play lives through a history. It returns how many steps were made and what was wrong.
func play(s shape, seed uint64, steps []uint64, trace *strings.Builder) (done int, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = fmt.Errorf("%s", r)
		default:
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	w := newWorld(s, seed)
	if trace != nil {
		w.trace = func(format string, args ...any) { fmt.Fprintf(trace, "    "+format+"\n", args...) }
	}
	for i, n := range steps {
		done = i + 1
		if trace != nil {
			fmt.Fprintf(trace, "  step %d\n", n)
		}
		w.step(seed, n)
	}
	w.finish(seed)
	return done, nil
}

// shrunk leaves out steps as long as the history fails, and tells the story of what remains.
func shrunk(s shape, seed uint64, steps []uint64, err error) string {
	first, all := err, len(steps)
	tries := 2000
	for size := len(steps) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(steps) && tries > 0; tries-- {
			shorter := append(append([]uint64(nil), steps[:at]...), steps[at+size:]...)
			if done, e := play(s, seed, shorter, nil); e != nil {
				steps, err = shorter[:done], e
			} else {
				at += size
			}
		}
	}
	var trace strings.Builder
	_, _ = play(s, seed, steps, &trace)
	story := trace.String()
	if most := 12_000; len(story) > most {
		story = "    ...\n" + story[len(story)-most:]
	}
	return fmt.Sprintf("seed %d fails in step %d: %v\n%d steps are enough: %v\n%v\n%s", seed, all, first, len(steps), steps, err, story)
}
