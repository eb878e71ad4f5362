package lane

import (
	"cmp"
	"errors"
	"slices"
	"sort"
	"time"
)

// Partition is one assigned partition: its lanes, the cache of its tail, and what is known for the commit.
type Partition struct {
	Topic  string
	Number int32

	incarnation uint32
	head        int64 // the next offset the group's reader has not read
	epoch       int32 // leader epoch of the last record read
	lanes       []*Lane
	frozen      []laneFacts // lanes of mappings that this member does not know
	cache       []*Block    // contiguous, up to head
	cacheBytes  int
	arrivals    arrivals
	inflight    int    // events taken and not given back
	rewritten   int    // how often the log was cut off: what was asked for before is of the old one
	version     uint64 // of what a commit would say
	acked       uint64 // newest version known to be committed
	paused      bool
	closing     bool // no more taking; settling still counts
	dropped     bool // settling no longer counts
}

// Head returns the next offset that has not been read.
func (p *Partition) Head() int64 { return p.head }

// InFlight returns the number of events that couriers hold.
func (p *Partition) InFlight() int { return p.inflight }

func (p *Partition) changed() { p.version++ }

// Restored is what the broker knows about a partition when it is assigned.
type Restored struct {
	Topic     string
	Partition int32
	TopicID   [16]byte // zero when unknown
	Offset    int64    // committed offset, or where to begin when there is none
	Epoch     int32    // its leader epoch, -1 when unknown
	Metadata  string   // empty when there is none
	LogStart  int64    // oldest offset in the log; -1 when unknown
	LogEnd    *int64   // offset after the newest in the log; nil when unknown
	// At gives, for a lane with StartTime, the first offset at or after the time, negative when there is none; nil when there is no such lane.
	At func(time.Time) int64
}

// Assigned reports what became of the metadata.
type Assigned struct {
	Partition *Partition
	Reset     error    // why the metadata was not used; all lanes start at the committed offset
	Foreign   bool     // the committed offset was not used either, it is of another log: all lanes start at the oldest record
	Started   []int    // lanes that are new on this partition
	Frozen    []uint32 // lanes of unknown mappings, kept until they are retired
	Lost      Loss     // the log ends before what had been read of it: see Truncate
}

// Assign begins a partition.
func (g *Ledger) Assign(r Restored, now time.Time) Assigned {
	p := &Partition{
		Topic: r.Topic, Number: r.Partition, incarnation: Incarnation(r.TopicID),
		head: r.Offset, epoch: r.Epoch, version: 1,
	}
	out := Assigned{Partition: p}
	known := map[uint32]laneFacts{}
	var f *facts
	f, out.Reset = r.facts(p.incarnation)
	if out.Foreign = errors.Is(out.Reset, ErrForeign); out.Foreign {
		r.Offset = max(0, r.LogStart)
		p.head, p.epoch = r.Offset, -1
	}
	if f != nil {
		p.head, p.epoch, p.arrivals = f.front, f.epoch, f.arrivals
		for _, l := range f.lanes {
			known[l.id] = l
		}
	}
	for _, w := range g.windows {
		l := &Lane{partition: p, window: w}
		switch facts, ok := known[w.id]; {
		case ok:
			l.read, l.skip = facts.cursor, facts.done
			delete(known, w.id)
		case f == nil: // nothing is known about any lane: everything from the committed offset on is undone
			l.read = r.Offset
		default:
			l.read = w.begin(r, p.head)
			out.Started = append(out.Started, w.index)
		}
		w.share(+1)
		p.lanes = append(p.lanes, l)
	}
	for _, facts := range known {
		if facts.frozen == 0 {
			facts.frozen = frozenSince(now)
		}
		p.frozen = append(p.frozen, facts)
	}
	sortLanes(p.frozen)
	for _, facts := range p.frozen {
		out.Frozen = append(out.Frozen, facts.id)
	}
	for _, i := range out.Started {
		if p.lanes[i].read < p.head {
			// The window of a mapping that replays old records begins now, whenever they were first read for others. The index is
			// shared, so the others' windows are extended as well: too late is allowed, too early is not.
			p.arrivals.restart(p.head, now)
			break
		}
	}
	g.partitions = append(g.partitions, p)
	for _, l := range p.lanes {
		g.advance(l, now)
		g.wake(l.window) // shares have become smaller: another lane may be the next, or have to give its slice away
	}
	if f != nil && r.LogEnd != nil {
		// The epoch stays: the broker may know that the log had been shorter still, and has grown again since.
		out.Lost = g.Truncate(p, *r.LogEnd, p.epoch, now)
	}
	return out
}

// frozenSince is a time in minutes, rounded up: the grace must not end early.
func frozenSince(now time.Time) int64 { return (ceilSeconds(now) + 59) / 60 }

func sortLanes(lanes []laneFacts) {
	slices.SortFunc(lanes, func(a, b laneFacts) int { return cmp.Compare(a.id, b.id) })
}

// begin returns where a lane new to a partition starts.
func (w *window) begin(r Restored, head int64) int64 {
	switch {
	case w.start.Kind == StartEarliest && r.LogStart >= 0:
		return min(r.LogStart, head)
	case w.start.Kind == StartTime && r.At != nil:
		if at := r.At(w.start.Time); at >= 0 {
			return min(at, head)
		}
	}
	return head
}

// Epoch returns the leader epoch of the last record read, -1 when unknown.
func (p *Partition) Epoch() int32 { return p.epoch }

// Append adds a block that the group's reader has read; it continues at Head. Records below Head are ignored, they were read before.
func (g *Ledger) Append(p *Partition, b *Block, epoch int32, now time.Time) {
	if p.closing || b.Next <= p.head {
		return
	}
	b.From = p.head // lanes look only at what lies above
	p.arrivals.note(b.Next, now, sampleEvery(g.settings.Window))
	b.arrived = now
	p.head, p.epoch = b.Next, epoch
	p.changed()
	p.cache = append(p.cache, b)
	p.cacheBytes += b.size()
	g.ref(b)
	for _, l := range p.lanes {
		switch {
		case l.ready || l.behind || l.blocked: // has enough to do before it comes to this block; the others stood at the head
		case b.any&l.bit() == 0:
			l.read = b.Next
		default:
			g.advance(l, now)
		}
	}
	g.trim(p)
	g.evict(p)
}

// cached returns the block of the cache that holds offset, or nil.
func (p *Partition) cached(offset int64) *Block {
	i := sort.Search(len(p.cache), func(i int) bool { return p.cache[i].Next > offset })
	if i < len(p.cache) && p.cache[i].holds(offset) {
		return p.cache[i]
	}
	return nil
}

// arrivedAt returns when offset was first read: exactly for a block from the head, else by the index, else now. Never too early.
func (p *Partition) arrivedAt(offset int64, b *Block, now time.Time) time.Time {
	if !b.arrived.IsZero() {
		return b.arrived
	}
	if t, ok := p.arrivals.at(offset); ok {
		return t
	}
	return now
}

// trim drops blocks that every lane has passed.
func (g *Ledger) trim(p *Partition) {
	for len(p.cache) > 0 {
		for _, l := range p.lanes {
			if l.read < p.cache[0].Next {
				return
			}
		}
		g.uncache(p)
	}
}

// evict makes room when the cache is over its budget: the oldest block of the partition that caches most goes, even if some lanes still need
// it. They read it back later. A block that no driving lane has passed stays: then the partition is to be paused instead, see Pause.
// So does the newest block of fresh, the partition that has just been appended to, or its lanes would never find anything in the cache.
func (g *Ledger) evict(fresh *Partition) {
	for g.held > g.settings.CacheBytes {
		var most *Partition
		for _, p := range g.partitions {
			if len(p.cache) == 0 || p == fresh && len(p.cache) == 1 || most != nil && p.cacheBytes <= most.cacheBytes {
				continue
			}
			if p.cache[0].Next <= p.fastest() {
				most = p
			}
		}
		if most == nil {
			return
		}
		b := most.cache[0]
		g.uncache(most)
		for _, l := range most.lanes {
			if l.block == b {
				l.block = nil
				g.fallBehind(l)
			}
		}
	}
}

// fastest returns the furthest position among the lanes that drive the reading. A lane behind a failing endpoint wants everything read at once:
// its events' windows begin when they are first read, and must not begin late because others of them are waiting.
func (p *Partition) fastest() int64 {
	at := int64(-1)
	for _, l := range p.lanes {
		switch {
		case l.window.failing:
			return p.head
		case !l.window.background:
			at = max(at, l.read)
		}
	}
	if at < 0 {
		return p.head
	}
	return at
}

func (g *Ledger) uncache(p *Partition) {
	b := p.cache[0]
	p.cache[0] = nil
	p.cache = p.cache[1:]
	p.cacheBytes -= b.size()
	g.unref(b)
}

// Pause returns the partitions whose fetching should stop and those where it should go on. A partition is paused when the cache
// is over its budget and none of its driving lanes is near the head: reading on would only mean reading twice.
// It goes on when the cache is down to half, or when one of its driving lanes has come to the head.
func (g *Ledger) Pause() (pause, resume []*Partition) {
	g.caughtUp = false
	if g.paused == 0 && g.held <= g.settings.CacheBytes {
		return nil, nil
	}
	for _, p := range g.partitions {
		switch {
		case p.closing:
		case !p.paused && g.held > g.settings.CacheBytes && len(p.cache) > 0 && p.cache[0].Next > p.fastest():
			p.paused = true
			g.paused++
			pause = append(pause, p)
		case p.paused && (g.hasRoom() || p.fastest() >= p.head):
			p.paused = false
			g.paused--
			resume = append(resume, p)
		}
	}
	return pause, resume
}

// MayResume says whether Pause may let a partition go on that it had paused. It costs nothing.
func (g *Ledger) MayResume() bool {
	return g.paused > 0 && (g.caughtUp || g.hasRoom())
}

func (g *Ledger) hasRoom() bool { return g.held <= g.settings.CacheBytes/2 }

// Paused says whether the partition's fetching is stopped.
func (p *Partition) Paused() bool { return p.paused }

// Close ends the taking from partitions that are being given up. Events in open batches go back with Release; those under way may
// still settle until Drop.
func (g *Ledger) Close(p *Partition) {
	if p.closing {
		return
	}
	p.closing = true
	if p.paused {
		p.paused = false
		g.paused--
	}
	for _, l := range p.lanes {
		g.rest(l)
		g.catchUp(l)
		for e := l.first; e != nil; e = e.next {
			if e.state == waiting {
				g.unqueue(e)
			}
		}
		l.window.share(-1)
		g.wake(l.window)
	}
}

// Release gives back an event that was taken and never sent, because its partition is closing: it stays undone.
func (g *Ledger) Release(e *Event) {
	if e.Gone() || e.state != taken {
		return
	}
	e.lane.partition.inflight--
	e.state, e.index = waiting, nowhere
	if !e.lane.partition.closing {
		g.queue(e)
	}
}

// Drop forgets a closed partition. What is settled from now on does not count; its new owner delivers it again.
func (g *Ledger) Drop(p *Partition) {
	if p.dropped {
		return
	}
	g.Close(p)
	p.dropped = true
	g.partitions = slices.DeleteFunc(g.partitions, func(q *Partition) bool { return q == p })
	for _, l := range p.lanes {
		for e := l.first; e != nil; e = e.next {
			g.release(e)
		}
		g.wake(l.window)
	}
	for len(p.cache) > 0 {
		g.uncache(p)
	}
}
