package lane

import "time"

// Outrun says that reading on would only mean reading twice: the memory for the ends of the partitions is more than half full, somebody has events to
// take, and nobody has come as far as to what arrived in the later half of the time that is cached. A mapping that has keeps up, and is not to be held back
// by the others; one that found nothing has no say; one whose endpoint fails wants everything read at once, see fastest.
func (g *Ledger) Outrun() bool {
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
		case len(w.ready) > 0, len(w.behind) > 0:
			outrun = true
		}
	}
	return outrun
}

// halfOfCached is the middle of the time in which the cached blocks arrived.
func (g *Ledger) halfOfCached() time.Time {
	var oldest, newest time.Time
	for _, p := range g.partitions {
		if len(p.cache) == 0 {
			continue
		}
		if first := p.cache[0].arrived; oldest.IsZero() || first.Before(oldest) {
			oldest = first
		}
		if last := p.cache[len(p.cache)-1].arrived; last.After(newest) {
			newest = last
		}
	}
	return oldest.Add(newest.Sub(oldest) / 2)
}
