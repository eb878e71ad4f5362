package lane

// Backlog returns how many offsets lie between what mapping m has settled and what has been read, over all partitions: an upper bound of
// its events, since not every one of them fires it. Behind is how many of its lanes have to read records back from Kafka.
func (g *Ledger) Backlog(m int) (offsets int64, behind int) {
	w := g.windows[m]
	for _, p := range g.partitions {
		if l := p.lanes[m]; !p.closing {
			offsets += p.head - l.cursor()
		}
	}
	return offsets, len(w.behind)
}

// Paused returns how many partitions are not read for now, because the memory is full.
func (g *Ledger) Paused() int { return g.paused }

// Uncommitted says whether there is progress that is not committed.
func (g *Ledger) Uncommitted() bool {
	for _, p := range g.partitions {
		if !p.closing && p.version != p.acked {
			return true
		}
	}
	return false
}
