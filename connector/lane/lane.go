package lane

import (
	"container/heap"
	"time"
)

// Lane is one mapping's way through one partition. It pulls by position: read is the next offset it has not looked at, and the
// records come from wherever that offset can be had, the cache of the partition's tail or a slice read back from Kafka.
// Both know their exact next offset, so there is nothing to hand over between the two.
type Lane struct {
	partition *Partition
	window    *window

	read  int64  // everything below is settled, or in the list of undone events
	first *Event // undone events in offset order; they settle in any order
	last  *Event
	live  int    // undone events
	bytes int    // of their records
	skip  []span // settled before this process began, at or above read; ascending

	// Where the next record is, when it is in memory.
	block   *Block
	at      int  // index in block.Records
	slice   bool // block was read back for behind lanes and counts as one of the mapping's slices
	ready   bool // record at is the next to take; the lane is in its window's heap
	behind  bool // the next offset is in no block; the lane is in its window's list
	reading bool // a slice is being read for it
	failed  bool // the last slice that was asked for it could not be read
	needs   int  // bytes of the record at read, when it had to give a slice away because of it; 0 when unknown
	index   int  // place in the window's heap
	arrived time.Time
	removed bool // its mapping is gone: see Reconfigure

	// Only where events wait for each other.
	chains      map[uint64]*chain
	parked      int // events that wait for another one
	parkedBytes int
	blocked     bool // its next record has to wait, and no more may be parked; it is in its window's list
	loose       bool // blocked, and it may have changed
}

// cursor is the lane's progress: every record below it is settled.
func (l *Lane) cursor() int64 {
	if l.first != nil {
		return l.first.Offset
	}
	return l.read
}

func (l *Lane) bit() uint64 { return 1 << l.window.index }

// record is the next record to take of a ready lane.
func (l *Lane) record() *Record { return &l.block.Records[l.at] }

func (l *Lane) push(e *Event) {
	e.prev = l.last
	if l.last != nil {
		l.last.next = e
	} else {
		l.first = e
	}
	l.last = e
	l.live++
	l.bytes += e.Size()
}

// unlink takes a finished event out of the list. Its predecessor keeps count of the deliveries that lie between it and the next
// undone one: those are what a settled range is worth in the commit metadata.
func (l *Lane) unlink(e *Event) {
	if e.prev != nil {
		e.prev.next = e.next
		e.prev.settledAfter += e.settledAfter + 1
	} else {
		l.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.prev, e.next = nil, nil
	l.live--
	l.bytes -= e.Size()
}

// appendDone appends the settled stretches above the cursor that hold at least one delivery. The others are worth no bytes.
func (l *Lane) appendDone(out []span) []span {
	first := len(out)
	add := func(lo, hi int64, weight int) {
		if hi <= lo || weight == 0 {
			return
		}
		if n := len(out); n > first && out[n-1].hi == lo {
			out[n-1].hi = hi
			out[n-1].weight += weight
			return
		}
		out = append(out, span{lo, hi, weight})
	}
	for e := l.first; e != nil; e = e.next {
		hi := l.read
		if e.next != nil {
			hi = e.next.Offset
		}
		add(e.Offset+1, hi, e.settledAfter)
	}
	for _, s := range l.skip {
		add(max(s.lo, l.read), s.hi, s.weight)
	}
	return out
}

// jump moves past restored ranges that begin at the lane's position.
func (l *Lane) jump() {
	for len(l.skip) > 0 && l.skip[0].lo <= l.read {
		if s := l.skip[0]; s.hi > l.read {
			if l.last != nil {
				l.last.settledAfter += max(s.weight, 1)
			}
			l.moveTo(s.hi)
			if l.block != nil && l.block.holds(l.read) {
				l.at = l.block.search(l.read)
			}
		}
		l.skip = l.skip[1:]
	}
}

// advance moves the lane to its next record: past everything it need not deliver, until a record is at hand (ready), the end
// of what has been read is reached, or the next offset is no longer in memory (behind).
func (g *Ledger) advance(l *Lane, now time.Time) {
	p := l.partition
	for {
		l.jump()
		if l.read >= p.head || p.closing {
			g.rest(l)
			g.trim(p)
			g.caughtUp = g.caughtUp || p.paused
			return
		}
		if l.block == nil || !l.block.holds(l.read) {
			g.drop(l)
			g.trim(p)
			b := p.cached(l.read)
			if b == nil {
				g.fallBehind(l)
				return
			}
			g.enter(l, b)
		}
		end := l.block.Next
		if len(l.skip) > 0 {
			end = min(end, l.skip[0].lo)
		}
		if l.block.any&l.bit() == 0 {
			l.at = len(l.block.Records)
		}
		for l.at < len(l.block.Records) && l.block.Records[l.at].Offset < end && l.block.Match[l.at]&l.bit() == 0 {
			l.at++
		}
		if l.at < len(l.block.Records) && l.block.Records[l.at].Offset < end {
			l.moveTo(l.block.Records[l.at].Offset)
			g.offer(l, now)
			return
		}
		l.moveTo(end)
	}
}

func (l *Lane) moveTo(offset int64) {
	if offset != l.read {
		l.read = offset
		l.partition.changed()
	}
}

// enter points the lane at the record at or above its position in b.
func (g *Ledger) enter(l *Lane, b *Block) {
	l.block, l.at = b, b.search(l.read)
	g.catchUp(l)
}

// drop lets go of the lane's block.
func (g *Ledger) drop(l *Lane) {
	if l.slice {
		l.slice = false
		l.window.slices--
		g.unref(l.block)
		g.reads |= l.bit() // another lane may have a slice now
	}
	l.block = nil
}

// offer puts the lane's next record up for taking, or moves it in the heap.
func (g *Ledger) offer(l *Lane, now time.Time) {
	l.arrived = l.partition.arrivedAt(l.read, l.block, now)
	if l.ready {
		heap.Fix(&l.window.ready, l.index)
		return
	}
	l.ready = true
	heap.Push(&l.window.ready, l)
	g.wake(l.window)
}

// rest takes the lane out of its heap: nothing to take.
func (g *Ledger) rest(l *Lane) {
	if l.ready {
		l.ready = false
		heap.Remove(&l.window.ready, l.index)
	}
	l.unblock()
	g.drop(l)
}

func (g *Ledger) fallBehind(l *Lane) {
	if l.ready {
		l.ready = false
		heap.Remove(&l.window.ready, l.index)
	}
	if !l.behind {
		l.behind = true
		l.window.behind = append(l.window.behind, l)
	}
	g.wake(l.window) // it may have been first in line, for more room than there was
}

// catchUp takes the lane out of its window's list of lanes that are behind.
func (g *Ledger) catchUp(l *Lane) {
	if l.behind {
		l.behind, l.needs = false, 0
		l.window.removeBehind(l)
		g.wake(l.window) // others of the mapping are no longer held to their share
	}
}
