package lane

import "time"

// Commit is what may be committed for a partition now. It is a true statement and stays one for ever: what is settled does not become
// unsettled, so an old commit that arrives late costs duplicates at most.
type Commit struct {
	Partition *Partition
	Offset    int64 // lowest cursor of all lanes, the frozen ones included
	Metadata  string
	Dropped   int // settled ranges that did not fit

	version uint64
}

// Dirty returns the partitions whose progress is not committed.
func (g *Ledger) Dirty(now time.Time) []*Partition {
	var out []*Partition
	for _, p := range g.partitions {
		g.retire(p, now)
		if !p.closing && p.version != p.acked {
			out = append(out, p)
		}
	}
	return out
}

// Snapshot returns the commit for p with metadata of at most limit characters.
func (g *Ledger) Snapshot(p *Partition, limit int) Commit {
	f := facts{
		incarnation: p.incarnation, front: p.head, epoch: p.epoch, base: p.head,
		lanes: make([]laneFacts, 0, len(p.lanes)+len(p.frozen)),
	}
	spans := g.spans[:0]
	for _, l := range p.lanes {
		f.base = min(f.base, l.cursor())
		first := len(spans)
		spans = l.appendDone(spans)
		f.lanes = append(f.lanes, laneFacts{id: l.window.id, cursor: l.cursor(), done: spans[first:], unordered: l.window.order == OrderNone})
	}
	g.spans = spans
	for _, l := range p.frozen {
		f.base = min(f.base, l.cursor)
	}
	f.lanes = append(f.lanes, p.frozen...)
	p.arrivals = p.arrivals.from(f.base) // nobody asks about what is below; room for finer samples of the rest
	f.arrivals = p.arrivals
	c := Commit{Partition: p, Offset: f.base, version: p.version}
	if text, dropped, ok := f.encode(limit); ok {
		c.Metadata, c.Dropped = text, dropped
	}
	return c
}

// Acked records that the broker has accepted c.
func (g *Ledger) Acked(c Commit) {
	c.Partition.acked = max(c.Partition.acked, c.version)
}

// retire lets go of frozen lanes whose grace is over: nobody has known their mapping for that long, so it was removed, and its events
// are no longer wanted.
func (g *Ledger) retire(p *Partition, now time.Time) {
	kept := p.frozen[:0]
	for _, l := range p.frozen {
		if now.Sub(time.Unix(l.frozen*60, 0)) < g.settings.OrphanGrace {
			kept = append(kept, l)
			continue
		}
		r := Retired{Partition: p, ID: l.id, Cursor: l.cursor, Undelivered: p.head - l.cursor}
		for _, s := range l.done {
			r.Undelivered -= s.hi - s.lo
		}
		g.retired = append(g.retired, r)
		p.changed()
	}
	p.frozen = kept
}

// Retired is a lane that was let go of.
type Retired struct {
	Partition   *Partition
	ID          uint32
	Cursor      int64 // everything below was settled
	Undelivered int64 // offsets that were not; those that would not have matched count, so this is an upper bound
}

// Retired returns the lanes that Dirty has let go of since it was last asked.
func (g *Ledger) Retired() []Retired {
	r := g.retired
	g.retired = nil
	return r
}

// Oldest returns the lowest arrival time among the undone events and unread records of mapping m, over all its lanes: the age
// of its backlog. False when it has none.
func (g *Ledger) Oldest(m int, now time.Time) (time.Time, bool) {
	var oldest time.Time
	found := false
	for _, p := range g.partitions {
		l := p.lanes[m]
		if c := l.cursor(); c < p.head {
			at, ok := p.arrivals.at(c)
			if !ok {
				at = now
			}
			if l.first != nil {
				at = l.first.Deadline.Add(-g.settings.Window)
			}
			if !found || at.Before(oldest) {
				oldest, found = at, true
			}
		}
	}
	return oldest, found
}
