package lane

import (
	"container/heap"
	"hash/maphash"
	"time"
)

// window is what one mapping may hold at once, over all its partitions: events taken and not settled. A full window stops
// the mapping's lanes and nothing else.
//
// Its lanes share it. Oldest first: among lanes that have something, the one whose next record was read first goes first. While some lane
// has to read its records back from Kafka, the others leave room for it, or fresh records would fill the window before
// the old ones arrive.
type window struct {
	index      int // of the mapping, and of its bit in Block.Match
	id         uint32
	start      Start
	capEvents  int
	ownBytes   int // of capBytes, what nobody can take from it
	capBytes   int
	lent       int // pieces of the pool
	maxSlices  int
	events     int
	bytes      int
	lanes      int       // on partitions that are not closing
	oneEvents  int       // what one lane may hold whatever the others do: its share of capEvents
	oneBytes   int       // and of capBytes
	ready      ready     // lanes with a next record in memory
	behind     []*Lane   // lanes whose next records have to be read back
	slices     int       // slices read back, or being read, and not used up
	retries    retries   // events that wait for their next attempt
	latest     time.Time // when the record that was taken last had arrived, of those from the cache
	failing    bool      // its endpoint fails: see SetFailing
	background bool      // never drives the reading: see Identity.Background

	// Only where events wait for each other.
	order       Order
	reordered   bool // it has just changed
	seed        maphash.Seed
	parked      int // events that wait for another one
	parkedBytes int
	blocked     []*Lane // lanes whose next record has to wait
	loose       int     // of them, those that may look again
}

// share divides the window among n more lanes.
func (w *window) share(n int) {
	w.lanes += n
	w.oneEvents = max(1, w.capEvents/max(1, w.lanes))
	w.oneBytes = w.capBytes / max(1, w.lanes)
}

// allows says whether lane l may hold so many more events and bytes while others are behind: within its share always, beyond it as
// long as half of the window stays free for them.
func (w *window) allows(l *Lane, events, bytes int) bool {
	return l.live+events <= w.oneEvents && l.bytes+bytes <= w.oneBytes ||
		w.events+events <= w.capEvents/2 && w.bytes+bytes <= w.capBytes/2
}

// mayTake says whether the ready lane l may take its next record, as far as the lanes that are behind are concerned.
// A lane that holds nothing always may.
func (w *window) mayTake(l *Lane) bool {
	return len(w.behind) == 0 || l.live == 0 || w.allows(l, 1, l.record().Size())
}

// next returns the lane to take from, or nil: of those that may, the one whose next record was read first.
func (w *window) next() *Lane {
	if len(w.ready) == 0 {
		return nil
	}
	if l := w.ready[0]; w.mayTake(l) {
		return l
	}
	var first *Lane
	for _, l := range w.ready {
		if (first == nil || l.arrived.Before(first.arrived)) && w.mayTake(l) {
			first = l
		}
	}
	return first
}

// room says whether a record of size bytes may be taken now. An empty window admits anything, or a large record would stop it for ever.
func (w *window) room(size int) bool {
	return w.events == 0 || w.events < w.capEvents && w.bytes+size <= w.capBytes
}

// hungry says whether reading back for lane l makes sense: only with room for a good part of its share, or a lane
// behind a dead endpoint would read a slice again and again to take one event each time. A lane that holds nothing always is: however
// busy the others are, it is the next to take when it has its slice.
func (w *window) hungry(l *Lane) bool {
	events, bytes := w.meal(l)
	return l.live == 0 ||
		w.allows(l, events, bytes) && w.events+events <= w.capEvents && w.bytes+bytes <= w.capBytes
}

// meal is how much room there must be to read back for lane l.
func (w *window) meal(l *Lane) (events, bytes int) {
	return max(1, w.oneEvents/4), max(w.ownBytes/max(1, w.lanes)/4, l.needs)
}

// spare returns a lane that holds a slice and cannot use it now, because it has to leave room for others; nil when there is none.
func (w *window) spare() *Lane {
	for _, l := range w.ready {
		if l.slice && !w.mayTake(l) {
			return l
		}
	}
	return nil
}

func (w *window) removeBehind(l *Lane) {
	for i, x := range w.behind {
		if x == l {
			w.behind[i] = w.behind[len(w.behind)-1]
			w.behind = w.behind[:len(w.behind)-1]
			return
		}
	}
}

// ready is a heap of lanes, the one whose next record was read first on top.
type ready []*Lane

func (h ready) Len() int           { return len(h) }
func (h ready) Less(i, j int) bool { return h[i].arrived.Before(h[j].arrived) }
func (h ready) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = i, j }

// Push implements heap.Interface.
func (h *ready) Push(x any) {
	l, ok := x.(*Lane)
	if !ok {
		return
	}
	l.index = len(*h)
	*h = append(*h, l)
}

// Pop implements heap.Interface.
func (h *ready) Pop() any {
	old := *h
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return l
}

// Take appends to dst up to n events of mapping m that are to be attempted now, at most about maxBytes of records (one event is
// always allowed): first those whose retry is due, then new ones. The caller owns them until Settle or Retry.
func (g *Ledger) Take(dst []*Event, m, n, maxBytes int, now time.Time) []*Event {
	w := g.windows[m]
	if w.order != OrderNone {
		return g.takeInOrder(dst, w, n, maxBytes, now)
	}
	size := 0
	n += len(dst)
	for len(dst) < n && len(w.retries) > 0 && !w.retries[0].due.After(now) {
		e := w.retries[0]
		if size > 0 && size+e.Size() > maxBytes {
			return dst
		}
		heap.Pop(&w.retries)
		e.state = taken
		e.lane.partition.inflight++
		size += e.Size()
		dst = append(dst, e)
	}
	for len(dst) < n {
		l := g.next(w)
		if l == nil {
			break
		}
		s := l.record().Size()
		if size > 0 && size+s > maxBytes || !g.admit(w, s) {
			break
		}
		size += s
		dst = append(dst, g.take(l, now))
	}
	return dst
}

// take moves the lane's next record into its list of undone events.
func (g *Ledger) take(l *Lane, now time.Time) *Event {
	w, p := l.window, l.partition
	r := l.record()
	e := &Event{Record: r, lane: l, Deadline: l.arrived.Add(g.settings.Window)}
	if g.held > g.settings.CacheBytes { // its block may soon stay for this event alone, and with it others for others
		e.Record = r.clone()
	} else {
		e.block = l.block
		e.block.refs++
	}
	if !l.block.arrived.IsZero() {
		w.latest = l.block.arrived
	}
	l.push(e)
	if w.order != OrderNone {
		if key, ordered := w.chainKey(r); ordered {
			l.join(e, key, g.run)
		}
	}
	w.events++
	w.bytes += r.Size()
	p.inflight++
	l.read = r.Offset + 1
	l.at++
	p.changed()
	g.advance(l, now)
	if len(w.behind) > 0 && w.slices >= w.maxSlices {
		g.reads |= 1 << w.index // some lane may have to give its slice away now
	}
	return e
}

// Settle records that the event needs nothing more: it was delivered, or its dead letter is acknowledged. It says whether that
// still counts: false when the partition was given up meanwhile.
func (g *Ledger) Settle(e *Event) bool {
	if e.Gone() {
		return false
	}
	l := e.lane
	l.partition.inflight--
	l.unlink(e)
	g.release(e)
	if e.turn != nil {
		g.leave(e)
	}
	l.partition.changed()
	g.wake(l.window)
	return true
}

// CopyOut copies the event's bytes out of their block, for an event that may be held for long: it would keep the whole block in memory.
// Nobody may be reading the event's record meanwhile.
func (g *Ledger) CopyOut(e *Event) {
	if e.block != nil {
		e.Record = e.Record.clone()
		g.unref(e.block)
		e.block = nil
	}
}

// Retry gives the event back until due. Its bytes are copied out of their block first: it may wait for hours.
func (g *Ledger) Retry(e *Event, due time.Time) bool {
	if e.Gone() {
		return false
	}
	e.lane.partition.inflight--
	g.CopyOut(e)
	e.state, e.due = waiting, due
	if e.lane.partition.closing {
		e.index = nowhere
		return true // stays undone; its next owner goes on with it
	}
	if e.turn != nil {
		g.queue(e)
		return true
	}
	heap.Push(&e.lane.window.retries, e)
	return true
}

// NextDue returns when the next retry of mapping m is due.
func (g *Ledger) NextDue(m int) (time.Time, bool) {
	w := g.windows[m]
	if len(w.retries) == 0 {
		return time.Time{}, false
	}
	return w.retries[0].due, true
}

// Waiting returns how many events mapping m holds, and how many of them wait for a retry or their turn.
func (g *Ledger) Waiting(m int) (held, retrying int) {
	w := g.windows[m]
	return w.events, len(w.retries) + w.parked
}

// Ready says whether mapping m has something to take now.
func (g *Ledger) Ready(m int, now time.Time) bool {
	w := g.windows[m]
	if len(w.retries) > 0 && !w.retries[0].due.After(now) {
		return true
	}
	if w.loose > 0 {
		return true // perhaps: Take finds out
	}
	l := w.next()
	return l != nil && g.admits(w, l.record().Size())
}

// release frees what an event holds of its mapping's window.
func (g *Ledger) release(e *Event) {
	w := e.lane.window
	w.events--
	w.bytes -= e.Size()
	if e.block != nil {
		g.unref(e.block)
		e.block = nil
	}
	e.state = gone
	g.shrink(w)
}
