package lane

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Undecodable is the identity of the lane of records that are no events. No mapping has it.
const Undecodable = ""

// Progress is what is committed for a partition, for tools that show it, or change it while nobody else does.
type Progress struct {
	facts *facts
}

// LaneProgress is how far one lane is.
type LaneProgress struct {
	ID        uint32
	Cursor    int64     // everything below is settled
	FirstRead time.Time // when the record at Cursor had certainly been read; zero when it has not, or nobody knows
	Ranges    int       // settled stretches above the cursor
	Settled   int64     // offsets in them
	Frozen    time.Time // since when no member knows the mapping; zero when one does
}

// ReadProgress reads a commit. One without metadata, or with metadata that cannot be used, speaks for the given lanes: they stand at the committed
// offset; the error says why. The progress is nil only if the error satisfies ErrForeign.
func ReadProgress(r Restored, lanes []uint32) (*Progress, error) {
	f, err := r.facts(Incarnation(r.TopicID))
	if errors.Is(err, ErrForeign) {
		return nil, err
	}
	if f == nil {
		f = &facts{base: r.Offset, incarnation: Incarnation(r.TopicID), front: r.Offset, epoch: r.Epoch}
		for _, id := range lanes {
			f.lanes = append(f.lanes, laneFacts{id: id, cursor: r.Offset})
		}
	}
	return &Progress{f}, err
}

// Offset is the lowest cursor of all lanes.
func (p *Progress) Offset() int64 {
	offset := p.facts.front
	for _, l := range p.facts.lanes {
		offset = min(offset, l.cursor)
	}
	return offset
}

// Front is the next offset that the group has not read.
func (p *Progress) Front() int64 { return p.facts.front }

// Lanes lists what is known of each lane, by its id.
func (p *Progress) Lanes() []LaneProgress {
	out := make([]LaneProgress, 0, len(p.facts.lanes))
	for _, l := range p.facts.lanes {
		lp := LaneProgress{ID: l.id, Cursor: l.cursor, Ranges: len(l.done)}
		if at, ok := p.facts.arrivals.at(l.cursor); ok && l.cursor < p.facts.front {
			lp.FirstRead = at
		}
		for _, s := range l.done {
			lp.Settled += s.hi - s.lo
		}
		if l.frozen > 0 {
			lp.Frozen = time.Unix(l.frozen*60, 0)
		}
		out = append(out, lp)
	}
	slices.SortFunc(out, func(a, b LaneProgress) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Lane returns what is known of one lane.
func (p *Progress) Lane(id uint32) (LaneProgress, bool) {
	for _, l := range p.Lanes() {
		if l.ID == id {
			return l, true
		}
	}
	return LaneProgress{}, false
}

// Seek moves a lane, or begins one, so that the record at offset is its next. Going back, every lane's window begins anew: what is delivered again must not
// have expired before its first attempt. Going beyond what the group has read moves that as well; the other lanes stay where they are, and
// read what lies between by themselves.
func (p *Progress) Seek(id uint32, offset int64) {
	f := p.facts
	i := slices.IndexFunc(f.lanes, func(l laneFacts) bool { return l.id == id })
	if i < 0 {
		i = len(f.lanes)
		f.lanes = append(f.lanes, laneFacts{id: id, cursor: f.front})
	}
	if offset < f.lanes[i].cursor {
		f.arrivals = nil
	}
	f.lanes[i] = laneFacts{id: id, cursor: offset}
	if offset > f.front {
		f.front, f.epoch = offset, -1
	}
}

// Drop forgets a lane, and says whether there was one. A member that knows its mapping begins it anew.
func (p *Progress) Drop(id uint32) bool {
	n := len(p.facts.lanes)
	p.facts.lanes = slices.DeleteFunc(p.facts.lanes, func(l laneFacts) bool { return l.id == id })
	return len(p.facts.lanes) < n
}

// Commit returns what to commit, with metadata of at most limit characters. Settled ranges that do not fit are left out: they are delivered again.
func (p *Progress) Commit(limit int) (offset int64, metadata string, err error) {
	f := *p.facts
	f.base = p.Offset()
	f.arrivals = f.arrivals.from(f.base)
	metadata, _, ok := f.encode(limit)
	if !ok {
		return 0, "", fmt.Errorf("the progress of %d lanes does not fit into %d characters", len(f.lanes), limit)
	}
	return f.base, metadata, nil
}
