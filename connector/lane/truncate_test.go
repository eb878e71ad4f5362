package lane

import (
	"errors"
	"testing"
	"time"
)

// What was read beyond the cut is forgotten, settled or not, and what comes in its place is new to every lane.
func TestACutLogIsReadAgainFromTheCut(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100), mapping("b", 100)}})
	p := r.assign(0)
	r.append(p, records(0, 10, 0b11))
	a := r.wantTaken(0, 10, "0/0", "0/1", "0/2", "0/3", "0/4", "0/5", "0/6", "0/7", "0/8", "0/9")
	b := r.wantTaken(1, 7, "0/0", "0/1", "0/2", "0/3", "0/4", "0/5", "0/6")
	r.settle(append(a[1:4:4], a[5:8]...)...) // 0, 4, 8, 9 are left
	r.settle(b...)
	r.g.Retry(a[8], r.now.Add(time.Minute))
	r.g.Woken()
	r.g.Acked(r.g.Snapshot(p, 4096))

	if got, want := r.g.Truncate(p, 6, 7, r.now), (Loss{Offsets: 3, Lanes: 0b11}); got != want {
		t.Errorf("lost is %+v, want %+v: 8 and 9 of one lane; 7, 8 and 9 of the other", got, want)
	}
	if p.Head() != 6 || p.Epoch() != 7 || p.InFlight() != 2 {
		t.Errorf("head %d, epoch %d, %d in flight; want 6, 7, 2", p.Head(), p.Epoch(), p.InFlight())
	}
	if woken, _ := r.g.Woken(); woken != 0b11 {
		t.Errorf("mappings %b are woken, want both: they have room", woken)
	}
	r.wantHeld(0, 2, 2*recordBytes)
	r.wantHeld(1, 0, 0)
	if _, retries := r.g.Waiting(0); retries != 0 {
		t.Errorf("%d wait for a retry, want none", retries)
	}
	for _, e := range []*Event{a[8], a[9]} {
		if r.g.Settle(e) || r.g.Retry(e, r.now) || !e.Gone() {
			t.Errorf("%d was cut off, and still counts", e.Offset)
		}
	}
	if dirty := r.g.Dirty(r.now); len(dirty) != 1 {
		t.Error("the cut is not to be committed")
	}
	r.wantCommit(p, 0, "a", 0, span{lo: 1, hi: 4}, span{lo: 5, hi: 6})
	r.wantCommit(p, 0, "b", 6)

	r.append(p, records(6, 8, 0b11))
	r.wantTaken(0, 10, "0/6", "0/7")
	r.wantTaken(1, 10, "0/6", "0/7")
}

func TestALogThatEndsAtTheHeadOrAboveIsNotCut(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	p := r.assign(0)
	r.append(p, records(0, 10, 1))
	r.g.Acked(r.g.Snapshot(p, 4096))
	for _, end := range []int64{10, 11} {
		if loss := r.g.Truncate(p, end, 1, r.now); loss != (Loss{}) || p.Head() != 10 || len(r.g.Dirty(r.now)) > 0 {
			t.Errorf("a log that ends at %d: lost is %+v, the head %d; want nothing, and 10", end, loss, p.Head())
		}
	}
}

func TestNothingIsCutOffAPartitionThatIsGivenUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	p := r.assign(0)
	r.append(p, records(0, 10, 1))
	r.g.Close(p)
	if loss := r.g.Truncate(p, 5, 1, r.now); loss != (Loss{}) || p.Head() != 10 {
		t.Errorf("lost is %+v, the head %d; want nothing, and 10", loss, p.Head())
	}
}

// A slice that was asked for before the cut may hold records that are no longer there, at offsets where others stand by the time it arrives.
func TestASliceOfTheOldLogIsNotUsed(t *testing.T) {
	t.Parallel()
	r, ps := lagging(t, Settings{}, []int64{100})
	read := r.wantRead(0, 100, 1)
	r.g.Truncate(ps[0], 105, 1, r.now)
	r.append(ps[0], records(105, 120, 1, 115))
	r.g.Finish(read, records(100, 120, 1, 102, 110), r.now) // 110 is gone
	r.wantTaken(0, 10)
	r.g.Finish(r.wantRead(0, 100, 1), records(100, 120, 1, 102, 115), r.now)
	r.wantTaken(0, 10, "0/102", "0/115")
}

func TestTheLanesOfUnknownMappingsAreCutToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}, OrphanGrace: time.Hour})
	p := r.restore(0, facts{base: 10, front: 100, lanes: []laneFacts{at("a", 10), at("gone", 50, span{60, 70, 1}, span{80, 90, 1}), at("slow", 20)}})
	r.g.Truncate(p, 65, 1, r.now)
	r.wantCommit(p, 10, "gone", 50, span{lo: 60, hi: 65})
	r.g.Truncate(p, 30, 1, r.now)
	r.wantCommit(p, 10, "gone", 30)
	r.wantCommit(p, 10, "slow", 20)
}

// What is left in the log keeps its time of arrival, and what comes in place of the rest has its own.
func TestArrivalsBelowTheCutStay(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}, Window: 4 * time.Hour})
	p := r.assign(0)
	for i := range int64(10) { // one block every ten minutes
		r.append(p, records(10*i, 10*i+10, 1))
		r.pass(10 * time.Minute)
	}
	r.g.Truncate(p, 25, 1, r.now)
	r.append(p, records(25, 30, 1))
	begin := r.now.Add(-100 * time.Minute)
	for _, e := range r.take(0, 30) {
		want := begin.Add(time.Duration(e.Offset/10) * 10 * time.Minute)
		if e.Offset >= 25 {
			want = r.now
		}
		if got := r.g.Arrived(e); !got.Equal(want) {
			t.Errorf("%d arrived %v, want %v", e.Offset, got.Sub(begin), want.Sub(begin))
		}
	}
	if at, ok := p.arrivals.at(24); !ok || at.Before(begin.Add(20*time.Minute)) {
		t.Errorf("24 was read at %v (%v)", at.Sub(begin), ok)
	}
}

func TestUnsettledIsWhatTheEndOfATopicLoses(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100), mapping("b", 100)}})
	p := r.assign(0)
	if got := p.Unsettled(); got != (Loss{}) {
		t.Errorf("of nothing %+v is unsettled", got)
	}
	r.append(p, records(0, 10, 0b11))
	r.settle(r.take(1, 10)...)
	r.settle(r.take(0, 6)[1:]...) // 0 is left, and 6 to 9
	if got, want := p.Unsettled(), (Loss{5, 0b01}); got != want {
		t.Errorf("%+v is unsettled, want %+v", got, want)
	}
}

// A commit that was made for another log counts for nothing; one of the same topic that knows more than there is was followed by a cut.
func TestACommitForAnotherLog(t *testing.T) {
	t.Parallel()
	now, before, unknown := [16]byte{1}, [16]byte{2}, [16]byte{}
	committed := func(topic [16]byte) string {
		f := facts{base: 50, front: 80, epoch: 4, incarnation: Incarnation(topic), lanes: []laneFacts{at("a", 60, span{65, 75, 9}), at("b", 50)}}
		text, _, _ := f.encode(4096)
		return text
	}
	type lanes [2]int64
	for _, c := range []struct {
		name     string
		metadata string
		topic    [16]byte
		end      *int64

		foreign, reset bool
		want           lanes
		head           int64
		lost           Loss
	}{
		{"the same topic", committed(now), now, new(int64(80)), false, false, lanes{60, 50}, 80, Loss{}},
		{"the same topic, its end unknown", committed(now), now, nil, false, false, lanes{60, 50}, 80, Loss{}},
		{"the same topic, cut off above the offset", committed(now), now, new(int64(70)), false, false, lanes{60, 50}, 70, Loss{10, 0b11}},
		{"the same topic, cut off below the offset", committed(now), now, new(int64(40)), false, false, lanes{40, 40}, 40, Loss{30, 0b11}},
		{"an earlier topic", committed(before), now, new(int64(1000)), true, true, lanes{7, 7}, 7, Loss{}},
		{"perhaps an earlier topic, and it fits", committed(unknown), now, new(int64(80)), false, false, lanes{60, 50}, 80, Loss{}},
		{"perhaps an earlier topic, and it does not fit", committed(unknown), now, new(int64(70)), true, true, lanes{7, 7}, 7, Loss{}},
		{"no metadata, and it fits", "", now, new(int64(50)), false, false, lanes{50, 50}, 50, Loss{}},
		{"no metadata, and it does not fit", "", now, new(int64(49)), true, true, lanes{7, 7}, 7, Loss{}},
		{"broken metadata, and it fits", "w1:broken", now, new(int64(50)), false, true, lanes{50, 50}, 50, Loss{}},
		{"broken metadata, and it does not fit", "w1:broken", now, new(int64(49)), true, true, lanes{7, 7}, 7, Loss{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100), mapping("b", 100)}})
			a := r.g.Assign(Restored{Topic: "events", TopicID: c.topic, Offset: 50, Epoch: 4, Metadata: c.metadata, LogStart: 7, LogEnd: c.end}, r.now)
			if a.Foreign != c.foreign || (a.Reset != nil) != c.reset || a.Lost != c.lost {
				t.Errorf("foreign: %v, reset: %v, lost: %+v; want %v, %v, %+v", a.Foreign, a.Reset, a.Lost, c.foreign, c.reset, c.lost)
			}
			if c.foreign != errors.Is(a.Reset, ErrForeign) {
				t.Errorf("the reason is %v", a.Reset)
			}
			p := a.Partition
			if got := (lanes{p.lanes[0].read, p.lanes[1].read}); got != c.want || p.Head() != c.head {
				t.Errorf("lanes begin at %d, the head at %d; want %d, %d", got, p.Head(), c.want, c.head)
			}
			if want := int32(4); !c.foreign && p.Epoch() != want || c.foreign && p.Epoch() != -1 {
				t.Errorf("the head's epoch is %d", p.Epoch())
			}
		})
	}
}

func TestAPartitionKnowsItsTopic(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100)}})
	known := r.g.Assign(Restored{TopicID: [16]byte{1}}, r.now).Partition
	unknown := r.g.Assign(Restored{}, r.now).Partition
	for _, c := range []struct {
		name string
		p    *Partition
		id   [16]byte
		want bool
	}{
		{"its own", known, [16]byte{1}, true},
		{"another", known, [16]byte{2}, false},
		{"an unknown one", known, [16]byte{}, true},
		{"any, of an unknown one", unknown, [16]byte{2}, true},
	} {
		if got := c.p.Of(c.id); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
