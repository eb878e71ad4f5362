package lane

import (
	"testing"
	"time"
)

// lagging is a ledger whose mappings a, b, c, ... stand at the cursors of each partition; 1000 has been read.
func lagging(t *testing.T, s Settings, partitions ...[]int64) (*rig, []*Partition) {
	t.Helper()
	if s.Lanes == nil {
		for i := range partitions[0] {
			s.Lanes = append(s.Lanes, mapping(string(rune('a'+i)), 100))
		}
	}
	r := newRig(t, s)
	var ps []*Partition
	for i, cs := range partitions {
		f := facts{base: cs[0], front: 1000}
		for j, c := range cs {
			f.base = min(f.base, c)
			f.lanes = append(f.lanes, at(string(rune('a'+j)), c))
		}
		for o := f.base + 10; o <= 1000; o += 10 { // ten offsets a minute
			f.arrivals = append(f.arrivals, sample{o, r.now.Add(time.Duration(o-2000) * 6 * time.Second).Unix()})
		}
		ps = append(ps, r.restore(int32(i), f))
	}
	return r, ps
}

func TestALaneReadsBackWhatTheCacheDoesNotHave(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{}, []int64{990})
	r.append(ps[0], records(1000, 1010, 1))
	r.wantTaken(0, 10)
	read := r.wantRead(0, 990, 1)
	r.wantTaken(0, 10)
	r.g.Finish(read, records(990, 995, 1, 992), r.now)
	r.wantTaken(0, 10, "0/992")
	r.g.Finish(r.wantRead(0, 995, 1), records(995, 1000, 1), r.now) // and from here on the cache has it
	r.wantTaken(0, 7, "0/995", "0/996", "0/997", "0/998", "0/999", "0/1000", "0/1001")
	r.wantNoRead()
}

func TestASliceWithoutRecordsMovesTheLaneOn(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{}, []int64{900})
	r.g.Finish(r.wantRead(0, 900, 1), &Block{From: 900, Next: 950}, r.now)
	r.wantCommit(ps[0], 950, "a", 950)
	r.g.Finish(r.wantRead(0, 950, 1), &Block{From: 950, Next: 1000}, r.now)
	r.wantNoRead()
	r.wantCommit(ps[0], 1000, "a", 1000)
	if r.g.Held() != 0 {
		t.Errorf("%d bytes are held, want none", r.g.Held())
	}
}

// Kafka gives what it has, also what the group's reader has not come to yet. That will come again.
func TestASliceEndsAtTheHead(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{}, []int64{998})
	r.g.Finish(r.wantRead(0, 998, 1), records(998, 1005, 1), r.now)
	if want := 2*recordBytes + blockOverhead; r.g.Held() != want {
		t.Errorf("%d bytes are held, want %d", r.g.Held(), want)
	}
	r.settle(r.wantTaken(0, 10, "0/998", "0/999")...)
	r.wantCommit(ps[0], 1000, "a", 1000)
	r.append(ps[0], records(1000, 1002, 1))
	r.wantTaken(0, 10, "0/1000", "0/1001")
}

func TestASliceThatCouldNotBeReadIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		block *Block
	}{
		{"nothing", nil},
		{"an empty block", &Block{From: 900, Next: 900}},
		{"another place", records(905, 910, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, _ := lagging(t, Settings{}, []int64{900})
			r.g.Finish(r.wantRead(0, 900, 1), c.block, r.now)
			r.wantTaken(0, 10)
			if _, reads := r.g.Woken(); !reads {
				t.Error("no reader is woken")
			}
			r.wantRead(0, 900, 1)
		})
	}
}

func TestTheOldestLaneOfAMappingIsReadForFirst(t *testing.T) {
	t.Parallel()
	a := mapping("a", 100)
	a.MaxSlices = 10
	r, _ := lagging(t, Settings{Lanes: []Identity{a}}, []int64{700}, []int64{600}, []int64{800})
	unknown := r.restore(3, facts{front: 1000, lanes: []laneFacts{at("a", 0)}}) // nobody knows when its records were read
	r.wantRead(1, 600, 1)
	r.wantRead(0, 700, 1)
	r.wantRead(2, 800, 1)
	r.wantRead(unknown.Number, 0, 1)
	r.wantNoRead()
}

func TestMappingsTakeTurns(t *testing.T) {
	t.Parallel()
	r, _ := lagging(t, Settings{}, []int64{100, 800, 900}, []int64{200, 800, 900})
	r.g.Finish(r.wantRead(0, 100, 0b111), &Block{From: 100, Next: 110}, r.now)
	r.g.Finish(r.wantRead(0, 800, 0b110), &Block{From: 800, Next: 810}, r.now)
	r.g.Finish(r.wantRead(0, 900, 0b100), &Block{From: 900, Next: 910}, r.now)
	r.g.Finish(r.wantRead(0, 110, 0b111), &Block{From: 110, Next: 120}, r.now)
}

func TestLanesThatCannotBeReadComeLast(t *testing.T) {
	t.Parallel()
	r, _ := lagging(t, Settings{}, []int64{100, 150}, []int64{800, 850})
	r.g.Finish(r.wantRead(0, 100, 0b11), nil, r.now)
	r.g.Finish(r.wantRead(0, 150, 0b10), nil, r.now)
	r.g.Finish(r.wantRead(1, 800, 0b11), &Block{From: 800, Next: 810}, r.now)
	r.g.Finish(r.wantRead(1, 850, 0b10), &Block{From: 850, Next: 1000}, r.now)
	r.g.Finish(r.wantRead(1, 810, 0b01), &Block{From: 810, Next: 1000}, r.now)
	r.g.Finish(r.wantRead(0, 150, 0b10), &Block{From: 150, Next: 1000}, r.now) // nothing else is left
	r.g.Finish(r.wantRead(0, 100, 0b01), &Block{From: 100, Next: 1000}, r.now)
	r.wantNoRead()
}

// Every lane of the second mapping stands on a partition without leader. The first mapping must not wait for their time-outs.
func TestMappingsThatCannotBeReadForLoseTheirTurn(t *testing.T) {
	t.Parallel()
	r, _ := lagging(t, Settings{}, []int64{1000, 100}, []int64{800, 1000})
	r.g.Finish(r.wantRead(1, 800, 0b01), &Block{From: 800, Next: 810}, r.now)
	r.g.Finish(r.wantRead(0, 100, 0b10), nil, r.now)
	for at := int64(810); at < 1000; at += 10 {
		r.g.Finish(r.wantRead(1, at, 0b01), &Block{From: at, Next: at + 10}, r.now)
	}
	r.g.Finish(r.wantRead(0, 100, 0b10), &Block{From: 100, Next: 110}, r.now)
	r.wantRead(0, 110, 0b10)
}

func TestAMappingHoldsAtMostSoManySlices(t *testing.T) {
	t.Parallel()
	a := mapping("a", 100)
	a.MaxSlices = 2
	r, _ := lagging(t, Settings{Lanes: []Identity{a}}, []int64{100}, []int64{200}, []int64{300})
	first, second := r.wantRead(0, 100, 1), r.wantRead(1, 200, 1)
	r.wantNoRead()
	r.g.Finish(first, records(100, 102, 1), r.now)
	r.g.Finish(second, nil, r.now)
	r.g.Finish(r.wantRead(2, 300, 1), records(300, 302, 1), r.now) // the second has failed, so it comes last
	r.wantNoRead()
	r.wantTaken(0, 2, "0/100", "0/101") // the first slice is used up
	r.wantRead(0, 102, 1)
	r.wantNoRead()
}

// Two partitions with a share of two events each. A lane that has its share holds a slice for nothing.
func TestALaneThatCannotUseItsSliceGivesItAway(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{Lanes: []Identity{mapping("a", 4)}}, []int64{100}, []int64{200})
	r.g.Finish(r.wantRead(0, 100, 1), records(100, 105, 1), r.now)
	first := r.wantTaken(0, 10, "0/100", "0/101")
	read := r.wantRead(1, 200, 1)
	if got := r.g.Held(); got != 5*recordBytes+blockOverhead {
		t.Errorf("%d bytes are held, want those that the two events pin", got)
	}
	r.settle(first[0])
	r.g.Retry(first[1], r.now.Add(time.Hour))
	if got := r.g.Held(); got != 0 {
		t.Errorf("%d bytes are held, want none", got)
	}
	r.g.Finish(read, records(200, 201, 1), r.now)
	r.settle(r.wantTaken(0, 10, "1/200")...)
	r.g.Finish(r.wantRead(0, 102, 1), records(102, 105, 1), r.now) // its turn again
	r.wantTaken(0, 1, "0/102")
	if ps[0].lanes[0].live != 2 {
		t.Errorf("%d events are undone, want 2", ps[0].lanes[0].live)
	}
}

// The record that did not fit is known by its size: reading it back again before there is room would go on for ever.
func TestALaneThatGaveItsSliceAwayWaitsForRoom(t *testing.T) {
	t.Parallel()
	a := mapping("a", 100)
	a.Bytes = 8 * recordBytes
	r, ps := lagging(t, Settings{Lanes: []Identity{a}}, []int64{100}, []int64{200})
	hold := func(p int32, offset int64) { // each holds two events, which is half of the window together
		t.Helper()
		r.g.Finish(r.wantRead(p, offset, 1), records(offset, offset+2, 1), r.now)
		for _, e := range r.take(0, 2) {
			r.g.Retry(e, r.now.Add(time.Hour))
		}
		if got := ps[p].lanes[0].live; got != 2 {
			t.Fatalf("lane %d holds %d events, want 2", p, got)
		}
	}
	hold(0, 100)
	r.g.Finish(r.wantRead(0, 102, 1), nil, r.now)
	hold(1, 200)
	for reads := 0; ; reads++ {
		read, ok := r.g.NextRead()
		if !ok {
			break
		}
		if reads == 2 {
			t.Fatal("lanes that cannot take are read for again and again")
		}
		b := &Block{From: read.Offset, Next: read.Offset + 1}
		b.Add(&Record{Offset: read.Offset, Value: make([]byte, 3*recordBytes)}, 1)
		r.g.Finish(read, b, r.now)
		r.wantTaken(0, 1)
	}
	r.pass(2 * time.Hour)
	r.settle(r.take(0, 4)...) // the retries
	r.settle(r.take(0, 1)...)
	for range 2 {
		if read, ok := r.g.NextRead(); ok {
			r.g.Finish(read, &Block{From: read.Offset, Next: 1000}, r.now)
		}
		r.settle(r.take(0, 1)...)
	}
	for i, p := range ps {
		if l := p.lanes[0]; l.needs != 0 || l.behind {
			t.Errorf("lane %d has come on and still needs %d bytes", i, l.needs)
		}
	}
}

func TestALaneThatGivesItsSliceAwayGoesOnInTheCache(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{Lanes: []Identity{mapping("a", 4)}}, []int64{999}, []int64{200})
	read := r.wantRead(1, 200, 1)
	r.g.Finish(read, nil, r.now)
	read = r.wantRead(0, 999, 1)
	r.append(ps[0], records(1000, 1005, 1))
	r.g.Finish(read, records(999, 1005, 1), r.now) // overlaps the cache
	events := r.wantTaken(0, 10, "0/999", "0/1000")
	read = r.wantRead(1, 200, 1)
	r.settle(events...)
	r.wantTaken(0, 10, "0/1001", "0/1002")
	r.g.Finish(read, nil, r.now)
	r.wantRead(1, 200, 1)
}

func TestOneSliceServesEveryLaneThatStandsInIt(t *testing.T) {
	t.Parallel()
	lanes := []Identity{mapping("a", 100), mapping("b", 100), mapping("c", 100), mapping("d", 2), mapping("e", 100)}
	r, ps := lagging(t, Settings{Lanes: lanes}, []int64{100, 105, 120, 101, 90})
	// d is full: its window is held by another partition, and it has an event of its own.
	held := r.restore(1, facts{lanes: []laneFacts{at("d", 0)}})
	r.append(held, records(0, 1, 1<<3))
	r.wantTaken(3, 1, "1/0")
	ps[0].lanes[3].live++

	read := r.wantRead(0, 100, 0b01111) // e stands before it
	r.g.Finish(read, records(100, 110, 0b01111), r.now)
	ps[0].lanes[3].live--
	r.wantTaken(0, 2, "0/100", "0/101")
	r.wantTaken(1, 2, "0/105", "0/106")
	r.wantTaken(2, 1) // c stands behind it
	r.wantTaken(3, 1) // d cannot use it
	r.wantTaken(4, 1)
}

func TestALaneThatFellBehindTooLateIsNotServed(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{CacheBytes: 1}, []int64{990, 1000, 1000})
	read := r.wantRead(0, 990, 0b001)
	r.append(ps[0], records(1000, 1001, 0b010))
	r.append(ps[0], records(1001, 1002, 0b010)) // the second mapping loses 1000, the third drives
	r.g.Finish(read, records(990, 1002, 0b001, 995), r.now)
	r.wantTaken(0, 2, "0/995")
	r.wantTaken(1, 2)
	r.wantRead(0, 1000, 0b010)
}

func TestSlicesOfPartitionsThatAreGivenUpAreOfNoUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		giveUp func(*Ledger, *Partition)
	}{
		{"closed", (*Ledger).Close},
		{"dropped", (*Ledger).Drop},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, ps := lagging(t, Settings{}, []int64{100, 100}, []int64{200, 200})
			read := r.wantRead(0, 100, 0b11)
			c.giveUp(r.g, ps[0])
			r.g.Finish(read, records(100, 110, 0b11), r.now)
			r.wantTaken(0, 1)
			if r.g.Held() != 0 {
				t.Errorf("%d bytes are held, want none", r.g.Held())
			}
			r.wantRead(1, 200, 0b11)
			r.wantRead(1, 200, 0b11) // b's; a has its slot back
			r.wantNoRead()
		})
	}
}

func TestWhatKafkaHasDeletedIsSkippedAndCounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		start       int64
		wantOffsets int64
		wantLanes   uint64
		wantAt      [3]int64 // the lanes' positions; they were at 100, 990, 1000 with [1000,1010) cached
		wantHead    int64
	}{
		{"nothing that anybody needs", 100, 0, 0, [3]int64{100, 990, 1000}, 1010},
		{"what one lane needs", 500, 400, 0b001, [3]int64{500, 990, 1000}, 1010},
		{"what two lanes need", 995, 895, 0b011, [3]int64{995, 995, 1000}, 1010},
		{"what is in memory as well", 1005, 900, 0b011, [3]int64{1000, 1000, 1000}, 1010},
		{"what has not been read", 1030, 920, 0b111, [3]int64{1000, 1000, 1000}, 1030},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, ps := lagging(t, Settings{}, []int64{100, 990, 1000})
			r.append(ps[0], records(1000, 1010, 0b111))
			if got, want := r.g.Lost(ps[0], c.start, r.now), (Loss{c.wantOffsets, c.wantLanes}); got != want {
				t.Errorf("lost is %+v, want %+v", got, want)
			}
			for i, l := range ps[0].lanes {
				if l.read != c.wantAt[i] {
					t.Errorf("lane %d is at %d, want %d", i, l.read, c.wantAt[i])
				}
			}
			if ps[0].Head() != c.wantHead {
				t.Errorf("head %d, want %d", ps[0].Head(), c.wantHead)
			}
			if again := r.g.Lost(ps[0], c.start, r.now); again != (Loss{}) {
				t.Errorf("counted again: %+v", again)
			}
			events := r.wantTaken(2, 20, "0/1000", "0/1001", "0/1002", "0/1003", "0/1004", "0/1005", "0/1006", "0/1007", "0/1008", "0/1009")
			r.settle(events...)
			if got := ps[0].lanes[2].cursor(); got != c.wantHead {
				t.Errorf("the lane that had all in memory is at %d in the end, want %d", got, c.wantHead)
			}
		})
	}
}

func TestNothingIsLostByAPartitionThatIsGivenUp(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{}, []int64{100})
	r.g.Close(ps[0])
	if loss := r.g.Lost(ps[0], 2000, r.now); loss != (Loss{}) || ps[0].Head() != 1000 {
		t.Errorf("lost is %+v, head %d; want nothing, and the head where it was", loss, ps[0].Head())
	}
}

// A lane whose records cannot be read for now takes no slice away from the mapping's other lanes, and does not ask until it may.
func TestAPostponedReadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	a := mapping("a", 100)
	r, _ := lagging(t, Settings{Lanes: []Identity{a}}, []int64{600}, []int64{700})
	waits := r.wantRead(0, 600, 1)
	r.wantNoRead() // the mapping may hold one slice
	r.g.Postpone(waits)
	if _, reads := r.g.Woken(); !reads {
		t.Error("no reader is woken")
	}
	other := r.wantRead(1, 700, 1)
	r.wantNoRead()
	r.g.Resume(waits, r.now)
	r.wantNoRead()
	r.g.Finish(other, &Block{From: 700, Next: 710}, r.now)
	r.g.Finish(r.wantRead(1, 710, 1), &Block{From: 710, Next: 1000}, r.now)
	r.g.Finish(r.wantRead(0, 600, 1), &Block{From: 600, Next: 1000}, r.now)
	r.wantNoRead()
}
