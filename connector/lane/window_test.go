package lane

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatWasReadFirstIsTakenFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}})
	first, second := r.assign(1), r.assign(2)
	r.append(second, records(0, 2, 1))
	r.pass(time.Second)
	r.append(first, records(0, 2, 1))
	r.pass(time.Second)
	r.append(second, records(2, 3, 1))
	r.wantTaken(0, 10, "2/0", "2/1", "1/0", "1/1", "2/2")
}

func TestRetriesThatAreDueComeBeforeNewEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}})
	p := r.assign(0)
	r.append(p, records(0, 5, 1))
	events := r.wantTaken(0, 3, "0/0", "0/1", "0/2")
	for i, wait := range []time.Duration{3 * time.Minute, time.Minute, 2 * time.Minute} {
		r.g.Retry(events[i], r.now.Add(wait))
	}
	if due, ok := r.g.NextDue(0); !ok || !due.Equal(r.now.Add(time.Minute)) || !events[1].Due().Equal(due) {
		t.Errorf("next due at %v, %v; want in a minute", due, ok)
	}
	if held, retrying := r.g.Waiting(0); held != 3 || retrying != 3 {
		t.Errorf("%d held, %d retrying; want 3, 3", held, retrying)
	}
	r.pass(2 * time.Minute)
	r.wantTaken(0, 3, "0/1", "0/2", "0/3")
	r.wantTaken(0, 3, "0/4")
	r.pass(time.Minute)
	r.wantTaken(0, 3, "0/0")
	if _, ok := r.g.NextDue(0); ok {
		t.Error("something is due, want nothing")
	}
}

func TestTakeAppendsAtMostSoManyEventsAndBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		n, bytes         int
		retries          int // of the ten events, that are due
		want, wantSecond int
	}{
		{"events", 4, 1 << 30, 0, 4, 4},
		{"events, some of them retries", 4, 1 << 30, 3, 4, 4},
		{"bytes", 10, 3*recordBytes + 1, 0, 3, 3},
		{"bytes to the last", 10, 3 * recordBytes, 0, 3, 3},
		{"bytes of retries", 10, 3*recordBytes - 1, 10, 2, 2},
		{"bytes of both", 10, 3 * recordBytes, 2, 3, 3},
		{"fewer bytes than one event", 10, 1, 0, 1, 1},
		{"fewer bytes than one retry", 10, 1, 10, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
			r.append(r.assign(0), records(0, 10, 1))
			for _, e := range r.take(0, c.retries) {
				r.g.Retry(e, r.now)
			}
			dst := []*Event{nil}
			if got := r.g.Take(dst, 0, c.n, c.bytes, r.now); len(got) != 1+c.want || got[0] != nil {
				t.Errorf("%d events, want %d after what there was", len(got)-1, c.want)
			}
			if got := r.g.Take(nil, 0, c.n, c.bytes, r.now); len(got) != c.wantSecond {
				t.Errorf("%d events at the second time, want %d", len(got), c.wantSecond)
			}
		})
	}
}

func TestAFullWindowStopsItsMappingAndNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("dead", 2), mapping("alive", 2)}})
	p := r.assign(0)
	r.append(p, records(0, 5, 0b11))
	dead := r.wantTaken(0, 10, "0/0", "0/1")
	r.wantHeld(0, 2, 2*recordBytes)
	r.settle(r.wantTaken(1, 10, "0/0", "0/1")...)
	r.settle(r.wantTaken(1, 10, "0/2", "0/3")...)
	r.settle(r.wantTaken(1, 10, "0/4")...)
	r.wantTaken(0, 10)
	r.g.Retry(dead[0], r.now.Add(time.Hour)) // waiting is holding
	r.wantTaken(0, 10)
	r.settle(dead[1])
	r.wantTaken(0, 10, "0/2")
	r.wantHeld(1, 0, 0)
}

func TestAnEmptyWindowAdmitsOneEventOfAnySize(t *testing.T) {
	t.Parallel()
	id := mapping("a", 10)
	id.Bytes = 3 * recordBytes
	r := newRig(t, Settings{Lanes: []Identity{id}})
	p := r.assign(0)
	b := records(0, 1, 1)
	b.Next = 4
	b.Add(&Record{Offset: 1, Value: make([]byte, 5000)}, 1)
	b.Add(&Record{Offset: 2, Value: make([]byte, 100)}, 1)
	b.Add(&Record{Offset: 3, Value: make([]byte, 100)}, 1)
	r.append(p, b)
	first := r.wantTaken(0, 10, "0/0")
	r.wantTaken(0, 10) // the large one waits, and is not overtaken
	r.settle(first...)
	large := r.wantTaken(0, 10, "0/1")
	r.wantTaken(0, 10)
	r.settle(large...)
	r.wantTaken(0, 10, "0/2", "0/3")
}

func TestBytesAreACapToo(t *testing.T) {
	t.Parallel()
	id := mapping("a", 10)
	id.Bytes = 3 * recordBytes
	r := newRig(t, Settings{Lanes: []Identity{id}})
	r.append(r.assign(0), records(0, 10, 1))
	events := r.wantTaken(0, 10, "0/0", "0/1", "0/2")
	r.settle(events[1])
	r.wantTaken(0, 10, "0/3")
}

// crowd is a mapping with n partitions that all have enough to take, and one more, partition 0, that is behind. Nothing is taken yet.
func crowd(t *testing.T, n int32, id Identity) (*rig, []*Partition) {
	t.Helper()
	r := newRig(t, Settings{Lanes: []Identity{id}})
	ps := []*Partition{r.restore(0, facts{front: 1000, arrivals: arrivals{{1000, r.now.Unix() - 60}}, lanes: []laneFacts{at("a", 0)}})}
	for i := range n {
		p := r.assign(i + 1)
		r.append(p, records(0, 100, 1))
		r.pass(time.Second)
		ps = append(ps, p)
	}
	return r, ps
}

// Within its share a lane may take always, beyond it only up to half of the window: what it has borrowed comes back when it settles.
func TestWhileALaneIsBehindTheOthersLeaveRoomForIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		lanes  int32 // that have something to take
		events int
		bytes  int   // in records
		want   []int // events of each lane, the oldest first
		after  int   // events of the oldest once it has settled all but one
	}{
		{"one lane borrows half of the window", 1, 20, 1000, []int{10}, 10},
		{"the others have their share nevertheless", 3, 20, 1000, []int{10, 5, 5}, 5},
		{"shares may be small", 5, 18, 1000, []int{9, 3, 3, 3, 0}, 3},
		{"bytes count as well", 3, 1000, 20, []int{10, 5, 5}, 5},
		{"a share is at least one event", 7, 4, 1000, []int{2, 1, 1, 0, 0, 0, 0}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			id := mapping("a", c.events)
			id.Bytes = c.bytes * recordBytes
			r, ps := crowd(t, c.lanes, id)
			var first []*Event
			for {
				ready := r.g.Ready(0, r.now)
				events := r.take(0, 1)
				if ready != (len(events) > 0) {
					t.Fatalf("ready: %v, and %d taken", ready, len(events))
				}
				if len(events) == 0 {
					break
				}
				if events[0].Partition() == ps[1] {
					first = append(first, events...)
				}
			}
			var got []int
			for _, p := range ps[1:] {
				got = append(got, p.lanes[0].live)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("events by lane (-want +got):\n%s", diff)
			}
			r.settle(first[1:]...)
			if r.take(0, 1000); ps[1].lanes[0].live != c.after {
				t.Errorf("the oldest lane has %d events after it has settled all but one, want %d", ps[1].lanes[0].live, c.after)
			}
		})
	}
}

func TestOfThoseThatMayTheOldestIsNext(t *testing.T) {
	t.Parallel()
	r, ps := crowd(t, 1, mapping("a", 12)) // the oldest lane may borrow half of the window
	for i, age := range []int{10, 30, 20} {
		r.now = simStart.Add(time.Duration(age) * time.Second)
		p := r.assign(int32(10 + i))
		r.append(p, records(0, 10, 1))
		ps = append(ps, p)
	}
	r.take(0, 6)
	if got := ps[1].lanes[0].live; got != 6 {
		t.Fatalf("the oldest lane has %d events, want 6", got)
	}
	r.wantTaken(0, 6, "10/0", "10/1", "12/0", "12/1", "11/0", "11/1")
}

// One lane has borrowed nearly all; the other has some events of its own and is behind. What it read back it could not take.
func TestNobodyReadsBackBeforeThereIsRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 16)}})
	r.append(r.assign(1), records(0, 100, 1))
	borrowed := r.take(0, 15)
	r.restore(0, facts{front: 1000, arrivals: arrivals{{1000, r.now.Unix() - 60}}, lanes: []laneFacts{at("a", 0)}})
	r.g.Finish(r.wantRead(0, 0, 1), records(0, 1, 1), r.now)
	r.wantTaken(0, 1, "0/0")
	for _, e := range borrowed[:2] {
		r.wantNoRead()
		r.settle(e)
	}
	r.wantRead(0, 1, 1)
}

func TestWhenNoneIsBehindALaneMayFillTheWindow(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 20)}})
	for i := range int32(10) {
		r.append(r.assign(i), records(0, 30, 1))
		r.pass(time.Second)
	}
	r.take(0, 100)
	if got := r.g.partitions[0].lanes[0].live; got != 20 {
		t.Errorf("the oldest lane has %d events, want 20", got)
	}
}

// The others are busy all the time, each within its share; the sum of the shares fills the window. Nevertheless the lane that is behind gets
// its slice, and its old records come first.
func TestALaneThatIsBehindIsNotStarvedByBusyOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		lanes  int32
		events int
		bytes  int // in records
	}{
		{"few lanes", 2, 40, 1000},
		{"many lanes", 9, 40, 1000},
		{"more lanes than events", 60, 40, 1000},
		{"bytes", 9, 1000, 40},
		{"bytes, more lanes than records", 60, 1000, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			id := mapping("a", c.events)
			id.Bytes = c.bytes * recordBytes
			r, ps := crowd(t, c.lanes, id)
			held := r.take(0, 1000)
			behind := ps[0].lanes[0]
			delivered := 0
			for step := 0; delivered < 50; step++ {
				if step > 20_000 {
					t.Fatalf("%d of the lane that is behind are delivered after %d of the others", delivered, step)
				}
				if e := held[0]; e.Partition() == ps[0] {
					delivered++
				}
				r.settle(held[0])
				held = append(held[1:], r.take(0, 1000)...)
				if read, ok := r.g.NextRead(); ok {
					r.g.Finish(read, records(read.Offset, read.Offset+20, 1), r.now)
					held = append(held, r.take(0, 1000)...)
				}
				for _, p := range ps[1:] { // always something new
					if p.lanes[0].read == p.head {
						r.append(p, records(p.head, p.head+100, 1))
					}
				}
			}
			if behind.read < 50 {
				t.Errorf("the lane that was behind is at %d", behind.read)
			}
		})
	}
}

// One partition has more poison than its share. The window has room, so its lane goes on.
func TestPoisonOnOnePartitionDoesNotStopItsLaneWhileThereIsRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	for i := range int32(20) {
		r.assign(i + 1)
	}
	p := r.restore(0, facts{front: 1000, lanes: []laneFacts{at("a", 0)}})
	for range 30 {
		read, ok := r.g.NextRead()
		if !ok {
			t.Fatalf("stops at %d", p.lanes[0].read)
		}
		r.g.Finish(read, records(read.Offset, read.Offset+10, 1), r.now)
		for i, e := range r.take(0, 100) {
			if i == 0 {
				r.g.Retry(e, r.now.Add(time.Hour))
			} else {
				r.settle(e)
			}
		}
	}
	if got := p.lanes[0].read; got != 300 {
		t.Errorf("the lane is at %d, want 300", got)
	}
}

func TestReadingBackNeedsRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 8)}})
	p := r.restore(0, facts{front: 1000, lanes: []laneFacts{at("a", 0)}})
	r.g.Finish(r.wantRead(0, 0, 1), records(0, 4, 1), r.now)
	events := r.wantTaken(0, 8, "0/0", "0/1", "0/2", "0/3")
	r.g.Finish(r.wantRead(0, 4, 1), records(4, 8, 1), r.now)
	events = append(events, r.wantTaken(0, 8, "0/4", "0/5", "0/6", "0/7")...)
	for i, e := range events { // a quarter of the share has to be free
		r.wantNoRead()
		r.settle(e)
		if i == 1 {
			break
		}
	}
	r.wantRead(0, 8, 1)
	if p.lanes[0].live != 6 {
		t.Errorf("%d events are undone, want 6", p.lanes[0].live)
	}
}

func TestWhoSleepsIsWoken(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 1), mapping("b", 1)}, CacheBytes: 1})
	want := func(what string, mappings uint64, reads bool) {
		t.Helper()
		if m, rd := r.g.Woken(); m != mappings || rd != reads {
			t.Errorf("%s: mappings %b and readers %v are woken, want %b, %v", what, m, rd, mappings, reads)
		}
	}
	p := r.assign(0)
	r.g.Woken()
	want("nothing has happened", 0, false)
	r.append(p, records(0, 2, 0b10))
	want("a record for the second mapping", 0b10, false)
	e := r.wantTaken(1, 1, "0/0")
	r.append(p, records(2, 3, 0b11))
	want("the first mapping has passed the oldest block, so the second has lost it", 0b11, true)
	r.wantNoRead()
	want("there is no room to read", 0, false)
	r.settle(e...)
	want("there is room", 0b10, true)
	read := r.wantRead(0, 1, 0b10)
	want("it is being read", 0, true)
	r.wantNoRead()
	r.g.Finish(read, records(1, 2, 0b10), r.now)
	if m, _ := r.g.Woken(); m != 0b10 {
		t.Errorf("a slice has come: mappings %b are woken, want 10", m)
	}
}

// The first in line needs more room than there is. With one partition more it is over its share, and another lane is next.
func TestWhoIsNextBecauseSharesBecameSmallerIsWoken(t *testing.T) {
	t.Parallel()
	id := mapping("a", 100)
	id.Bytes = 20 * recordBytes
	r := newRig(t, Settings{Lanes: []Identity{id}})
	large := records(0, 1, 1)
	large.Next = 2
	large.Add(&Record{Offset: 1, Value: make([]byte, 4*recordBytes-recordOverhead)}, 1)
	r.append(r.assign(1), large)
	r.take(0, 1)
	r.pass(time.Second)
	r.append(r.assign(2), records(0, 20, 1))
	two := r.g.partitions[1].lanes[0]
	for range 16 {
		r.g.take(two, r.now)
	}
	r.pass(time.Second)
	r.append(r.assign(3), records(0, 1, 1))
	r.restore(0, facts{front: 10, lanes: []laneFacts{at("a", 0)}}) // is behind
	r.wantTaken(0, 10)
	r.g.Woken()
	r.assign(4)
	if woken, _ := r.g.Woken(); woken != 1 {
		t.Error("nobody is woken")
	}
	r.wantTaken(0, 10, "3/0")
}

func TestEventsSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 1), mapping("b", 1)}})
	p := r.assign(7)
	r.append(p, records(0, 1, 0b10))
	e := r.wantTaken(1, 1, "7/0")[0]
	if e.Partition() != p || e.Lane() != 1 || e.Gone() || p.Closing() || p.InFlight() != 1 {
		t.Errorf("lane %d, gone %v, closing %v, %d in flight; want lane 1 and 1 in flight", e.Lane(), e.Gone(), p.Closing(), p.InFlight())
	}
	if want := r.now.Add(4 * time.Hour); !e.Deadline.Equal(want) {
		t.Errorf("deadline %v, want %v", e.Deadline, want)
	}
	r.settle(e)
	if !e.Gone() || p.InFlight() != 0 || r.g.Settle(e) || r.g.Retry(e, r.now) {
		t.Error("a settled event can be settled or retried again")
	}
}

func TestLedgerRefusesWhatItCannotTellApart(t *testing.T) {
	t.Parallel()
	many := make([]Identity, MaxLanes+1)
	for i := range many {
		many[i].Name = fmt.Sprint("mapping ", i)
	}
	for _, c := range []struct {
		name  string
		lanes []Identity
		want  string
	}{
		{"none", nil, ""},
		{"as many as there are bits", many[:MaxLanes], ""},
		{"one more", many, "65 lanes, at most 64 are possible"},
		{"a name twice", []Identity{{Name: "a"}, {Name: "a"}}, `mappings "a" and "a" have the same lane id: rename one of them`},
		{
			"names with the same hash",
			[]Identity{{Name: "orders 13786 to erp 171007"}, {Name: "orders 48407 to erp 333884"}},
			`mappings "orders 13786 to erp 171007" and "orders 48407 to erp 333884" have the same lane id: rename one of them`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Settings{Lanes: c.lanes})
			if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && got != c.want {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}
