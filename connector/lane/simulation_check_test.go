package lane

import (
	"slices"
	"time"
)

// check holds the ledger's state against its own rules.
func (w *world) check() {
	held := map[*Block]bool{}
	paused := 0
	for _, o := range w.owned {
		if o == nil {
			continue
		}
		w.checkCache(o.p, held)
		for bit, l := range o.p.lanes {
			w.checkLane(bit, l, held)
		}
		if o.p.paused {
			paused++
		}
	}
	total := 0
	for b := range held {
		total += b.size()
	}
	if total != w.g.held {
		w.failf("ledger counts %d bytes held, there are %d", w.g.held, total)
	}
	if pinned := w.pinned(); pinned > w.g.settings.CacheBytes {
		w.failf("events that are held keep %d bytes of blocks, the budget is %d", pinned, w.g.settings.CacheBytes)
	}
	if paused != w.g.paused {
		w.failf("ledger counts %d paused partitions, there are %d", w.g.paused, paused)
	}
	lent := 0
	for _, win := range w.g.windows {
		w.checkWindow(win)
		lent += win.lent
	}
	if p := w.g.pool; lent != p.lent || lent > p.pieces || p.pieces*p.piece > w.shape.shared {
		w.failf("the pool counts %d pieces of %d bytes lent out of %d, the windows %d; it may hold %d bytes", p.lent, p.piece, p.pieces, lent, w.shape.shared)
	}
	w.checkAwake()
}

// pinned returns the bytes of the blocks that events keep.
func (w *world) pinned() (bytes int) {
	kept := map[*Block]bool{}
	for _, o := range w.owned {
		if o == nil {
			continue
		}
		for _, l := range o.p.lanes {
			for e := l.first; e != nil; e = e.next {
				if e.block != nil && !kept[e.block] {
					kept[e.block] = true
					bytes += e.block.size()
				}
			}
		}
	}
	return bytes
}

func (w *world) checkCache(p *Partition, held map[*Block]bool) {
	bytes, at := 0, p.head
	for i, b := range slices.Backward(p.cache) {
		if b.Next != at || b.From >= b.Next {
			w.failf("block %d of the cache is [%d,%d), want an end at %d", i, b.From, b.Next, at)
		}
		at = b.From
		bytes += b.size()
		held[b] = true
	}
	if bytes != p.cacheBytes {
		w.failf("partition counts %d cached bytes, there are %d", p.cacheBytes, bytes)
	}
	needed := func(l *Lane) bool { return l.read < p.cache[0].Next || l.slice } // a slice may reach into the cache
	if len(p.cache) > 0 && !p.closing && !slices.ContainsFunc(p.lanes, needed) {
		w.failf("every lane has passed [%d,%d), and it is still cached", p.cache[0].From, p.cache[0].Next)
	}
}

func (w *world) checkLane(bit int, l *Lane, held map[*Block]bool) {
	lane := w.config[bit]
	live, bytes, last := 0, 0, int64(-1)
	for e := l.first; e != nil; e = e.next {
		if e.Offset <= last {
			w.failf("lane %d: undone events out of order: %d after %d", lane, e.Offset, last)
		}
		last = e.Offset
		live++
		bytes += e.Size()
		if e.block != nil {
			held[e.block] = true
		}
	}
	if live != l.live || bytes != l.bytes {
		w.failf("lane %d counts %d undone events of %d bytes, the list has %d of %d", lane, l.live, l.bytes, live, bytes)
	}
	if l.slice {
		held[l.block] = true
	}
	switch {
	case last >= l.read:
		w.failf("lane %d stands at %d and has taken %d", lane, l.read, last)
	case l.partition.closing:
		if l.ready || l.behind || l.block != nil {
			w.failf("lane %d of a closing partition is ready: %v, behind: %v", lane, l.ready, l.behind)
		}
	case l.ready:
		switch r := l.record(); {
		case l.behind || l.window.ready[l.index] != l:
			w.failf("lane %d is ready, but behind: %v, or not in its window's heap", lane, l.behind)
		case r.Offset != l.read || !l.block.holds(l.read) || l.block.Match[l.at]>>bit&1 == 0:
			w.failf("lane %d stands at %d and offers %d of [%d,%d)", lane, l.read, r.Offset, l.block.From, l.block.Next)
		}
	case l.behind:
		if l.block != nil || !slices.Contains(l.window.behind, l) || l.partition.cached(l.read) != nil {
			w.failf("lane %d is behind at %d, but has a block: %v, or is not listed, or the cache has it", lane, l.read, l.block != nil)
		}
	case l.blocked:
		if l.block != nil || l.slice || !slices.Contains(l.window.blocked, l) || len(l.chains) == 0 && !l.loose {
			w.failf("lane %d is blocked at %d, but has a block: %v, or is not listed, or waits for nothing", lane, l.read, l.block != nil)
		}
	case l.read != l.partition.head:
		w.failf("lane %d rests at %d, the head is %d: nothing would ever move it", lane, l.read, l.partition.head)
	}
	if !l.partition.closing && len(l.skip) > 0 && l.skip[0].lo <= l.read {
		w.failf("lane %d stands at %d and has not skipped [%d,%d)", lane, l.read, l.skip[0].lo, l.skip[0].hi)
	}
}

func (w *world) checkWindow(win *window) {
	lane := w.config[win.index]
	var lanes, events, bytes, slices, ready, behind, retrying, parked, parkedBytes, blocked, loose int
	for _, o := range w.owned {
		if o == nil {
			continue
		}
		l := o.p.lanes[win.index]
		events, bytes = events+l.live, bytes+l.bytes
		if !o.p.closing {
			lanes++
			before := parked
			for e := l.first; e != nil; e = e.next {
				switch {
				case e.state != waiting:
				case e.Before() != nil:
					parked, parkedBytes = parked+1, parkedBytes+e.Size()
				default:
					retrying++
				}
			}
			if parked-before != l.parked {
				w.failf("lane %d counts %d parked events, there are %d", lane, l.parked, parked-before)
			}
			w.checkChains(lane, l)
		}
		for _, is := range []struct {
			bool
			n *int
		}{{l.slice, &slices}, {l.ready, &ready}, {l.behind, &behind}, {l.blocked, &blocked}, {l.loose, &loose}} {
			if is.bool {
				*is.n++
			}
		}
	}
	for _, r := range w.reads {
		if r.lane.window == win {
			slices++
		}
	}
	if events != win.events || bytes != win.bytes || lanes != win.lanes {
		w.failf("window of lane %d counts %d events, %d bytes, %d lanes; there are %d, %d, %d", lane, win.events, win.bytes, win.lanes, events, bytes, lanes)
	}
	if slices != win.slices || slices > win.maxSlices {
		w.failf("window of lane %d counts %d slices of %d, there are %d", lane, win.slices, win.maxSlices, slices)
	}
	if ready != len(win.ready) || behind != len(win.behind) || retrying != len(win.retries) {
		w.failf("window of lane %d lists %d ready, %d behind, %d waiting; there are %d, %d, %d", lane, len(win.ready), len(win.behind), len(win.retries), ready, behind, retrying)
	}
	if parked != win.parked || parkedBytes != win.parkedBytes || blocked != len(win.blocked) || loose != win.loose {
		w.failf("window of lane %d counts %d events parked, %d bytes, %d lanes blocked, %d loose; there are %d, %d, %d, %d", lane,
			win.parked, win.parkedBytes, len(win.blocked), win.loose, parked, parkedBytes, blocked, loose)
	}
	if win.lent < 0 || win.capBytes != win.ownBytes+win.lent*w.g.pool.piece || events == 0 && win.lent > 0 {
		w.failf("window of lane %d with %d events may hold %d bytes: %d of its own, and %d pieces", lane, events, win.capBytes, win.ownBytes, win.lent)
	}
	if events > max(1, win.capEvents) || bytes > win.capBytes && events > 1 {
		w.failf("window of lane %d holds %d of %d events, %d of %d bytes", lane, events, win.capEvents, bytes, win.capBytes)
	}
}

// checkAwake finds what somebody could do whom nobody has woken.
func (w *world) checkAwake() {
	woken, reads := w.g.Woken()
	w.asleep &^= woken
	w.readersAsleep = w.readersAsleep && !reads
	for m, win := range w.g.windows {
		if w.asleep>>m&1 == 1 && win.loose > 0 {
			w.failf("a lane %d could look again, and nobody is woken", w.config[m])
		}
		if l := win.next(); w.asleep>>m&1 == 1 && l != nil && w.g.admits(win, l.record().Size()) {
			w.failf("lane %d could take %d, and nobody is woken", w.config[m], l.read)
		}
	}
	if l := w.g.nextRead(^uint64(0)); w.readersAsleep && l != nil {
		w.failf("lane %d could be read back for at %d, and nobody is woken", w.config[l.window.index], l.read)
	}
	for _, p := range w.g.partitions {
		if p.paused && p.fastest() >= p.head && !w.g.MayResume() {
			w.failf("partition %d could go on, and nobody is woken", p.Number)
		}
	}
}

// checkEvicted holds the cache against its budget, right after something was appended to p.
func (w *world) checkEvicted(p *Partition) {
	if w.g.held <= w.g.settings.CacheBytes {
		return
	}
	for _, q := range w.g.partitions {
		if n := len(q.cache); n > 0 && (q != p || n > 1) && q.cache[0].Next <= q.fastest() {
			w.failf("%d bytes are held, the budget is %d, and [%d,%d) of partition %d is kept though a driving lane has passed it",
				w.g.held, w.g.settings.CacheBytes, q.cache[0].From, q.cache[0].Next, q.Number)
		}
	}
}

// finish lets a last process, which knows every mapping, deliver what is left, and checks that nothing is missing. As long as possible the endpoint
// of one mapping is dead: the others must not notice. Everything is driven by what the ledger wakes, as in production.
func (w *world) finish(seed uint64) {
	w.begin(seed, 0)
	dead := -1
	config := w.rnd.Perm(w.shape.lanes)
	if w.shape.lanes > 2 {
		dead = w.rnd.IntN(w.shape.lanes - 1) // not the background lane: it does not drive the reading
	}
	w.trace("a last process begins, the endpoint of lane %d is dead", dead)
	w.start(config)
	for i := range w.owned {
		if w.owned[i] == nil {
			w.assign(i)
		}
	}
	w.drive(dead)
	for i, o := range w.owned {
		for bit, l := range o.p.lanes {
			if at, end := l.cursor(), int64(len(o.log.match)); config[bit] != dead && at != end {
				w.failf("partition %d: lane %d stops at %d of %d because lane %d is dead", i, config[bit], at, end, dead)
			}
		}
	}
	w.pass(1000 * time.Hour)
	w.drive(-1)
	for i, o := range w.owned {
		for lane := range w.shape.lanes {
			if at := o.log.settledBelow(lane); at != int64(len(o.log.match)) {
				w.failf("partition %d: lane %d has never delivered %d", i, lane, at)
			}
		}
		c := w.snapshot(o, 4096)
		if want := int64(len(o.log.match)); c.Offset != want {
			w.failf("partition %d: all is delivered, and %d of %d is committed", i, c.Offset, want)
		}
	}
}

// drive delivers until nothing moves any more. The events of the dead lane are retried much later.
func (w *world) drive(dead int) {
	awake, readers := uint64(1)<<len(w.config)-1, true
	settled := w.settled
	for idle, moved := 0, true; moved || awake != 0 || readers; idle++ {
		if moved = false; settled != w.settled {
			settled, idle = w.settled, 0
		}
		if idle > 1000 {
			w.failf("much is done, and nothing is delivered any more")
		}
		for _, o := range w.owned {
			if head := o.p.head; head < int64(len(o.log.match)) || head < o.log.start {
				w.appendTo(o)
				moved = moved || !o.p.Paused()
			}
		}
		w.g.Pause()
		for m := range w.config {
			if due, ok := w.g.NextDue(m); awake>>m&1 == 0 && (!ok || due.After(w.now)) {
				continue
			}
			awake &^= 1 << m
			if len(w.takeFrom(m, 1+w.rnd.IntN(4))) > 0 {
				awake |= 1 << m
				moved = true
			}
		}
		for range w.rnd.IntN(len(w.taken) + 2) {
			switch e := w.pickSent(); {
			case e == nil:
			case w.config[e.Lane()] == dead:
				w.g.Retry(e, w.now.Add(100*time.Hour))
			default:
				w.deliver(e)
			}
		}
		if readers {
			readers = w.nextRead()
		}
		for len(w.reads) > 0 && (!readers || w.rnd.IntN(2) == 0) {
			w.finishRead()
			moved = true
		}
		for len(w.postponed) > 0 && w.rnd.IntN(2) == 0 {
			w.resumeRead()
		}
		moved = moved || len(w.taken)+len(w.reads)+len(w.postponed) > 0 || w.g.MayResume()
		woken, reads := w.g.Woken()
		awake, readers = awake|woken, readers || reads
		w.asleep &^= woken
		w.readersAsleep = w.readersAsleep && !reads
		w.check()
		w.pass(time.Second)
	}
}
