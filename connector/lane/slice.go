package lane

import (
	"math"
	"time"
)

// Read asks for a slice of the log: the records at and after Offset that lanes in Lanes must deliver.
type Read struct {
	Partition *Partition
	Offset    int64
	Lanes     uint64

	lane *Lane
}

// NextRead picks the lane to read back for: of all lanes that are behind and have room, the one whose next record is oldest. Finish must follow.
func (g *Ledger) NextRead() (Read, bool) {
	var best *Lane
	oldest := time.Unix(math.MaxInt32, 0)
	for _, w := range g.windows {
		for _, l := range w.behind {
			if l.reading || !w.hungry(l) || !g.maySlice(w) {
				continue
			}
			at, ok := l.partition.arrivals.at(l.read)
			if !ok {
				at = time.Unix(math.MaxInt32-1, 0)
			}
			if at.Before(oldest) {
				best, oldest = l, at
			}
		}
	}
	if best == nil {
		return Read{}, false
	}
	best.reading = true
	best.window.slices++
	r := Read{Partition: best.partition, Offset: best.read, lane: best}
	for _, l := range best.partition.lanes {
		if l.behind && l.read >= best.read {
			r.Lanes |= l.bit()
		}
	}
	return r, true
}

// maySlice says whether the mapping may hold one more slice. When its slices are all held by lanes that cannot use them now, one is taken
// away: that lane reads again when it has room.
func (g *Ledger) maySlice(w *window) bool {
	limit := max(1, g.settings.Lanes[w.index].MaxSlices)
	if w.slices < limit {
		return true
	}
	for _, l := range w.ready {
		if l.slice && l.live >= w.share() {
			g.drop(l)
			g.fallBehind(l)
			return true
		}
	}
	return false
}

// Finish hands in the slice that was read, or nil when that did not work; the lane then asks again. The block must begin at
// the offset asked for. Other lanes that stand in it use it as well.
func (g *Ledger) Finish(r Read, b *Block, now time.Time) {
	l := r.lane
	l.reading = false
	l.window.slices--
	if l.partition.closing || b == nil || b.Next <= b.From {
		g.readsWanted = true
		return
	}
	for _, o := range r.Partition.lanes {
		if !o.behind || !b.holds(o.read) || r.Lanes&o.bit() == 0 || o.reading {
			continue
		}
		o.slice = true
		o.window.slices++
		g.ref(b)
		g.enter(o, b)
		g.advance(o, now)
	}
	g.readsWanted = true
}

// Lost tells the ledger that the log of p begins at start: older records are gone from Kafka. Lanes whose next offset is below and no longer
// in memory skip to what is left. It returns how many offsets were skipped at most, and by which lanes (bits): that is loss,
// and must be reported as such.
func (g *Ledger) Lost(p *Partition, start int64, now time.Time) (offsets int64, lanes uint64) {
	skip := func(l *Lane, to int64) {
		offsets = max(offsets, to-l.read)
		lanes |= l.bit()
		g.drop(l)
		l.moveTo(to)
	}
	if p.head < start { // a hole: lanes that still have records in memory come to it later
		hole := start - p.head
		offsets = hole
		for _, l := range p.lanes {
			lanes |= l.bit()
		}
		g.Append(p, &Block{From: p.head, Next: start}, p.epoch, now)
	}
	left := start
	if len(p.cache) > 0 {
		left = min(left, p.cache[0].From)
	}
	for _, l := range p.lanes {
		if l.behind && l.read < left {
			skip(l, left)
			l.behind = false
			l.window.removeBehind(l)
			g.advance(l, now)
		}
	}
	return offsets, lanes
}
