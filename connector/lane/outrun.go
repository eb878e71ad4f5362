package lane

import (
	"slices"
	"time"
)

// Outrun says that reading on would only mean reading twice: what is in memory is more than half of what the ends of the partitions may take; one of the
// mappings in able (as bits: who could deliver now) is about to fall behind them, or just has; and nobody has come as far as to what arrived last. A
// mapping that has keeps up, and is not to be held back by the others. One that found nothing has no say, and neither has one that reads back
// what is long gone, for which a wait would change nothing.
func (g *Ledger) Outrun(able uint64) bool {
	if g.held <= g.settings.CacheBytes/2 {
		return false
	}
	half := g.halfOfCached()
	outrun := false
	for _, w := range g.windows {
		switch {
		case w.failing, w.background:
		case len(w.behind) == 0 && w.slices == 0 && !w.latest.Before(half):
			return false
		case able>>w.index&1 == 1 && w.losesTouch(half):
			outrun = true
		}
	}
	return outrun
}

// halfOfCached is when the middle one of the blocks arrived that the partition with the largest cache has.
func (g *Ledger) halfOfCached() time.Time {
	var most *Partition
	for _, p := range g.partitions {
		if len(p.cache) > 0 && (most == nil || p.cacheBytes > most.cacheBytes) {
			most = p
		}
	}
	if most == nil {
		return time.Time{}
	}
	return most.cache[len(most.cache)/2].arrived
}

// losesTouch says whether a lane of the window will have to read back what arrived before half, unless it gets to it first, or does so already and would be
// done with it soon: it stands before the cached blocks by less than they are long.
func (w *window) losesTouch(half time.Time) bool {
	for _, l := range w.ready {
		if l.slice && l.isNear() || !l.slice && l.arrived.Before(half) {
			return true
		}
	}
	return slices.ContainsFunc(w.behind, (*Lane).isNear)
}

func (l *Lane) isNear() bool {
	p := l.partition
	return len(p.cache) > 0 && p.head-l.read < 2*(p.head-p.cache[0].From)
}
