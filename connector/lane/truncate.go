package lane

import (
	"errors"
	"fmt"
	"time"
)

// Loss is what lanes will never see: it was in the log, and is no longer.
type Loss struct {
	Offsets int64  // that one lane has lost at most; gaps and records that it would not have had to deliver count, so this is an upper bound
	Lanes   uint64 // that have lost any, as bits
}

func (l *Loss) add(lane *Lane, offsets int64) {
	if offsets > 0 {
		l.Offsets = max(l.Offsets, offsets)
		l.Lanes |= lane.bit()
	}
}

// Truncate tells the ledger that the log of p was cut off at end, as happens when a replica becomes the leader that had not got everything:
// what was read from there on is gone, and other records will stand, or already stand, in its place. They are new to every lane, whatever was
// settled at these offsets before. Epoch is the leader epoch of the last record that is left, -1 when unknown. The loss is what had not
// been settled. Nothing happens when the log ends at the head or above.
func (g *Ledger) Truncate(p *Partition, end int64, epoch int32, now time.Time) Loss {
	var loss Loss
	if p.closing || end >= p.head {
		return loss
	}
	for _, l := range p.lanes {
		loss.add(l, l.unsettledFrom(end))
		g.rest(l)
		g.catchUp(l)
		for l.last != nil && l.last.Offset >= end {
			g.forgetLast(l)
		}
		l.read = min(l.read, end)
		l.skip = cutSpans(l.skip, end)
		g.wake(l.window)
	}
	for i := range p.frozen {
		f := &p.frozen[i]
		f.cursor, f.done = min(f.cursor, end), cutSpans(f.done, end)
	}
	g.cutCache(p, end)
	p.arrivals = p.arrivals.below(end)
	p.head, p.epoch = end, epoch
	p.rewritten++
	p.changed()
	for _, l := range p.lanes {
		g.advance(l, now)
	}
	return loss
}

// unsettledFrom counts the offsets from end up to the head that the lane has not settled.
func (l *Lane) unsettledFrom(end int64) int64 {
	n := max(0, l.partition.head-max(l.read, end))
	for _, s := range l.skip {
		n -= max(0, s.hi-max(s.lo, l.read, end))
	}
	for e := l.last; e != nil && e.Offset >= end; e = e.prev {
		n++
	}
	return n
}

// forgetLast takes the lane's last undone event out of the ledger. Whoever holds it finds it Gone. Its predecessor inherits nothing:
// what was settled after it is gone as well.
func (g *Ledger) forgetLast(l *Lane) {
	e := l.last
	if e.state == taken {
		l.partition.inflight--
	} else {
		g.unqueue(e)
	}
	l.last = e.prev
	if e.prev != nil {
		e.prev.next, e.prev = nil, nil
	} else {
		l.first = nil
	}
	l.live--
	l.bytes -= e.Size()
	g.release(e)
	g.leave(e)
}

// cutCache takes what is at or above end out of the cache. No lane may point into it.
func (g *Ledger) cutCache(p *Partition, end int64) {
	for n := len(p.cache); n > 0; n-- {
		b := p.cache[n-1]
		if b.Next <= end {
			return
		}
		before := b.size()
		b.end(end)
		cut := before - b.size()
		g.held -= cut
		p.cacheBytes -= cut
		if b.From < end {
			return
		}
		p.cache[n-1] = nil
		p.cache = p.cache[:n-1]
		p.cacheBytes -= b.size()
		g.unref(b)
	}
}

// cutSpans returns the parts of the spans below end.
func cutSpans(spans []span, end int64) []span {
	for n := len(spans); n > 0 && spans[n-1].hi > end; n-- {
		if spans[n-1].lo < end {
			spans[n-1].hi = end
			break
		}
		spans = spans[:n-1]
	}
	return spans
}

// below returns the samples as they are when the log was cut off at end.
func (a arrivals) below(end int64) arrivals {
	for i, s := range a {
		if s.offset >= end {
			a[i].offset = end
			return a[:i+1]
		}
	}
	return a
}

// Of says whether the partition belongs to the topic with this id, as far as that is known: a topic that was deleted and created again
// has another.
func (p *Partition) Of(topicID [16]byte) bool {
	i := Incarnation(topicID)
	return i == 0 || p.incarnation == 0 || i == p.incarnation
}

// Unsettled is what would be lost if the whole log of p were gone.
func (p *Partition) Unsettled() Loss {
	var loss Loss
	for _, l := range p.lanes {
		loss.add(l, l.unsettledFrom(l.cursor()))
	}
	return loss
}

// ErrForeign says that a commit was made for another log than there is now, an earlier topic of the same name or one that has lost its end: not even
// its offset means anything. Who reads the partition next begins with its oldest record.
var ErrForeign = errors.New("committed for another log")

// facts returns what the commit says about the lanes; nil when it says nothing, with the reason unless it has no metadata.
func (r *Restored) facts(incarnation uint32) (*facts, error) {
	beyond := func(offset int64) error {
		if r.LogEnd == nil || offset <= *r.LogEnd {
			return nil
		}
		return fmt.Errorf("%w: %d is beyond its end, %d", ErrForeign, offset, *r.LogEnd)
	}
	if r.Metadata == "" {
		return nil, beyond(r.Offset)
	}
	f, err := decode(r.Metadata, r.Offset, incarnation)
	switch {
	case errors.Is(err, errEarlierTopic):
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	case err != nil:
		return nil, errors.Join(beyond(r.Offset), err)
	case f.incarnation == 0 || incarnation == 0: // else it is the same topic, whose log was cut off
		if err := beyond(f.front); err != nil {
			return nil, err
		}
	}
	return f, nil
}
