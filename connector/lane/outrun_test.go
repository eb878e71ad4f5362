package lane

import (
	"testing"
	"time"
)

func TestOutrun(t *testing.T) {
	t.Parallel()
	const block = 10
	size := block*recordBytes + blockOverhead
	// Blocks arrive one a second, on two partitions in turn, with records for the mappings in match. Each mapping has taken so many of all records.
	for _, c := range []struct {
		name    string
		cache   int // blocks
		blocks  int
		match   uint64
		taken   [2]int
		failing int // -1: none
		unable  bool
		want    bool
	}{
		{name: "little is cached", cache: 32, blocks: 16, match: 0b01, failing: -1, want: false},
		{name: "the only busy mapping has taken nothing", cache: 32, blocks: 24, match: 0b01, failing: -1, want: true},
		{name: "it has come a quarter of the way", cache: 32, blocks: 24, match: 0b01, taken: [2]int{6 * block, 0}, failing: -1, want: true},
		{name: "it has taken everything", cache: 32, blocks: 24, match: 0b01, taken: [2]int{24 * block, 0}, failing: -1, want: false},
		{name: "one of two keeps up", cache: 32, blocks: 24, match: 0b11, taken: [2]int{0, 16 * block}, failing: -1, want: false},
		{name: "both are far behind", cache: 32, blocks: 24, match: 0b11, taken: [2]int{block, 6 * block}, failing: -1, want: true},
		{name: "the one that is far behind fails", cache: 32, blocks: 24, match: 0b01, failing: 0, want: false},
		{name: "one fails, the other is far behind", cache: 32, blocks: 24, match: 0b11, failing: 0, want: true},
		{name: "it has to read back", cache: 16, blocks: 24, match: 0b01, failing: -1, want: true},
		{name: "it has to read back a lot", cache: 16, blocks: 48, match: 0b01, failing: -1, want: false},
		{name: "it could not deliver now", cache: 32, blocks: 24, match: 0b01, failing: -1, unable: true, want: false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10_000), mapping("b", 10_000), mapping("idle", 10_000)}, CacheBytes: c.cache * size})
			partitions := []*Partition{r.assign(0), r.assign(1)}
			for i := range c.blocks {
				p := partitions[i%2]
				r.append(p, records(p.Head(), p.Head()+block, c.match))
				r.pass(time.Second)
			}
			if c.failing >= 0 {
				r.g.SetFailing(c.failing, true)
			}
			for m, n := range c.taken {
				r.take(m, n)
			}
			able := uint64(0b111)
			if c.unable {
				able = 0b110
			}
			if got := r.g.Outrun(able); got != c.want {
				t.Errorf("got %v, want %v; %d of %d bytes are held", got, c.want, r.g.Held(), c.cache*size)
			}
		})
	}
}

// A mapping that has fallen behind on one partition does not keep up, although it takes the newest records of another.
func TestOutrunOnOnePartition(t *testing.T) {
	t.Parallel()
	const block = 10
	size := block*recordBytes + blockOverhead
	r := newRig(t, Settings{Lanes: []Identity{mapping("busy", 10_000), mapping("idle", 10_000)}, CacheBytes: 16 * size})
	far, near := r.assign(0), r.assign(1)
	more := func(p *Partition) {
		r.append(p, records(p.Head(), p.Head()+block, 0b1))
		r.pass(time.Second)
	}
	want := func(when string) {
		t.Helper()
		if !r.g.Outrun(^uint64(0)) {
			t.Errorf("%s it counts as keeping up", when)
		}
	}
	for range 24 {
		more(far)
	}
	more(near)
	r.wantTaken(0, 1, "1/0")
	want("while it waits for a slice")
	read := r.wantRead(0, 0, 0b1)
	want("while a slice is being read for it")
	r.g.Finish(read, records(0, block, 0b1), r.now)
	more(near)
	for range 9 {
		r.take(0, 1)
	}
	want("while it has a slice")
}
