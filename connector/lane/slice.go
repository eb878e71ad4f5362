package lane

import (
	"cmp"
	"math"
	"time"
)

// Read asks for a slice of the log: the records at and after Offset that lanes in Lanes must deliver.
type Read struct {
	Partition *Partition
	Offset    int64
	Lanes     uint64

	lane       *Lane
	rewritten  int // the partition's, when it was asked for
	generation int // the ledger's, when it was asked for
}

// NextRead picks the lane to read back for. Finish must follow. The lane's mapping may hold another slice: when all it may hold are held,
// one is taken away from a lane that cannot use it now; that lane reads again when it can.
func (g *Ledger) NextRead() (Read, bool) {
	best := g.nextRead(g.reads)
	if best == nil {
		g.pool.wanting |= g.reads & (1<<len(g.windows) - 1) // it may be for want of room; lanes of former mappings leave bits behind
		g.reads = 0
		return Read{}, false
	}
	w := best.window
	if !w.hungry(best) {
		g.lend(w, g.pool.need(w.lacks(best)))
	}
	if w.slices >= w.maxSlices {
		g.giveUpSlice(w.spare())
	}
	g.turn = w.index + 1
	best.reading = true
	w.slices++
	r := Read{Partition: best.partition, Offset: best.read, lane: best, rewritten: best.partition.rewritten, generation: g.generation}
	for _, l := range best.partition.lanes {
		if l.behind && l.read >= best.read {
			r.Lanes |= l.bit()
		}
	}
	return r, true
}

// giveUpSlice takes its slice away from a lane. The cache may have the same records.
func (g *Ledger) giveUpSlice(l *Lane) {
	l.needs = l.record().Size()
	g.drop(l)
	g.trim(l.partition)
	if b := l.partition.cached(l.read); b != nil {
		g.enter(l, b)
	} else {
		g.fallBehind(l)
	}
}

// nextRead returns the lane to read back for, of those mappings, or nil. Mappings take turns, so one that reads its way through a long backlog does not keep
// the others waiting; of a mapping's lanes that can use a slice, the one whose next record is oldest goes first. Lanes whose
// last slice could not be read come after all others: a partition without leader must not occupy the readers.
func (g *Ledger) nextRead(mappings uint64) *Lane {
	var failed *Lane
	for i := range g.windows {
		w := g.windows[(g.turn+i)%len(g.windows)]
		if mappings>>w.index&1 == 0 || len(w.behind) == 0 || w.slices >= w.maxSlices && w.spare() == nil {
			continue
		}
		l := g.oldestBehind(w)
		if l != nil && !l.failed {
			return l
		}
		failed = cmp.Or(failed, l)
	}
	return failed
}

// oldestBehind returns the lane of window w to read back for, or nil.
func (g *Ledger) oldestBehind(w *window) *Lane {
	var best *Lane
	var oldest int64
	for _, l := range w.behind {
		if l.reading || best != nil && l.failed && !best.failed || !w.hungry(l) && !g.mayFeed(l) {
			continue
		}
		at := int64(math.MaxInt64)
		if t, ok := l.partition.arrivals.at(l.read); ok {
			at = t.Unix()
		}
		if best == nil || best.failed && !l.failed || at < oldest {
			best, oldest = l, at
		}
	}
	return best
}

// Finish hands in the slice that was read, or nil when that did not work; the lane then asks again. The block must begin at
// the offset asked for. Other lanes that stand in it use it as well, if they could ask for one of their own.
func (g *Ledger) Finish(r Read, b *Block, now time.Time) {
	g.Postpone(r)
	g.finish(r, b, now)
}

// Postpone ends a read that cannot be done for now: what it would have become is free for other lanes of the mapping. The lane does not ask again
// until Resume.
func (g *Ledger) Postpone(r Read) {
	r.lane.window.slices--
	if !r.lane.removed {
		g.reads |= r.lane.bit()
	}
}

// Resume lets the lane of a postponed read ask again.
func (g *Ledger) Resume(r Read, now time.Time) { g.finish(r, nil, now) }

func (g *Ledger) finish(r Read, b *Block, now time.Time) {
	l := r.lane
	l.reading = false
	if !l.removed {
		g.reads |= l.bit()
	}
	if r.generation != g.generation { // matched for other mappings
		return
	}
	if r.rewritten != r.Partition.rewritten {
		b = nil // other records stand there now
	}
	if b != nil {
		b.end(r.Partition.head) // what is beyond has not been read by the group's reader yet, and will be
	}
	l.failed = b == nil || b.Next <= b.From
	if l.partition.closing || l.failed {
		return
	}
	for _, o := range r.Partition.lanes {
		if !o.behind || !b.holds(o.read) || r.Lanes&o.bit() == 0 {
			continue
		}
		if w := o.window; o != l && (w.slices >= w.maxSlices || !w.hungry(o)) {
			continue // a lane that cannot use it now would only keep it in memory
		}
		o.slice = true
		o.window.slices++
		g.ref(b)
		g.enter(o, b)
		g.advance(o, now)
	}
}

// Lost tells the ledger that the log of p begins at start: older records are gone from Kafka. Lanes whose next offset is below and no longer
// in memory skip to what is left. That is loss, and must be reported as such.
func (g *Ledger) Lost(p *Partition, start int64, now time.Time) Loss {
	var loss Loss
	if p.closing {
		return loss
	}
	left := min(start, p.head) // where what is in memory begins
	if len(p.cache) > 0 {
		left = min(left, p.cache[0].From)
	}
	hole := max(0, start-p.head)
	if hole > 0 { // lanes that still have records in memory come to it later
		for _, l := range p.lanes {
			loss.add(l, hole)
		}
		g.Append(p, &Block{From: p.head, Next: start}, -1, now)
	}
	for _, l := range p.lanes {
		if l.behind && l.read < left {
			loss.add(l, left-l.read+hole)
			l.moveTo(left)
			g.catchUp(l)
			g.advance(l, now)
		}
	}
	return loss
}
