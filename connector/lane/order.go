package lane

import (
	"container/heap"
	"hash/maphash"
	"time"
)

// Order says which events of a lane wait for each other.
type Order uint8

// The orders. An event that has to wait is handed out when every event before it is settled, or together with those before it by the
// same Take. Its lane's other events do not wait.
const (
	OrderNone      Order = iota // none do
	OrderKey                    // those of the same key; records without a key do not
	OrderPartition              // all of a partition
)

// chain is the undone events of a lane that wait for each other, by offset. Those that are taken stand in front.
type chain struct {
	key         uint64
	first, last *Event
}

// turn is an event's place in its chain.
type turn struct {
	chain      *chain
	prev, next *Event
	run        uint64 // the Take that handed it out last
}

// Where a waiting event waits, when it is not in the retry heap.
const (
	nowhere = -1 // its partition is closing
	inChain = -2 // in its chain, behind another event
)

// Before returns the undone event that this one has to wait for, nil when there is none.
func (e *Event) Before() *Event {
	if e.turn == nil {
		return nil
	}
	return e.turn.prev
}

// chainKey is what the records that wait for each other have in common. Two keys that hash alike wait for each other: late, never wrong.
func (w *window) chainKey(r *Record) (key uint64, ordered bool) {
	switch {
	case w.order == OrderPartition:
		return 0, true
	case w.order == OrderNone || r.Key == nil:
		return 0, false
	default:
		return maphash.Bytes(w.seed, r.Key), true
	}
}

// join puts an event that was just taken at the end of its chain.
func (l *Lane) join(e *Event, key, run uint64) {
	c := l.chains[key]
	if c == nil {
		c = &chain{key: key, first: e}
		if l.chains == nil {
			l.chains = map[uint64]*chain{}
		}
		l.chains[key] = c
	}
	e.turn = &turn{chain: c, prev: c.last, run: run}
	if c.last != nil {
		c.last.turn.next = e
	}
	c.last = e
}

// leave takes an event out of its chain. Whoever was behind the first is now first, and waits for nobody.
func (g *Ledger) leave(e *Event) {
	t := e.turn
	if t == nil {
		return
	}
	c, l := t.chain, e.lane
	if t.prev != nil {
		t.prev.turn.next = t.next
	} else {
		c.first = t.next
	}
	if t.next != nil {
		t.next.turn.prev = t.prev
	} else {
		c.last = t.prev
	}
	e.turn = nil
	switch {
	case c.first == nil:
		delete(l.chains, c.key)
	case t.prev == nil && c.first.state == waiting && c.first.index == inChain:
		g.unqueue(c.first)
		g.queue(c.first)
	}
	g.loosen(l)
}

// queue puts a waiting event where it waits: into the heap of retries, or behind its predecessor.
func (g *Ledger) queue(e *Event) {
	if e.turn == nil || e.turn.prev == nil {
		heap.Push(&e.lane.window.retries, e)
		g.wake(e.lane.window)
		return
	}
	e.index = inChain
	e.lane.count(1, e.Size())
}

// unqueue takes it from there.
func (g *Ledger) unqueue(e *Event) {
	switch {
	case e.index >= 0:
		heap.Remove(&e.lane.window.retries, int(e.index))
	case e.index == inChain:
		e.lane.count(-1, -e.Size())
	}
	e.index = nowhere
}

// takeInOrder is Take for a window whose events wait for each other. A run of a chain is handed out from its first event on.
func (g *Ledger) takeInOrder(dst []*Event, w *window, n, maxBytes int, now time.Time) []*Event {
	g.run++
	size := 0
	n += len(dst)
	fits := func(s int) bool { return size == 0 || size+s <= maxBytes }
	for len(dst) < n && len(w.retries) > 0 && !w.retries[0].due.After(now) {
		e := w.retries[0]
		if !fits(e.Size()) {
			return dst
		}
		for e != nil && len(dst) < n && e.state == waiting && !e.due.After(now) && fits(e.Size()) {
			g.handOut(e)
			size += e.Size()
			dst = append(dst, e)
			e = e.after()
		}
	}
	g.tryLoose(w, now)
	for len(dst) < n {
		l := g.next(w)
		if l == nil || !g.admit(w, l.record().Size()) {
			break
		}
		s := l.record().Size()
		if g.mayGo(l, true) {
			if !fits(s) {
				break
			}
			size += s
			dst = append(dst, g.take(l, now))
		} else {
			g.park(l, now)
		}
	}
	return dst
}

// after is the event that waits for this one.
func (e *Event) after() *Event {
	if e.turn == nil {
		return nil
	}
	return e.turn.next
}

// handOut gives a waiting event to whoever takes.
func (g *Ledger) handOut(e *Event) {
	g.unqueue(e)
	if e.turn != nil {
		e.turn.run = g.run
		g.loosen(e.lane)
	}
	e.state = taken
	e.lane.partition.inflight++
}

// mayGo says whether the next record of the ready lane l waits for no other event, or, if together, for such as are being handed out now.
func (g *Ledger) mayGo(l *Lane, together bool) bool {
	key, ordered := l.window.chainKey(l.record())
	if !ordered {
		return true
	}
	c := l.chains[key]
	return c == nil || together && c.last.state == taken && c.last.turn.run == g.run
}

// park takes the next record of l although it has to wait, so that what follows it need not. There is room for so many; a lane that finds
// none waits itself.
func (g *Ledger) park(l *Lane, now time.Time) {
	if l.window.order == OrderPartition || !l.mayPark(l.record().Size()) {
		g.block(l)
		return
	}
	e := g.take(l, now)
	l.partition.inflight--
	g.CopyOut(e)
	e.state, e.due = waiting, time.Time{}
	g.queue(e)
}

// mayPark says whether one more may wait for others: a lane may fill half of its share with such events, and beyond it a quarter of the
// window is lent. What waits for an event that nobody takes must leave room for all that does not.
func (l *Lane) mayPark(bytes int) bool {
	w := l.window
	return l.parked < max(1, w.oneEvents/2) && l.parkedBytes+bytes <= w.oneBytes/2 ||
		w.parked < w.capEvents/4 && w.parkedBytes+bytes <= w.capBytes/4
}

func (l *Lane) count(events, bytes int) {
	l.parked, l.parkedBytes = l.parked+events, l.parkedBytes+bytes
	l.window.parked, l.window.parkedBytes = l.window.parked+events, l.window.parkedBytes+bytes
}

// block lets a lane wait, because its next record has to and cannot be parked. It lets go of what it holds.
func (g *Ledger) block(l *Lane) {
	g.rest(l)
	g.trim(l.partition) // its slice may have reached into the cache
	l.blocked = true
	l.window.blocked = append(l.window.blocked, l)
}

// loosen lets a blocked lane look again: fewer of its events wait for each other.
func (g *Ledger) loosen(l *Lane) {
	if l.blocked && !l.loose {
		l.loose = true
		l.window.loose++
		g.wake(l.window)
	}
}

// tryLoose makes the lanes ready again that may have to wait no longer.
func (g *Ledger) tryLoose(w *window, now time.Time) {
	if w.loose == 0 {
		return
	}
	all := w.blocked
	w.blocked, w.loose = nil, 0
	for _, l := range all {
		if !l.loose {
			w.blocked = append(w.blocked, l)
			continue
		}
		l.blocked, l.loose = false, false
		g.advance(l, now)
	}
}

// unblock takes a lane out of its window's list of those that are blocked.
func (l *Lane) unblock() {
	if !l.blocked {
		return
	}
	w := l.window
	for i, x := range w.blocked {
		if x == l {
			w.blocked = append(w.blocked[:i], w.blocked[i+1:]...)
			break
		}
	}
	if l.loose {
		w.loose--
	}
	l.blocked, l.loose = false, false
}

// reorder lets the events of a lane wait for each other as its mapping now says. What is under way stays so.
func (g *Ledger) reorder(l *Lane) {
	queued := func(e *Event) bool { return e.state == waiting && !l.partition.closing }
	for e := l.first; e != nil; e = e.next {
		if queued(e) {
			g.unqueue(e)
		}
	}
	l.chains = nil
	for e := l.first; e != nil; e = e.next {
		e.turn = nil
		if key, ordered := l.window.chainKey(e.Record); ordered {
			l.join(e, key, 0)
		}
		if queued(e) {
			g.queue(e)
		}
	}
}
