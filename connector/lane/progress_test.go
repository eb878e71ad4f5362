package lane

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var progressTopic = [16]byte{1}

// progressOf reads the commit that f makes.
func progressOf(t *testing.T, f facts) *Progress {
	t.Helper()
	f.incarnation = Incarnation(progressTopic)
	text, _, ok := f.encode(4096)
	if !ok {
		t.Fatal("the facts do not fit")
	}
	p, err := ReadProgress(Restored{TopicID: progressTopic, Offset: f.base, Metadata: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// restart commits the progress and begins a process with it, which knows the lanes a and b.
func restart(t *testing.T, p *Progress) (*rig, *Partition) {
	t.Helper()
	offset, metadata, err := p.Commit(4096)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 100), mapping("b", 100)}, OrphanGrace: time.Hour})
	a := r.g.Assign(Restored{TopicID: progressTopic, Offset: offset, Metadata: metadata, LogStart: -1}, r.now)
	if a.Reset != nil {
		t.Fatal(a.Reset)
	}
	return r, a.Partition
}

func TestProgressTellsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	read := simStart.Add(-time.Hour)
	p := progressOf(t, facts{
		base: 10, front: 100, arrivals: arrivals{{50, read.Unix()}, {90, read.Add(time.Minute).Unix()}},
		lanes: []laneFacts{at("a", 10, span{20, 30, 5}, span{40, 41, 1}), at("b", 100), {id: LaneID("gone"), cursor: 60, frozen: simStart.Unix() / 60}},
	})
	if p.Offset() != 10 || p.Front() != 100 {
		t.Errorf("offset %d, front %d; want 10, 100", p.Offset(), p.Front())
	}
	got := map[uint32]LaneProgress{}
	for _, l := range p.Lanes() {
		got[l.ID] = l
	}
	want := map[uint32]LaneProgress{
		LaneID("a"):    {ID: LaneID("a"), Cursor: 10, FirstRead: read, Ranges: 2, Settled: 11},
		LaneID("b"):    {ID: LaneID("b"), Cursor: 100},
		LaneID("gone"): {ID: LaneID("gone"), Cursor: 60, FirstRead: read.Add(time.Minute), Frozen: simStart.Truncate(time.Minute)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lanes (-want +got):\n%s", diff)
	}
	if l, ok := p.Lane(LaneID("b")); !ok || l.Cursor != 100 {
		t.Errorf("lane b is %+v, %v", l, ok)
	}
	if _, ok := p.Lane(LaneID("c")); ok {
		t.Error("there is a lane c")
	}
}

func TestProgressWithoutMetadataIsThatOfEveryLane(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{"", "member-1", "w1:broken"} {
		p, err := ReadProgress(Restored{TopicID: progressTopic, Offset: 10, Epoch: 3, Metadata: metadata}, []uint32{LaneID("a"), LaneID("b")})
		if (err != nil) != (metadata != "") {
			t.Errorf("metadata %q: %v", metadata, err)
		}
		p.Seek(LaneID("a"), 4)
		r, restored := restart(t, p)
		r.wantCommit(restored, 4, "b", 10)
		if restored.lanes[0].read != 4 || restored.Head() != 10 || restored.Epoch() != 3 {
			t.Errorf("lane a is at %d, the head at %d in epoch %d; want 4, 10, 3", restored.lanes[0].read, restored.Head(), restored.Epoch())
		}
	}
}

func TestProgressOfAnotherLogIsNone(t *testing.T) {
	t.Parallel()
	if p, err := ReadProgress(Restored{Offset: 10, LogEnd: new(int64(9))}, nil); p != nil || !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, %v; want nothing, and ErrForeign", p, err)
	}
}

func TestSeek(t *testing.T) {
	t.Parallel()
	type place struct {
		offset, head int64
		a, b         int64
		done         int // ranges of b
	}
	for _, c := range []struct {
		name    string
		lane    string
		to      int64
		want    place
		anew    bool // windows begin anew
		unknown bool // the lane is none of a and b
	}{
		{"back", "a", 5, place{5, 100, 5, 40, 1}, true, false},
		{"forward", "a", 60, place{40, 100, 60, 40, 1}, false, false},
		{"forward, to what the group has read", "a", 100, place{40, 100, 100, 40, 1}, false, false},
		{"beyond what the group has read", "a", 150, place{40, 150, 150, 40, 1}, false, false},
		{"back, and what is settled above is forgotten", "b", 30, place{20, 100, 20, 30, 0}, true, false},
		{"forward into what is settled above", "b", 55, place{20, 100, 20, 55, 0}, false, false},
		{"a new lane", "c", 7, place{7, 100, 20, 40, 1}, true, true},
		{"a new lane at the front", "c", 100, place{20, 100, 20, 40, 1}, false, true},
		{"a frozen lane", "gone", 95, place{20, 100, 20, 40, 1}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			read := simStart.Add(-time.Hour)
			p := progressOf(t, facts{
				base: 20, front: 100, epoch: 7, arrivals: arrivals{{100, read.Unix()}},
				lanes: []laneFacts{at("a", 20), at("b", 40, span{50, 60, 3}), {id: LaneID("gone"), cursor: 90, frozen: 1}},
			})
			p.Seek(LaneID(c.lane), c.to)
			if l, ok := p.Lane(LaneID(c.lane)); !ok || l.Cursor != c.to || !l.Frozen.IsZero() {
				t.Errorf("the lane is %+v, %v", l, ok)
			}
			_, restored := restart(t, p)
			a, b := restored.lanes[0], restored.lanes[1]
			offset := min(a.read, b.read)
			for _, f := range restored.frozen {
				offset = min(offset, f.cursor)
			}
			if got := (place{offset, restored.Head(), a.read, b.read, len(b.skip)}); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if epoch := restored.Epoch(); (epoch == -1) != (c.to > 100) {
				t.Errorf("the head's epoch is %d", epoch)
			}
			if _, known := restored.arrivals.at(50); known == c.anew {
				t.Errorf("it is known when records were read: %v, want %v", known, !c.anew)
			}
		})
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	p := progressOf(t, facts{base: 20, front: 100, lanes: []laneFacts{at("a", 90), at("b", 40), {id: LaneID("gone"), cursor: 20, frozen: 1}}})
	if p.Drop(LaneID("c")) {
		t.Error("a lane was dropped that is not there")
	}
	if !p.Drop(LaneID("gone")) || p.Offset() != 40 {
		t.Errorf("the offset is %d, want 40", p.Offset())
	}
	if !p.Drop(LaneID("b")) || p.Offset() != 90 {
		t.Errorf("the offset is %d, want 90", p.Offset())
	}
	_, restored := restart(t, p)
	if b := restored.lanes[1]; b.read != 100 {
		t.Errorf("lane b begins at %d, want the head, 100", b.read)
	}
	if !p.Drop(LaneID("a")) || p.Offset() != 100 {
		t.Errorf("without lanes the offset is %d, want 100", p.Offset())
	}
	if _, restored := restart(t, p); restored.Head() != 100 {
		t.Errorf("without lanes the head is %d, want 100", restored.Head())
	}
}

func TestProgressThatDoesNotFit(t *testing.T) {
	t.Parallel()
	p := progressOf(t, facts{base: 20, front: 100, lanes: []laneFacts{at("a", 90), at("b", 20)}})
	if _, _, err := p.Commit(20); err == nil {
		t.Error("two lanes fit into 20 characters")
	}
}
