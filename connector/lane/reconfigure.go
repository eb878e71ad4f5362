package lane

import (
	"fmt"
	"hash/maphash"
	"slices"
	"time"
)

// Origin says where the log of a partition begins, for lanes that are new to it.
type Origin struct {
	LogStart int64                 // oldest offset in the log; -1 when unknown
	At       func(time.Time) int64 // as in Restored; nil when there is no lane with StartTime
}

// Reconfigured reports what a new configuration changed on one partition.
type Reconfigured struct {
	Partition *Partition
	Started   []int    // lanes that are new on it, by their new index
	Resumed   []int    // lanes that had been frozen
	Frozen    []uint32 // lanes of mappings that are no longer configured, kept until they are retired
}

// Reconfigure replaces the mappings while everything goes on. A lane whose mapping is still there, whatever its new place, keeps its progress, its
// events and what it has under way. One whose mapping is gone is frozen, as it would be after a restart: what it had under way no longer counts. A mapping
// that is new begins where its Start says, or where it was frozen. What is in memory was matched for the old mappings, so it is
// forgotten, and read back by those who need it: from its position on, every lane is asked by the new triggers.
//
// The caller must not hand in blocks that were matched for the old mappings any more; slices under way are recognised and asked for
// again. On an error nothing has changed.
func (g *Ledger) Reconfigure(lanes []Identity, origin func(*Partition) Origin, now time.Time) ([]Reconfigured, error) {
	fresh, err := newWindows(lanes)
	if err != nil {
		return nil, err
	}
	g.generation++
	for _, p := range g.partitions {
		g.forget(p)
	}
	old := g.windows
	g.settings.Lanes = lanes
	g.windows = make([]*window, len(fresh))
	for i, f := range fresh {
		w := f
		if j := slices.IndexFunc(old, func(o *window) bool { return o.id == f.id }); j >= 0 {
			w = old[j]
			w.adopt(f)
		}
		g.windows[i] = w
	}
	g.woken, g.reads, g.turn, g.pool.wanting = 0, 0, 0, 0
	out := make([]Reconfigured, len(g.partitions))
	for i, p := range g.partitions {
		out[i] = g.relane(p, origin(p), now)
	}
	for _, p := range g.partitions {
		for _, l := range p.lanes {
			if l.window.reordered {
				g.reorder(l)
			}
			g.advance(l, now)
		}
	}
	for _, w := range g.windows {
		g.wake(w)
	}
	g.caughtUp = true
	return out, nil
}

// newWindows makes the windows of lanes; it refuses more than MaxLanes and identities whose ids collide.
func newWindows(lanes []Identity) ([]*window, error) {
	if len(lanes) > MaxLanes {
		return nil, fmt.Errorf("%d lanes, at most %d are possible", len(lanes), MaxLanes)
	}
	ids := map[uint32]string{}
	windows := make([]*window, len(lanes))
	for i, l := range lanes {
		id := LaneID(l.Name)
		if other, taken := ids[id]; taken {
			return nil, fmt.Errorf("mappings %q and %q have the same lane id: rename one of them", other, l.Name)
		}
		ids[id] = l.Name
		windows[i] = &window{
			index: i, id: id, start: l.Start, background: l.Background,
			capEvents: l.Events, ownBytes: l.Bytes, capBytes: l.Bytes, maxSlices: max(1, l.MaxSlices),
			order: l.Order, seed: maphash.MakeSeed(),
		}
	}
	return windows, nil
}

// adopt takes over what a new configuration says.
func (w *window) adopt(f *window) {
	w.index, w.start, w.background = f.index, f.start, f.background
	w.capBytes += f.ownBytes - w.ownBytes
	w.capEvents, w.ownBytes, w.maxSlices = f.capEvents, f.ownBytes, f.maxSlices
	w.reordered, w.order = w.order != f.order, f.order
	w.share(0)
}

// forget drops what is in memory of a partition, but for events that are taken. The lanes stand nowhere until they advance.
func (g *Ledger) forget(p *Partition) {
	for _, l := range p.lanes {
		g.rest(l)
		g.catchUp(l)
		l.failed = false
	}
	for len(p.cache) > 0 {
		g.uncache(p)
	}
}

// relane gives p a lane for each window. The lanes of the others are frozen.
func (g *Ledger) relane(p *Partition, from Origin, now time.Time) Reconfigured {
	out := Reconfigured{Partition: p}
	before := p.lanes
	p.lanes = make([]*Lane, len(g.windows))
	for i, w := range g.windows {
		if j := slices.IndexFunc(before, func(l *Lane) bool { return l.window == w }); j >= 0 {
			p.lanes[i] = before[j]
			continue
		}
		l := &Lane{partition: p, window: w}
		if j := slices.IndexFunc(p.frozen, func(f laneFacts) bool { return f.id == w.id }); j >= 0 {
			l.read, l.skip = p.frozen[j].cursor, p.frozen[j].done
			p.frozen = slices.Delete(p.frozen, j, j+1)
			out.Resumed = append(out.Resumed, i)
		} else {
			l.read = w.begin(Restored{LogStart: from.LogStart, At: from.At}, p.head)
			out.Started = append(out.Started, i)
			if l.read < p.head {
				p.arrivals.restart(p.head, now) // as in Assign
			}
		}
		if !p.closing {
			w.share(+1)
		}
		p.lanes[i] = l
	}
	for _, l := range before {
		if !slices.Contains(p.lanes, l) {
			p.frozen = append(p.frozen, g.freeze(l, now))
			out.Frozen = append(out.Frozen, l.window.id)
		}
	}
	sortLanes(p.frozen)
	p.changed()
	return out
}

// freeze ends a lane whose mapping is gone. Its events no longer count; its progress is kept.
func (g *Ledger) freeze(l *Lane, now time.Time) laneFacts {
	l.removed = true
	f := laneFacts{id: l.window.id, cursor: l.cursor(), frozen: frozenSince(now), done: slices.Clone(l.appendDone(nil))}
	for e := l.first; e != nil; e = e.next {
		if e.state == taken {
			l.partition.inflight--
		}
		g.release(e)
	}
	return f
}
