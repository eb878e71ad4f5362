package lane

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhereLanesBegin(t *testing.T) {
	t.Parallel()
	early, timed := mapping("new", 10), mapping("new", 10)
	early.Start.Kind = StartEarliest
	timed.Start = Start{Kind: StartTime, Time: simStart}
	known := facts{base: 100, front: 200, lanes: []laneFacts{at("known", 150, span{160, 170, 1})}}
	all := func(time.Time) int64 { return 120 }
	for _, c := range []struct {
		name        string
		lane        Identity
		facts       facts // nothing when it has no lanes
		restored    Restored
		wantRead    int64
		wantStarted []int
	}{
		{"without metadata everything begins at the committed offset", mapping("known", 10), facts{}, Restored{Offset: 42, LogStart: -1}, 42, nil},
		{"and so does a mapping that asks for the earliest", early, facts{}, Restored{Offset: 42, LogStart: 5}, 42, nil},
		{"a known lane goes on", mapping("known", 10), known, Restored{LogStart: 5, At: all}, 150, nil},
		{"a new one begins with what nobody has read", mapping("new", 10), known, Restored{LogStart: 5, At: all}, 200, []int{0}},
		{"or at the start of the log", early, known, Restored{LogStart: 5, At: all}, 5, []int{0}},
		{"unless that is unknown", early, known, Restored{LogStart: -1, At: all}, 200, []int{0}},
		{"but not beyond what has been read", early, known, Restored{LogStart: 500, At: all}, 200, []int{0}},
		{"or at a time", timed, known, Restored{LogStart: 5, At: all}, 120, []int{0}},
		{"nothing is that new", timed, known, Restored{LogStart: 5, At: func(time.Time) int64 { return -1 }}, 200, []int{0}},
		{"but not beyond what has been read, either", timed, known, Restored{LogStart: 5, At: func(time.Time) int64 { return 500 }}, 200, []int{0}},
		{"nobody can say", timed, known, Restored{LogStart: 5}, 200, []int{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Settings{Lanes: []Identity{c.lane}})
			in := c.restored
			if len(c.facts.lanes) > 0 {
				in.Offset = c.facts.base
				in.Metadata, _, _ = c.facts.encode(4096)
			}
			if at := in.At; at != nil {
				in.At = func(when time.Time) int64 {
					if !when.Equal(simStart) {
						t.Errorf("asked for %v, want %v", when, simStart)
					}
					return at(when)
				}
			}
			a := r.g.Assign(in, r.now)
			if got := a.Partition.lanes[0].read; got != c.wantRead || a.Reset != nil {
				t.Errorf("the lane is at %d, want %d; reset: %v", got, c.wantRead, a.Reset)
			}
			if diff := cmp.Diff(c.wantStarted, a.Started); diff != "" {
				t.Errorf("begun (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetadataThatCannotBeUsedIsReportedAndEverythingBeginsAtTheCommittedOffset(t *testing.T) {
	t.Parallel()
	f := facts{base: 100, front: 200, lanes: []laneFacts{at("a", 150), at("gone", 100)}}
	text, _, _ := f.encode(4096)
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}})
	a := r.g.Assign(Restored{Offset: 90, Metadata: text, LogStart: -1}, r.now)
	if !errors.Is(a.Reset, errMetadata) || a.Partition.Head() != 90 || a.Partition.lanes[0].read != 90 || len(a.Frozen)+len(a.Started) > 0 {
		t.Errorf("got %+v, head %d, lane at %d; want a reset, and everything at 90", a, a.Partition.Head(), a.Partition.lanes[0].read)
	}
}

// The range that this process knows to be settled lies in the middle of what it reads, at the head or back.
func TestSettledRangesAreJumpedOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		front int64
		done  []span
		want  []string
	}{
		{"in the middle", 20, []span{{12, 14, 2}, {16, 17, 1}}, []string{"0/10", "0/11", "0/14", "0/15", "0/17", "0/18", "0/19"}},
		{"at once", 20, []span{{10, 13, 1}}, []string{"0/13", "0/14", "0/15", "0/16", "0/17", "0/18", "0/19"}},
		{"touching", 20, []span{{11, 13, 1}, {13, 18, 1}}, []string{"0/10", "0/18", "0/19"}},
		{"to the end", 20, []span{{11, 20, 1}}, []string{"0/10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
			p := r.restore(0, facts{base: 10, front: c.front, lanes: []laneFacts{at("a", 10, c.done...)}})
			if read, ok := r.g.NextRead(); ok {
				r.g.Finish(read, records(read.Offset, 20, 1), r.now)
			}
			before, err := decode(r.g.Snapshot(p, 4096).Metadata, r.g.Snapshot(p, 4096).Offset, 0)
			if err != nil {
				t.Fatal(err)
			}
			events := r.wantTaken(0, 100, c.want...)
			r.append(p, records(20, 21, 1))
			events = append(events, r.wantTaken(0, 100, "0/20")...)
			r.settle(events[1:]...) // what is settled here and what was settled before make one range
			r.wantCommit(p, events[0].Offset, "a", events[0].Offset, span{lo: events[0].Offset + 1, hi: 21})
			if len(before.lanes[0].done)+1 < len(c.done) {
				t.Errorf("%d ranges were known, %d are left before anything happened", len(c.done), len(before.lanes[0].done))
			}
		})
	}
}

// One block holds the range and what comes after it: the place in the block has to be found anew.
func TestALaneThatJumpsInsideItsBlockFindsItsPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100), mapping("b", 100)}})
	r.restore(0, facts{base: 0, front: 10, lanes: []laneFacts{at("a", 0, span{2, 6, 4}), at("b", 10)}})
	r.g.Finish(r.wantRead(0, 0, 1), records(0, 10, 1, 1, 2, 3, 5, 7, 9), r.now)
	r.wantTaken(0, 100, "0/1", "0/7", "0/9")
}

// The event before the range has no record any more: it is compacted away, or does not match since the mapping was edited.
func TestALaneJumpsOverARangeThatItDoesNotMeetExactly(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	p := r.restore(0, facts{base: 0, front: 10, lanes: []laneFacts{at("a", 0, span{3, 6, 3})}})
	r.g.Finish(r.wantRead(0, 0, 1), records(0, 10, 1, 1, 4, 5, 7), r.now)
	e := r.wantTaken(0, 1, "0/1")
	r.wantCommit(p, 1, "a", 1, span{lo: 2, hi: 7}) // the lane has looked as far as 7
	r.settle(append(e, r.wantTaken(0, 100, "0/7")...)...)
	r.wantCommit(p, 10, "a", 10)
}

func TestWhatIsSettledWhileAPartitionIsGivenUpIsInTheLastCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10), mapping("b", 10)}})
	p := r.assign(0)
	r.append(p, records(0, 6, 1))
	events := r.wantTaken(0, 5, "0/0", "0/1", "0/2", "0/3", "0/4")
	r.g.Retry(events[4], r.now)
	if p.InFlight() != 4 {
		t.Errorf("%d are in flight, want 4", p.InFlight())
	}
	r.g.Close(p)
	r.g.Close(p) // once more does nothing
	if !p.Closing() || len(r.take(0, 10)) > 0 || r.g.Ready(0, r.now.Add(time.Hour)) {
		t.Error("more is taken, though the partition is given up")
	}
	r.settle(events[0], events[2])
	r.g.Release(events[1])
	r.g.Release(events[1])
	if !r.g.Retry(events[3], r.now) {
		t.Error("an attempt that failed does not count")
	}
	if p.InFlight() != 0 {
		t.Errorf("%d are in flight, want none", p.InFlight())
	}
	if len(r.take(0, 10)) > 0 {
		t.Error("what was given back is taken again")
	}
	r.wantHeld(0, 3, 3*recordBytes)
	r.wantCommit(p, 1, "a", 1, span{lo: 2, hi: 3})

	r.g.Drop(p)
	r.g.Drop(p)
	r.wantHeld(0, 0, 0)
	if r.g.Held() != 0 || len(r.g.partitions) != 0 {
		t.Errorf("%d bytes, %d partitions are held, want none", r.g.Held(), len(r.g.partitions))
	}
}

func TestWhatIsSettledAfterAPartitionWasGivenUpDoesNotCount(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 3)}})
	p, q := r.assign(0), r.assign(1)
	r.append(p, records(0, 3, 1))
	events := r.wantTaken(0, 10, "0/0", "0/1", "0/2")
	r.append(q, records(0, 1, 1))
	r.wantTaken(0, 10)
	r.g.Close(p)
	r.g.Woken()
	r.g.Drop(p)
	if woken, _ := r.g.Woken(); woken != 1 {
		t.Error("there is room again, and nobody is woken")
	}
	if !events[0].Gone() || r.g.Settle(events[0]) || r.g.Retry(events[1], r.now) {
		t.Error("it counts")
	}
	r.g.Release(events[2])
	r.wantTaken(0, 10, "1/0")
	r.wantHeld(0, 1, recordBytes)
	if p.InFlight() != 3 || q.InFlight() != 1 {
		t.Errorf("%d and %d are in flight, want those that were, and 1", p.InFlight(), q.InFlight())
	}
}

// A batch that is open when nothing is given up can be given back as well.
func TestAReleasedEventIsTakenAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 3)}})
	r.append(r.assign(0), records(0, 2, 1))
	events := r.wantTaken(0, 1, "0/0")
	r.g.Release(events[0])
	r.wantTaken(0, 10, "0/0", "0/1")
}

func TestARetriedEventIsCopiedOutOfItsBlock(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}})
	p := r.assign(0)
	b := records(0, 2, 1)
	r.append(p, b)
	events := r.wantTaken(0, 10, "0/0", "0/1")
	for i, e := range events {
		if r.g.Held() == 0 {
			t.Fatalf("nothing is held while %d events pin their block", 2-i)
		}
		r.g.Retry(e, r.now)
		r.g.Retry(r.take(0, 1)[0], r.now) // once it is copied there is nothing more to do
		b.Records[i].Value[0] = 'x'
		if e.Value[0] == 'x' {
			t.Errorf("event %d shares its bytes with the block", i)
		}
	}
	if r.g.Held() != 0 {
		t.Errorf("%d bytes are held, want none", r.g.Held())
	}
	r.wantHeld(0, 2, 2*recordBytes)
}

// deploy is a rolling deploy: the new mapping's lane begins in a process that knows it, and a partition that bounces between
// new and old processes loses nothing of it.
func TestARollingDeployLosesNothing(t *testing.T) {
	t.Parallel()
	oldConfig, newConfig := []Identity{mapping("a", 100)}, []Identity{mapping("b", 100), mapping("a", 100)}
	var committed Commit
	now, head := simStart, int64(0)
	delivered := map[string]int{}
	// run owns the partition for a while: 10 records come, what can be taken of lanes in deliver is delivered.
	run := func(lanes []Identity, deliver ...int) Assigned {
		r := newRig(t, Settings{Lanes: lanes, OrphanGrace: 15 * time.Minute})
		r.now = now
		a := r.g.Assign(Restored{Offset: committed.Offset, Metadata: committed.Metadata, LogStart: 0}, now)
		if a.Reset != nil {
			t.Fatal(a.Reset)
		}
		r.append(a.Partition, records(head, head+10, 1<<len(lanes)-1))
		head += 10
		for {
			read, ok := r.g.NextRead()
			if !ok {
				break
			}
			r.g.Finish(read, records(read.Offset, head, read.Lanes), now)
		}
		for _, m := range deliver {
			events := r.take(m, 100)
			for _, e := range events {
				delivered[fmt.Sprint(lanes[m].Name, e.Offset)]++
			}
			r.settle(events...)
		}
		now = now.Add(10 * time.Minute)
		r.g.Dirty(now)
		committed = r.g.Snapshot(a.Partition, 4096)
		return a
	}
	if a := run(newConfig, 1); len(a.Started) != 0 { // b stands at 0
		t.Errorf("%v begin, want none", a.Started)
	}
	if a := run(oldConfig, 0); len(a.Frozen) != 1 || a.Frozen[0] != LaneID("b") || committed.Offset != 0 {
		t.Errorf("%d is committed, frozen are %v; want 0, b", committed.Offset, a.Frozen)
	}
	if a := run(newConfig, 0, 1); len(a.Started)+len(a.Frozen) != 0 || committed.Offset != 30 {
		t.Errorf("%d is committed, %v begin, %v are frozen; want 30, none", committed.Offset, a.Started, a.Frozen)
	}
	for _, name := range []string{"a", "b"} {
		for o := range head {
			if n := delivered[fmt.Sprint(name, o)]; n != 1 {
				t.Errorf("%s has delivered %d %d times", name, o, n)
			}
		}
	}
	// The mapping b is removed: its lane holds the offset for the grace, then not any more.
	run(newConfig, 1)
	run(oldConfig, 0)
	if committed.Offset != 30 {
		t.Errorf("%d is committed, want 30: b is not forgotten yet", committed.Offset)
	}
	run(oldConfig, 0)
	if committed.Offset != 60 {
		t.Errorf("%d is committed, want 60: b's grace is over", committed.Offset)
	}
	if a := run(newConfig, 0, 1); len(a.Started) != 1 || committed.Offset != 70 {
		t.Errorf("%d is committed, %v begin; want 70 and b, which is new again", committed.Offset, a.Started)
	}
}
