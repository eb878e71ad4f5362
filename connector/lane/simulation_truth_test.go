package lane

import (
	"fmt"
	"slices"
	"time"
)

// partitionLog is a partition's log, what is committed for it, and the truth about it.
type partitionLog struct {
	number    int32
	start     int64       // oldest offset still there
	epochs    []int64     // where the log of each leader epoch begins
	match     []uint64    // by offset: the lanes that must deliver it
	keys      [][]byte    // by offset; nil for none
	produced  []time.Time // by offset
	firstRead []time.Time // by offset, as far as any process has read; true time
	settled   [][]bool    // by lane and offset: nothing is left to do
	floor     []int64     // by lane: everything below is settled
	commits   []stored    // every commit ever sent, accepted or not
	accepted  stored
}

// stored is a commit as the broker stores it.
type stored struct {
	offset   int64
	metadata string
	written  int64           // the offset that the metadata was written for
	epochs   int             // of the log that it is about
	lanes    map[int]carried // the lanes it speaks for
}

// carried is what has to be known about a lane from commit to commit.
type carried struct {
	frozen     time.Time // what the clock said when first an owner did not know the lane; zero when it is live
	trueFrozen time.Time
	began      time.Time // true time when it began, when it began below the head
	beganHead  int64
}

// ownership is a partition in the hands of the process.
type ownership struct {
	log     *partitionLog
	p       *Partition
	knows   map[int][]bool  // by lane and offset: settled, as this process knows from the commit or from its own deliveries
	carried map[int]carried // the lanes a commit has to speak for
}

func newPartitionLog(number int32, lanes int) *partitionLog {
	return &partitionLog{number: number, settled: make([][]bool, lanes), floor: make([]int64, lanes), epochs: []int64{0}}
}

func (l *partitionLog) produce(match uint64, key []byte, now time.Time) {
	match &= 1<<len(l.settled) - 1
	l.keys = append(l.keys, key)
	l.match = append(l.match, match)
	l.produced = append(l.produced, now)
	for lane := range l.settled {
		l.settled[lane] = append(l.settled[lane], match>>lane&1 == 0)
	}
}

// read notes that everything below next has been read.
func (l *partitionLog) read(next int64, now time.Time) {
	for int64(len(l.firstRead)) < next {
		l.firstRead = append(l.firstRead, now)
	}
}

func (l *partitionLog) settle(lane int, offset int64) { l.settled[lane][offset] = true }

// excuse notes that a lane need not deliver [from, to): it began above, or the records are gone.
func (l *partitionLog) excuse(lane int, from, to int64) {
	for o := from; o < min(to, int64(len(l.match))); o++ {
		l.settled[lane][o] = true
	}
}

// settledBelow returns how far everything is settled for a lane.
func (l *partitionLog) settledBelow(lane int) int64 {
	at := l.floor[lane]
	for at < int64(len(l.match)) && l.settled[lane][at] {
		at++
	}
	l.floor[lane] = at
	return at
}

// at is what Kafka answers when asked for the first offset at or after a time.
func (l *partitionLog) at(t time.Time) int64 {
	for o, produced := range l.produced {
		if !produced.Before(t) {
			return int64(o)
		}
	}
	return -1
}

// learn notes that the process knows an offset to be settled.
func (o *ownership) learn(lane int, offset int64) {
	for int64(len(o.knows[lane])) <= offset {
		o.knows[lane] = append(o.knows[lane], false)
	}
	o.knows[lane][offset] = true
}

func (o *ownership) knowsOf(lane int, offset int64) bool {
	return offset < int64(len(o.knows[lane])) && o.knows[lane][offset]
}

// assign gives partition i to the process, and holds what becomes of its lanes against what the stored commit speaks for.
func (w *world) assign(i int) {
	l := w.logs[i]
	a := w.g.Assign(Restored{
		Topic: simTopic, Partition: int32(i), TopicID: [16]byte{1}, Offset: l.accepted.offset, Epoch: -1, Metadata: l.accepted.metadata,
		LogStart: l.start, LogEnd: new(int64(len(l.match))), At: l.at,
	}, w.now)
	w.validate(l, a.Partition)
	w.trace("partition %d is assigned at %d, head %d, %d lanes begin, %d are frozen, reset: %v", i, l.accepted.offset, a.Partition.Head(), len(a.Started), len(a.Frozen), a.Reset)
	if refused, want := a.Reset != nil, l.accepted.metadata != "" && l.accepted.offset != l.accepted.written; refused != want {
		w.failf("metadata is refused: %v, want %v: %v", refused, want, a.Reset)
	}
	valid := l.accepted.metadata != "" && a.Reset == nil
	o := &ownership{log: l, p: a.Partition, knows: map[int][]bool{}, carried: map[int]carried{}}
	head := a.Partition.Head()
	for bit, lane := range w.config {
		kept, spoken := l.accepted.lanes[lane]
		started := slices.Contains(a.Started, bit)
		if started != (valid && !spoken) {
			w.failf("lane %d begins: %v, but the commit speaks for it: %v", lane, started, spoken)
		}
		c := carried{began: kept.began, beganHead: kept.beganHead}
		switch {
		case spoken:
		case !valid:
			l.excuse(lane, 0, l.accepted.offset)
		default:
			start := w.startOf(lane, l, head)
			if got := a.Partition.lanes[bit].read; got != start {
				w.failf("lane %d begins at %d, want %d", lane, got, start)
			}
			l.excuse(lane, 0, start)
			if start < head {
				c = carried{began: w.trueNow(), beganHead: head}
			}
		}
		o.carried[lane] = c
	}
	for lane, kept := range l.accepted.lanes {
		if _, known := o.carried[lane]; known || !valid {
			continue
		}
		if kept.frozen.IsZero() {
			kept.frozen, kept.trueFrozen = w.now, w.trueNow()
		}
		o.carried[lane] = kept
		if !slices.Contains(a.Frozen, LaneID(laneName(lane))) {
			w.failf("lane %d is unknown here and not kept", lane)
		}
	}
	if valid {
		f, err := decode(l.accepted.metadata, l.accepted.offset, 0)
		if err != nil {
			w.failf("metadata in use does not decode: %v", err)
		}
		for lane := range o.carried {
			for _, s := range claims(f, lane) {
				for x := s.lo; x < min(s.hi, head); x++ {
					o.learn(lane, x)
				}
			}
		}
	}
	w.owned[i] = o
}

func (w *world) startOf(lane int, l *partitionLog, head int64) int64 {
	switch start := w.identity(lane).Start; start.Kind {
	case StartHead:
	case StartEarliest:
		return min(l.start, head)
	case StartTime:
		if at := l.at(start.Time); at >= 0 {
			return min(at, head)
		}
	}
	return head
}

// claims lists what the facts say is settled for a lane; nil when they do not speak for it.
func claims(f *facts, lane int) []span {
	for _, l := range f.lanes {
		if l.id == LaneID(laneName(lane)) {
			return append([]span{{lo: 0, hi: l.cursor}}, l.done...)
		}
	}
	return nil
}

// lose tells the ledger where the log begins, and holds its report against what is really gone.
func (w *world) lose(o *ownership) {
	head, start := o.p.head, o.log.start
	left := min(head, start) // what is in memory begins here
	if len(o.p.cache) > 0 {
		left = min(left, o.p.cache[0].From)
	}
	var wantOffsets int64
	var wantLanes uint64
	for bit, l := range o.p.lanes {
		lost := max(0, start-head)
		o.log.excuse(w.config[bit], head, start)
		if l.behind && l.read < left {
			lost += left - l.read
			o.log.excuse(w.config[bit], l.read, left)
		}
		if lost > 0 {
			wantLanes |= 1 << bit
			wantOffsets = max(wantOffsets, lost)
		}
	}
	o.log.read(start, w.trueNow())
	loss := w.g.Lost(o.p, start, w.now)
	w.trace("partition %d begins at %d: lanes %b skip up to %d", o.log.number, start, loss.Lanes, loss.Offsets)
	if want := (Loss{wantOffsets, wantLanes}); loss != want {
		w.failf("lost is %+v, want %+v", loss, want)
	}
}

// checkTaken holds an event that was taken against the truth.
func (w *world) checkTaken(e *Event) {
	lane, o := w.config[e.Lane()], w.owned[e.Partition().Number]
	switch {
	case o == nil || o.p != e.Partition():
		w.failf("lane %d takes %d of partition %d, which is given up", lane, e.Offset, e.Partition().Number)
	case o.log.match[e.Offset]>>lane&1 == 0:
		w.failf("lane %d takes %d, which does not match it", lane, e.Offset)
	case o.knowsOf(lane, e.Offset):
		w.failf("lane %d takes %d again, though it is known to be settled", lane, e.Offset)
	}
	read := o.log.firstRead[e.Offset]
	if c := o.carried[lane]; e.Offset < c.beganHead && c.began.After(read) {
		read = c.began // nobody read it for this lane before
	}
	left, atLeast := e.Deadline.Sub(w.now), simWindow-w.trueNow().Sub(read)
	if left < atLeast {
		w.failf("lane %d has %v left for %d, want at least %v", lane, left, e.Offset, atLeast)
	}
	if latest := w.latest.Add(simWindow + time.Second); e.Deadline.After(latest) {
		w.failf("lane %d has until %v for %d, %v after the latest possible", lane, e.Deadline, e.Offset, e.Deadline.Sub(latest))
	}
}

// checkCommit holds a commit against the truth: it must be a true statement, about every lane that this process or the commit it began with
// knows, and it must say everything that is worth saying.
func (w *world) checkCommit(o *ownership, c Commit) {
	for lane := range o.carried {
		if at := o.log.settledBelow(lane); at < c.Offset {
			w.failf("offset %d is committed, but lane %d has not settled %d", c.Offset, lane, at)
		}
	}
	if c.Metadata == "" {
		return
	}
	f, err := decode(c.Metadata, c.Offset, Incarnation([16]byte{1}))
	if err != nil {
		w.failf("own metadata does not decode: %v", err)
	}
	if len(f.lanes) != len(o.carried) {
		w.failf("the commit speaks for %d lanes, want %d", len(f.lanes), len(o.carried))
	}
	for lane := range o.carried {
		said := claims(f, lane)
		if said == nil {
			w.failf("the commit does not speak for lane %d", lane)
		}
		for _, s := range said {
			for x := s.lo; x < s.hi; x++ {
				if !o.log.settled[lane][x] {
					w.failf("lane %d says that [%d,%d) is settled, but %d is not", lane, s.lo, s.hi, x)
				}
			}
		}
		w.checkPrefix(o, lane, said)
		if c.Dropped == 0 {
			w.checkComplete(o, lane, said)
		}
	}
}

// checkComplete looks for deliveries that this process knows of and a complete commit does not mention: they would be repeated.
func (w *world) checkComplete(o *ownership, lane int, said []span) {
	at := o.log.start // what is gone from the log is not repeated
	for _, s := range append(said, span{lo: int64(len(o.knows[lane]))}) {
		for ; at < min(s.lo, int64(len(o.knows[lane]))); at++ {
			if o.knows[lane][at] && o.log.match[at]>>lane&1 == 1 {
				w.failf("lane %d has delivered %d, and a commit without dropped ranges does not say so: %v", lane, at, said)
			}
		}
		at = max(at, s.hi)
	}
}

// checkRetired holds the lanes that the ledger has retired against their grace.
func (w *world) checkRetired() {
	for _, o := range w.owned {
		if o == nil {
			continue
		}
		for lane, c := range o.carried {
			if c.frozen.IsZero() {
				continue
			}
			kept := slices.ContainsFunc(o.p.frozen, func(l laneFacts) bool { return l.id == LaneID(laneName(lane)) })
			age, trueAge := w.now.Sub(c.frozen), w.trueNow().Sub(c.trueFrozen)
			switch {
			case kept && age >= simGrace+time.Minute:
				w.failf("lane %d is kept after %v, its grace is %v", lane, age, simGrace)
			case !kept && trueAge < simGrace:
				w.failf("lane %d is retired after %v, its grace is %v", lane, trueAge, simGrace)
			case !kept:
				delete(o.carried, lane)
			}
		}
	}
}

type failure string

func (w *world) failf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
