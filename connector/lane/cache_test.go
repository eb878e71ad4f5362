package lane

import (
	"testing"
	"time"
)

func TestABlockStaysUntilEveryLaneHasPassedIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10), mapping("b", 10)}})
	p := r.assign(0)
	r.append(p, records(0, 2, 0b11))
	block := 2*recordBytes + blockOverhead
	a := r.wantTaken(0, 10, "0/0", "0/1")
	r.settle(a...)
	if r.g.Held() != block {
		t.Errorf("%d bytes are held, want %d: the second mapping needs them", r.g.Held(), block)
	}
	b := r.wantTaken(1, 10, "0/0", "0/1")
	if len(p.cache) != 0 || r.g.Held() != block {
		t.Errorf("%d blocks are cached, %d bytes held; want none, %d pinned by the events", len(p.cache), r.g.Held(), block)
	}
	r.settle(b[0])
	r.g.Retry(b[1], r.now.Add(time.Hour)) // copies its record
	if r.g.Held() != 0 {
		t.Errorf("%d bytes are held, want none", r.g.Held())
	}
	r.wantHeld(1, 1, recordBytes)
}

func TestWhatNobodyNeedsIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}})
	p := r.assign(0)
	r.append(p, &Block{From: 0, Next: 100})
	if r.g.Held() != 0 {
		t.Errorf("%d bytes are held, want none", r.g.Held())
	}
	r.wantCommit(p, 100, "a", 100)
}

// With few matching events most blocks are empty. Behind a lane that stands still they must not pile up for nothing.
func TestEmptyBlocksCountToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("dead", 1), mapping("alive", 10)}, CacheBytes: 10_000})
	p := r.assign(0)
	r.append(p, records(0, 2, 0b11))
	r.wantTaken(0, 10, "0/0")
	r.settle(r.wantTaken(1, 10, "0/0", "0/1")...)
	for range 1000 {
		r.append(p, &Block{From: p.Head(), Next: p.Head() + 1})
	}
	if len(p.cache) > 40 {
		t.Errorf("%d blocks are cached", len(p.cache))
	}
}

func TestOverTheBudgetTheOldestBlockThatADrivingLaneHasPassedGoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("slow", 10), mapping("fast", 10)}, CacheBytes: 3*recordBytes + 3*blockOverhead})
	p, other := r.assign(0), r.assign(1)
	r.append(other, records(0, 1, 0b01))
	for range 4 {
		r.append(p, records(p.Head(), p.Head()+1, 0b11))
		r.settle(r.wantTaken(1, 1, names2(p.Head()-1))...)
	}
	if len(p.cache) != 2 || p.cache[0].From != 2 || len(other.cache) != 1 {
		t.Errorf("%d and %d blocks are cached, want the last 2 of the larger partition and the one of the other", len(p.cache), len(other.cache))
	}
	r.wantTaken(0, 1, "1/0")
	r.g.Finish(r.wantRead(0, 0, 0b01), records(0, 2, 0b01), r.now)
	r.wantTaken(0, 10, "0/0", "0/1", "0/2", "0/3") // and on in the cache
}

func names2(offset int64) string { return "0/" + string(rune('0'+offset)) }

func TestTheNewestBlockStaysAndThoseOfOtherPartitionsGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("slow", 10), mapping("fast", 10)}, CacheBytes: 1})
	p, q := r.assign(0), r.assign(1)
	r.append(p, records(0, 1, 0b01)) // the fast lane needs nothing of it and has passed it
	if len(p.cache) != 1 {
		t.Errorf("%d blocks are cached, want the newest", len(p.cache))
	}
	r.append(q, records(0, 1, 0b01))
	if len(p.cache) != 0 || len(q.cache) != 1 {
		t.Errorf("%d and %d blocks are cached, want only the newest", len(p.cache), len(q.cache))
	}
}

func TestWhereNoDrivingLaneIsNearTheHeadTheReadingPauses(t *testing.T) {
	t.Parallel()
	background := mapping("background", 10)
	background.Background = true
	size := 10*recordBytes + blockOverhead
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10), mapping("b", 10), background}, CacheBytes: 2 * size})
	p, q := r.assign(0), r.assign(1)
	wantPause := func(what string, pause, resume []*Partition) {
		t.Helper()
		gotPause, gotResume := r.g.Pause()
		if len(gotPause) != len(pause) || len(gotResume) != len(resume) || len(pause) == 1 && pause[0] != gotPause[0] || len(resume) == 1 && resume[0] != gotResume[0] {
			t.Errorf("%s: %d pause, %d resume; want %d, %d", what, len(gotPause), len(gotResume), len(pause), len(resume))
		}
		if r.g.MayResume() {
			t.Errorf("%s: some may still resume", what)
		}
	}
	r.append(p, records(0, 10, 0b011)) // the lane in the background needs nothing of it
	r.append(p, records(10, 20, 0b011))
	wantPause("within the budget", nil, nil)
	r.append(p, records(20, 30, 0b011))
	r.append(q, records(0, 1, 0b100))
	if len(p.cache) != 3 {
		t.Fatalf("%d blocks are cached, want 3: no driving lane has passed any", len(p.cache))
	}
	wantPause("over the budget", []*Partition{p}, nil)
	if !p.Paused() || q.Paused() {
		t.Errorf("paused: %v and %v, want only the first", p.Paused(), q.Paused())
	}
	wantPause("again", nil, nil)

	// b settles all of the first block, a stays: the block is not needed for b to go on, but the reading is not resumed yet.
	for range 3 {
		r.settle(r.take(1, 10)...)
		if p.lanes[1].read < p.Head() {
			wantPause("b is not at the head", nil, nil)
		}
	}
	if !r.g.MayResume() {
		t.Error("b is at the head and nobody notices")
	}
	wantPause("b is at the head", nil, []*Partition{p})
}

func TestThePausedGoOnAtHalfOfTheBudget(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}, CacheBytes: 4 * (recordBytes + blockOverhead)})
	p, q := r.assign(0), r.assign(1)
	for range 3 {
		r.append(p, records(p.Head(), p.Head()+1, 1))
		r.append(q, records(q.Head(), q.Head()+1, 1))
	}
	if pause, _ := r.g.Pause(); len(pause) != 2 {
		t.Fatalf("%d pause, want 2", len(pause))
	}
	for i := range 6 {
		if want := i == 4; r.g.MayResume() != want { // two of four are left
			t.Fatalf("%d bytes of %d are held, may resume: %v", r.g.Held(), 4*(recordBytes+blockOverhead), !want)
		}
		if i == 4 {
			break
		}
		// One of each, so that neither comes to its head.
		e := r.g.take([]*Partition{p, q}[i%2].lanes[0], r.now)
		r.settle(e)
	}
	if _, resume := r.g.Pause(); len(resume) != 2 || p.Paused() || q.Paused() {
		t.Errorf("%d resume, want 2", len(resume))
	}
}

// The windows of the events behind begin when they are read, and must not begin late.
func TestAnEndpointThatFailsDoesNotHoldUpTheReading(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 1)}, CacheBytes: 1})
	p := r.assign(0)
	r.append(p, records(0, 1, 1))
	r.append(p, records(1, 2, 1))
	if pause, _ := r.g.Pause(); len(pause) != 1 || len(p.cache) != 2 {
		t.Fatalf("%d pause, %d blocks are cached; want 1, 2", len(pause), len(p.cache))
	}
	r.g.SetFailing(0, true)
	if !r.g.MayResume() {
		t.Error("nobody is told that it may go on")
	}
	if _, resume := r.g.Pause(); len(resume) != 1 {
		t.Errorf("%d resume, want 1", len(resume))
	}
	r.append(p, records(2, 3, 1))
	if pause, _ := r.g.Pause(); len(pause) != 0 || len(p.cache) != 1 {
		t.Errorf("%d pause, %d blocks are cached; want none, and the newest", len(pause), len(p.cache))
	}
	r.g.SetFailing(0, false)
	if pause, _ := r.g.Pause(); len(pause) != 1 {
		t.Errorf("%d pause once it answers again, want 1", len(pause))
	}
}

func TestAPausedPartitionThatIsGivenUpIsForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 10)}, CacheBytes: 1})
	p := r.assign(0)
	r.append(p, records(0, 1, 1))
	if pause, _ := r.g.Pause(); len(pause) != 1 {
		t.Fatal("it is not paused")
	}
	r.g.Drop(p)
	if _, resume := r.g.Pause(); r.g.MayResume() || len(resume) > 0 || p.Paused() || r.g.paused != 0 {
		t.Error("it may resume")
	}
}

func TestWhatComesTwiceIsTakenOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	p := r.assign(0)
	r.append(p, records(0, 5, 1))
	r.append(p, records(2, 5, 1))
	r.append(p, records(2, 8, 1))
	r.append(p, records(5, 8, 1))
	r.append(p, records(10, 12, 1)) // nothing stands at 8 and 9: control records, or compacted away
	r.wantTaken(0, 100, "0/0", "0/1", "0/2", "0/3", "0/4", "0/5", "0/6", "0/7", "0/10", "0/11")
	if p.Head() != 12 {
		t.Errorf("head %d, want 12", p.Head())
	}
}

func TestWhatIsReadForAPartitionThatIsGivenUpIsIgnored(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	p := r.assign(0)
	r.g.Close(p)
	r.append(p, records(0, 5, 1))
	if p.Head() != 0 || r.g.Held() != 0 {
		t.Errorf("head %d, %d bytes held; want nothing", p.Head(), r.g.Held())
	}
}

func TestTheLeaderEpochIsThatOfTheLastBlock(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	p := r.assign(0)
	if p.Epoch() != -1 {
		t.Errorf("epoch %d before anything was read, want -1", p.Epoch())
	}
	r.g.Append(p, records(0, 1, 1), 7, r.now)
	c := r.g.Snapshot(p, 4096)
	a := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}}).g.Assign(Restored{Offset: c.Offset, Metadata: c.Metadata, Epoch: -1}, r.now)
	if p.Epoch() != 7 || a.Partition.Epoch() != 7 {
		t.Errorf("epoch %d, restored %d; want 7", p.Epoch(), a.Partition.Epoch())
	}
}

// A mapping that takes one event of each block and keeps it, be it for a slow answer or a dead letter, must not keep the blocks.
func TestTakenEventsKeepNoMoreBlocksThanTheBudget(t *testing.T) {
	t.Parallel()
	const budget, blocks = 20_000, 200
	r := newRig(t, Settings{Lanes: []Identity{mapping("slow", blocks), mapping("fast", 10)}, CacheBytes: budget})
	p := r.assign(0)
	var kept []*Event
	for range blocks {
		b := records(p.Head(), p.Head()+10, 0b10)
		b.Match[0] = 0b11
		b.any = 0b11
		r.append(p, b)
		kept = append(kept, r.take(0, 1)...)
		r.settle(r.take(1, 10)...)
		if block := 10*recordBytes + blockOverhead; r.g.Held() > budget+block {
			t.Fatalf("%d bytes are held for %d events, the budget is %d", r.g.Held(), len(kept), budget)
		}
	}
	if len(kept) != blocks {
		t.Fatalf("%d events were taken, want %d", len(kept), blocks)
	}
	for _, e := range kept {
		r.g.CopyOut(e)
	}
	if r.g.Held() != 0 {
		t.Errorf("%d bytes of blocks are held though every event has been copied out", r.g.Held())
	}
	r.wantHeld(0, blocks, blocks*recordBytes)
	r.settle(kept...)
}
