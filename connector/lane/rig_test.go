package lane

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rig is a ledger under a test's hand.
type rig struct {
	t   *testing.T
	g   *Ledger
	now time.Time
}

// recordBytes is what a record of records is charged for.
const recordBytes = recordOverhead + 100

func newRig(t *testing.T, s Settings) *rig {
	t.Helper()
	if s.Window == 0 {
		s.Window = 4 * time.Hour
	}
	if s.CacheBytes == 0 {
		s.CacheBytes = 1 << 30
	}
	g, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t, g, simStart}
}

// mapping is an identity with room for so many events.
func mapping(name string, events int) Identity {
	return Identity{Name: name, Events: events, Bytes: 1 << 30, MaxSlices: 1}
}

func (r *rig) pass(d time.Duration) { r.now = r.now.Add(d) }

// assign takes over a partition that nobody has committed anything for.
func (r *rig) assign(number int32) *Partition { return r.restore(number, facts{}) }

// restore takes over a partition with what the facts say.
func (r *rig) restore(number int32, f facts) *Partition {
	r.t.Helper()
	in := Restored{Topic: "events", Partition: number, Epoch: -1, Offset: f.base, LogStart: -1}
	if len(f.lanes) > 0 {
		in.Metadata, _, _ = f.encode(4096)
	}
	a := r.g.Assign(in, r.now)
	if a.Reset != nil {
		r.t.Fatal(a.Reset)
	}
	return a.Partition
}

// at gives the facts of one lane.
func at(name string, cursor int64, done ...span) laneFacts {
	return laneFacts{id: LaneID(name), cursor: cursor, done: done}
}

// records is a block with a record for the mappings in match at each of the offsets, or at every offset.
func records(from, next int64, match uint64, offsets ...int64) *Block {
	b := &Block{From: from, Next: next}
	if offsets == nil {
		for o := from; o < next; o++ {
			offsets = append(offsets, o)
		}
	}
	for _, o := range offsets {
		b.Add(&Record{Offset: o, Value: make([]byte, 100)}, match)
	}
	return b
}

func (r *rig) append(p *Partition, b *Block) { r.g.Append(p, b, 0, r.now) }

func (r *rig) take(m, n int) []*Event { return r.g.Take(nil, m, n, 1<<30, r.now) }

func (r *rig) settle(events ...*Event) {
	r.t.Helper()
	for _, e := range events {
		if !r.g.Settle(e) {
			r.t.Errorf("settling %d does not count", e.Offset)
		}
	}
}

// names prints events as partition/offset.
func names(events []*Event) []string {
	out := []string{}
	for _, e := range events {
		out = append(out, fmt.Sprintf("%d/%d", e.Partition().Number, e.Offset))
	}
	return out
}

// wantTaken takes up to n events of mapping m and compares them.
func (r *rig) wantTaken(m, n int, want ...string) []*Event {
	r.t.Helper()
	events := r.take(m, n)
	if diff := cmp.Diff(append([]string{}, want...), names(events)); diff != "" {
		r.t.Fatalf("taken (-want +got):\n%s", diff)
	}
	return events
}

// wantRead asks for the next slice and compares it.
func (r *rig) wantRead(number int32, offset int64, lanes uint64) Read {
	r.t.Helper()
	read, ok := r.g.NextRead()
	if !ok {
		r.t.Fatalf("nothing is to be read, want partition %d at %d", number, offset)
	}
	if read.Partition.Number != number || read.Offset != offset || read.Lanes != lanes {
		r.t.Fatalf("to be read: partition %d at %d for %b, want partition %d at %d for %b", read.Partition.Number, read.Offset, read.Lanes, number, offset, lanes)
	}
	return read
}

func (r *rig) wantNoRead() {
	r.t.Helper()
	if read, ok := r.g.NextRead(); ok {
		r.t.Fatalf("to be read: partition %d at %d, want nothing", read.Partition.Number, read.Offset)
	}
}

// wantCommit compares what would be committed for p: the offset and the settled spans of a lane.
func (r *rig) wantCommit(p *Partition, offset int64, lane string, cursor int64, done ...span) {
	r.t.Helper()
	c := r.g.Snapshot(p, 4096)
	f, err := decode(c.Metadata, c.Offset, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	if c.Offset != offset {
		r.t.Errorf("%d would be committed, want %d", c.Offset, offset)
	}
	for _, l := range f.lanes {
		if l.id != LaneID(lane) {
			continue
		}
		var got []span
		for _, s := range l.done {
			got = append(got, span{lo: s.lo, hi: s.hi})
		}
		if diff := cmp.Diff(done, got, allow); l.cursor != cursor || diff != "" {
			r.t.Errorf("lane %q would be at %d, want %d; spans (-want +got):\n%s", lane, l.cursor, cursor, diff)
		}
		return
	}
	r.t.Errorf("the commit does not speak for lane %q", lane)
}

func (r *rig) wantHeld(m, events, bytes int) {
	r.t.Helper()
	if e, b := r.g.HeldBy(m); e != events || b != bytes {
		r.t.Errorf("mapping %d holds %d events, %d bytes; want %d, %d", m, e, b, events, bytes)
	}
}
