package lane

import (
	"testing"
	"time"
)

func inOrder(order Order, events int) Identity {
	id := mapping("a", events)
	id.Order = order
	return id
}

// keyed is a block in which the record at each offset has the key that stands there; a dash is none.
func keyed(from int64, keys string) *Block {
	b := &Block{From: from, Next: from + int64(len(keys))}
	for i, k := range keys {
		r := &Record{Offset: from + int64(i), Value: make([]byte, 100)}
		if k != '-' {
			r.Key = []byte(string(k))
		}
		b.Add(r, 1)
	}
	return b
}

// retry gives events back for so long.
func (r *rig) retry(wait time.Duration, events ...*Event) {
	r.t.Helper()
	for _, e := range events {
		if !r.g.Retry(e, r.now.Add(wait)) {
			r.t.Errorf("%d cannot be retried", e.Offset)
		}
	}
}

func TestEventsOfOneKeyGoOneAfterTheOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{inOrder(OrderKey, 40)}})
	p := r.assign(0)
	r.append(p, keyed(0, "aab-a-b"))
	a := r.wantTaken(0, 1, "0/0")
	b := r.wantTaken(0, 1, "0/2")
	r.wantTaken(0, 1, "0/3")
	r.wantTaken(0, 1, "0/5")
	r.wantTaken(0, 1)
	if held, waiting := r.g.Waiting(0); held != 7 || waiting != 3 {
		t.Errorf("%d events are held and %d wait, want 7 and 3", held, waiting)
	}
	r.retry(time.Minute, a...)
	r.settle(b...)
	r.settle(r.wantTaken(0, 1, "0/6")...)
	r.wantTaken(0, 1)
	r.pass(time.Minute)
	r.settle(r.wantTaken(0, 1, "0/0")...)
	r.settle(r.wantTaken(0, 1, "0/1")...)
	r.settle(r.wantTaken(0, 1, "0/4")...)
}

func TestABatchHoldsARunInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{inOrder(OrderKey, 40)}})
	p := r.assign(0)
	r.append(p, keyed(0, "aba"))
	run := r.wantTaken(0, 3, "0/0", "0/1", "0/2")
	r.append(p, keyed(3, "ac"))
	r.wantTaken(0, 9, "0/4") // the others of a wait until the batch is done with
	r.retry(time.Second, run...)
	r.wantTaken(0, 9)
	r.pass(time.Second)
	again := r.wantTaken(0, 9, "0/0", "0/2", "0/3", "0/1") // what waited joins
	if before := again[2].Before(); before != again[1] {
		t.Errorf("the third waits for %v, want the second", before)
	}
	r.settle(again...)
}

func TestAPartitionInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{inOrder(OrderPartition, 40)}})
	p, q := r.assign(0), r.assign(1)
	r.append(p, keyed(0, "ab-"))
	r.append(q, keyed(0, "ab"))
	first := r.wantTaken(0, 1, "0/0")
	other := r.wantTaken(0, 1, "1/0")
	r.wantTaken(0, 1)
	r.append(p, keyed(3, "c"))
	r.retry(time.Hour, first...)
	r.settle(other...)
	r.wantTaken(0, 9, "1/1")
	r.wantHeld(0, 2, 2*(recordBytes+1)) // nothing that has to wait takes up room
	r.pass(time.Hour)
	r.wantTaken(0, 9, "0/0", "0/1", "0/2", "0/3")
}

// One key that is not taken must not fill the window with its followers.
func TestFollowersLeaveRoomForTheOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{inOrder(OrderKey, 40)}})
	p, q := r.assign(0), r.assign(1)
	keys := "s"
	for range 60 {
		keys += "s" // the stuck key
	}
	r.append(p, keyed(0, keys+"x"))
	r.append(q, keyed(0, "abcdefghij"))
	stuck := r.take(0, 1)
	r.retry(time.Hour, stuck...)
	taken := r.take(0, 40)
	if len(taken) != 10 || taken[0].Partition() != q {
		t.Fatalf("%d are taken of the other partition, want its 10: %v", len(taken), names(taken))
	}
	if held, _ := r.g.Waiting(0); held > 10+1+20 {
		t.Errorf("%d events are held, of which 10 are under way and one waits: what follows it fills the window", held)
	}
	r.settle(taken...)
	r.pass(time.Hour)
	for offset := range int64(61) {
		e := r.take(0, 1)
		if len(e) != 1 || e[0].Offset != offset {
			t.Fatalf("taken: %v, want %d", names(e), offset)
		}
		r.settle(e...)
	}
	r.wantTaken(0, 1, "0/61")
}

func TestOverdueEventsGoOneByOne(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{inOrder(OrderKey, 40)}, Window: time.Hour})
	p := r.assign(0)
	r.append(p, keyed(0, "aab"))
	r.retry(0, r.wantTaken(0, 2, "0/0", "0/1")...)
	r.pass(time.Hour)
	overdue := r.g.TakeOverdue(nil, 0, 9, r.now)
	if len(overdue) != 2 || overdue[0].Offset != 0 || overdue[1].Offset != 2 {
		t.Errorf("overdue: %v, want the first of each key", names(overdue))
	}
}

// What is cut off the log takes nothing with it.
func TestAChainIsCutOffWithTheLog(t *testing.T) {
	t.Parallel()
	for _, order := range []Order{OrderKey, OrderPartition} {
		r := newRig(t, Settings{Lanes: []Identity{inOrder(order, 40)}})
		p := r.assign(0)
		r.append(p, keyed(0, "aaaa"))
		first := r.wantTaken(0, 1, "0/0")
		r.wantTaken(0, 1)
		r.g.Truncate(p, 2, 1, r.now)
		r.append(p, keyed(2, "ab"))
		r.settle(first...)
		r.settle(r.wantTaken(0, 1, "0/1")...)
		r.settle(r.wantTaken(0, 1, "0/2")...)
	}
}

// A restart goes on with what its commit does not say, and that lies behind what it says.
func TestRangesThatDoNotFitAreTheLast(t *testing.T) {
	t.Parallel()
	f := facts{front: 1000, lanes: []laneFacts{{id: 1, done: []span{{10, 11, 1}, {20, 400, 300}, {500, 502, 2}, {600, 999, 399}}}}}
	full, _, _ := f.encode(4096)
	for limit := len(full); limit > 0; limit-- {
		text, _, ok := f.encode(limit)
		if !ok {
			return
		}
		got, err := decode(text, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range got.lanes[0].done {
			if want := f.lanes[0].done[i]; s.lo != want.lo || s.hi != want.hi {
				t.Fatalf("%d characters: %v is kept although %v is not", limit, s, want)
			}
		}
	}
}

// A mapping that asks for an order while its events are under way gets it for all that follow them.
func TestTheOrderMayChange(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 40)}})
	p := r.assign(0)
	r.append(p, keyed(0, "aab"))
	events := r.wantTaken(0, 3, "0/0", "0/1", "0/2")
	r.retry(0, events[1])
	r.reconfigure(inOrder(OrderKey, 40))
	r.append(p, keyed(3, "b"))
	r.wantTaken(0, 9)
	if before := events[1].Before(); before != events[0] {
		t.Errorf("the second waits for %v, want the first", before)
	}
	r.settle(events[0], events[2])
	second := r.wantTaken(0, 9, "0/3", "0/1")
	r.retry(time.Minute, second...)
	r.reconfigure(mapping("a", 40))
	r.pass(time.Minute)
	r.settle(r.take(0, 9)...)
	if held, waiting := r.g.Waiting(0); held != 0 || waiting != 0 {
		t.Errorf("%d events are held and %d wait, want none", held, waiting)
	}
}

func (r *rig) reconfigure(lanes ...Identity) {
	r.t.Helper()
	if _, err := r.g.Reconfigure(lanes, func(*Partition) Origin { return Origin{LogStart: -1} }, r.now); err != nil {
		r.t.Fatal(err)
	}
}
