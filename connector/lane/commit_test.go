package lane

import (
	"slices"
	"testing"
	"time"
)

func TestAPartitionIsDirtyUntilItsProgressIsCommitted(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}})
	p := r.assign(0)
	dirty := func(what string, want bool) {
		t.Helper()
		if got := len(r.g.Dirty(r.now)) == 1; got != want {
			t.Errorf("%s: dirty %v, want %v", what, got, want)
		}
	}
	acked := func() {
		c := r.g.Snapshot(p, 4096)
		r.g.Acked(c)
	}
	dirty("just assigned: where new lanes begin is to be durable", true)
	acked()
	dirty("committed", false)
	r.append(p, records(0, 3, 1))
	dirty("something was read", true)
	acked()
	events := r.wantTaken(0, 3, "0/0", "0/1", "0/2")
	c := r.g.Snapshot(p, 4096)
	r.g.Acked(c)
	dirty("something was taken, and that is committed", false)
	r.g.Retry(events[0], r.now)
	dirty("something waits", false)
	r.settle(events[1])
	dirty("something was settled above the cursor", true)
	c = r.g.Snapshot(p, 4096)
	dirty("a commit is under way", true)
	r.settle(events[2])
	r.g.Acked(c)
	dirty("something was settled during the commit", true)
	later := r.g.Snapshot(p, 4096)
	r.g.Acked(later)
	r.g.Acked(c)
	dirty("an earlier commit is acknowledged late", false)
	r.append(p, records(3, 4, 1))
	r.g.Close(p)
	dirty("given up", false)
}

func TestACommitSaysWhatIsSettled(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100), mapping("b", 100)}})
	p := r.assign(0)
	r.append(p, records(0, 20, 1, 1, 3, 5, 7, 9, 11))
	r.wantCommit(p, 1, "a", 1) // 0 matches nobody
	r.wantCommit(p, 1, "b", 20)
	e := r.wantTaken(0, 5, "0/1", "0/3", "0/5", "0/7", "0/9")
	r.wantCommit(p, 1, "a", 1) // what lies between them needs no words
	r.settle(e[2])
	r.wantCommit(p, 1, "a", 1, span{lo: 4, hi: 7})
	r.settle(e[4])
	r.wantCommit(p, 1, "a", 1, span{lo: 4, hi: 7}, span{lo: 8, hi: 11})
	r.settle(e[3])
	r.wantCommit(p, 1, "a", 1, span{lo: 4, hi: 11})
	r.settle(e[1])
	r.wantCommit(p, 1, "a", 1, span{lo: 2, hi: 11})
	r.settle(e[0])
	r.wantCommit(p, 11, "a", 11)
	r.settle(r.wantTaken(0, 5, "0/11")...)
	r.wantCommit(p, 20, "a", 20)
}

func TestTheMostDeliveriesAreRememberedWhenNotAllFit(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 1000)}})
	p := r.assign(0)
	r.append(p, records(0, 1000, 1))
	events := r.take(0, 1000)
	for _, e := range slices.Backward(events) { // 0, 2, and from there on every third stay
		if o := e.Offset; o == 1 || o > 2 && o < 999 && o%3 != 2 {
			r.settle(e)
		}
	}
	full := r.g.Snapshot(p, 4096)
	if full.Dropped != 0 {
		t.Fatalf("%d ranges are dropped with room for all", full.Dropped)
	}
	c := r.g.Snapshot(p, len(full.Metadata)-2)
	f, err := decode(c.Metadata, c.Offset, 0)
	if err != nil || c.Dropped != 1 {
		t.Fatalf("%d ranges are dropped, error %v; want 1", c.Dropped, err)
	}
	if first := f.lanes[0].done[0]; first.lo != 3 {
		t.Errorf("the first range is %+v, want the one of a single delivery gone", first)
	}
	if c := r.g.Snapshot(p, 10); c.Metadata != "" || c.Offset != 0 {
		t.Errorf("%q at %d with room for nothing, want the offset alone", c.Metadata, c.Offset)
	}
}

func TestTheLanesOfAnUnknownMappingAreKeptForTheirGrace(t *testing.T) {
	t.Parallel()
	const grace = 15 * time.Minute
	for _, offset := range []time.Duration{0, time.Nanosecond, time.Second, 59 * time.Second} { // within a minute
		r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}, OrphanGrace: grace})
		r.pass(40*time.Second + offset)
		gone := at("gone", 50, span{60, 70, 10})
		p := r.restore(0, facts{base: 50, front: 100, lanes: []laneFacts{at("a", 100), gone}})
		r.g.Acked(r.g.Snapshot(p, 4096))
		for _, step := range []time.Duration{0, grace / 2, grace - time.Nanosecond} {
			if n := len(r.g.Dirty(r.now.Add(step))); n != 0 {
				t.Errorf("frozen at %v: %d partitions are dirty after %v, want none", r.now, n, step)
			}
			r.wantCommit(p, 50, "gone", 50, span{lo: 60, hi: 70})
		}
		if n := len(r.g.Dirty(r.now.Add(grace + time.Minute))); n != 1 {
			t.Errorf("frozen at %v: %d partitions are dirty after the grace, want 1", r.now, n)
		}
		r.wantCommit(p, 100, "a", 100)
		if len(p.frozen) != 0 {
			t.Errorf("frozen at %v: it is still there", r.now)
		}
	}
}

// It does not begin anew with every process that does not know the mapping.
func TestTheGraceRunsOnThroughRestarts(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}, OrphanGrace: 15 * time.Minute})
	p := r.restore(0, facts{base: 50, front: 100, lanes: []laneFacts{at("a", 100), at("gone", 50)}})
	for range 2 {
		c := r.g.Snapshot(p, 4096)
		r.pass(8 * time.Minute)
		p = r.g.Assign(Restored{Offset: c.Offset, Metadata: c.Metadata}, r.now).Partition
	}
	r.g.Dirty(r.now)
	r.wantCommit(p, 100, "a", 100)
}

func TestOldestIsTheAgeOfTheBacklog(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10), mapping("b", 10)}})
	want := func(what string, m int, want time.Time, ok bool) {
		t.Helper()
		if got, has := r.g.Oldest(m, r.now); has != ok || ok && !got.Equal(want) {
			t.Errorf("%s: the oldest is of %v, %v; want %v, %v", what, got, has, want, ok)
		}
	}
	p, q := r.assign(0), r.assign(1)
	want("nothing was read", 0, time.Time{}, false)
	first := r.now
	r.append(p, records(0, 2, 1))
	r.pass(time.Minute)
	second := r.now
	r.append(q, records(0, 1, 1))
	r.pass(time.Minute)
	want("two partitions", 0, first, true)
	want("nothing matches", 1, time.Time{}, false)
	events := r.wantTaken(0, 10, "0/0", "0/1", "1/0")
	want("taken", 0, first, true)
	r.settle(events[0], events[1])
	want("delivered", 0, second, true)
	r.settle(events[2])
	want("all delivered", 0, time.Time{}, false)

	began := r.now
	r.restore(2, facts{front: 10, lanes: []laneFacts{at("a", 0)}})
	want("nobody knows when it was read", 0, began, true)
	r.restore(3, facts{front: 10, arrivals: arrivals{{10, first.Unix()}}, lanes: []laneFacts{at("a", 0), at("b", 10)}})
	want("restored", 0, first, true)
	want("restored, at the head", 1, time.Time{}, false)
}
