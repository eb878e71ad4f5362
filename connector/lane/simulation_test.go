package lane

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// shape is what the random histories of one test case have in common.
type shape struct {
	name       string
	seeds      int
	steps      int
	lanes      int
	partitions int
	events     int  // a lane holds from 1 up to so many
	produce    int  // records at a time, at most
	deploys    bool // the set of mappings differs from process to process
	shared     int  // bytes that lanes may hold beyond their own
	order      int  // what the order of the lanes begins with; they take turns
}

// world is Kafka, one process with its ledger at a time, and the truth about what has been delivered. Processes come and go; the logs and the
// truth stay. Each step draws from its own source of randomness, so a history stays meaningful when steps are left out.
type world struct {
	shape  shape
	rnd    *rand.Rand
	trace  func(format string, args ...any)
	now    time.Time     // what the clock says
	behind time.Duration // how far it has been set back so far
	latest time.Time     // the latest that it ever said
	logs   []*partitionLog

	// The process.
	g             *Ledger
	config        []int // the lanes it knows, by bit
	owned         []*ownership
	taken         []*Event
	reads         []Read
	postponed     []Read
	asleep        uint64 // couriers that found nothing to take
	readersAsleep bool   // readers that found nothing to read
	settled       int    // deliveries
}

const (
	simWindow = time.Hour
	simGrace  = 20 * time.Minute
	simTopic  = "events"
	simCache  = 9_000
)

var simStart = time.Unix(1_700_000_000, 0)

func newWorld(s shape, seed uint64) *world {
	w := &world{shape: s, now: simStart, latest: simStart, trace: func(string, ...any) {}}
	for i := range s.partitions {
		w.logs = append(w.logs, newPartitionLog(int32(i), s.lanes))
	}
	w.begin(seed, 0)
	w.start(w.someLanes())
	return w
}

// begin gives the step its randomness.
func (w *world) begin(seed, step uint64) { w.rnd = rand.New(rand.NewPCG(seed, step)) }

// trueNow is the time as a clock says that was never set back.
func (w *world) trueNow() time.Time { return w.now.Add(w.behind) }

func (w *world) someLanes() []int {
	lanes := w.rnd.Perm(w.shape.lanes) // their order, and with it the bits, may change
	if w.shape.deploys {
		lanes = lanes[:1+w.rnd.IntN(w.shape.lanes)]
	}
	return lanes
}

func laneName(lane int) string { return fmt.Sprint("lane ", lane) }

func (w *world) identity(lane int) Identity {
	id := Identity{
		Name: laneName(lane), Events: 1 + (lane*7+3)%w.shape.events, Bytes: w.ownBytes(lane), MaxSlices: lane % 3,
		Background: lane > 0 && lane == w.shape.lanes-1, Order: w.orderOf(lane),
	}
	switch lane % 4 {
	case 1:
		id.Start = Start{Kind: StartEarliest}
	case 2:
		id.Start = Start{Kind: StartTime, Time: simStart.Add(time.Hour)}
	}
	return id
}

// ownBytes is enough for a few records, or, where more is lent, for one or two.
func (w *world) ownBytes(lane int) int {
	if w.shape.shared > 0 {
		return 500 + 1_000*(lane%3)
	}
	return 3_000 + 5_000*(lane%3)
}

func (w *world) orderOf(lane int) Order { return Order((lane + w.shape.order) % 3) }

// start begins a process that owns every partition, or, among several, some of them.
func (w *world) start(config []int) {
	s := Settings{Window: simWindow, CacheBytes: simCache * w.shape.partitions, OrphanGrace: simGrace, SharedBytes: w.shape.shared}
	for _, lane := range config {
		s.Lanes = append(s.Lanes, w.identity(lane))
	}
	g, err := New(s)
	if err != nil {
		w.failf("new: %v", err)
	}
	w.g, w.config, w.taken, w.reads, w.postponed = g, config, nil, nil, nil
	w.asleep, w.readersAsleep = 0, false
	w.owned = make([]*ownership, len(w.logs))
	for i := range w.logs {
		if i == 0 || w.rnd.IntN(3) > 0 {
			w.assign(i)
		}
	}
}

// step does what the number says, always the same.
func (w *world) step(seed, number uint64) {
	w.begin(seed, number+1)
	switch n := w.rnd.IntN(40); {
	case n < 5:
		w.produce()
		w.append()
	case n < 9:
		w.append()
	case n < 19:
		w.take()
	case n < 26:
		w.settle()
	case n < 28:
		w.retry()
	case n < 33:
		w.read()
	case n < 35:
		w.commit()
	case n < 37:
		w.pass(time.Duration(w.rnd.IntN(600_000)) * time.Millisecond)
	case n == 37:
		w.rebalance()
	case n == 38 && w.rnd.IntN(3) > 0:
		w.restart()
	case n == 38:
		w.reconfigure()
	default:
		switch w.rnd.IntN(40) {
		case 0, 1:
			w.deleteOld()
		case 2:
			w.setBack(time.Duration(w.rnd.IntN(7_200)) * time.Second)
		case 3, 4:
			w.truncate()
		case 5, 6:
			m := w.rnd.IntN(len(w.config))
			w.g.SetFailing(m, w.rnd.IntN(2) == 0)
		}
	}
	w.check()
}

func (w *world) pass(d time.Duration) {
	w.trace("%v pass", d)
	w.now = w.now.Add(d)
	if w.now.After(w.latest) {
		w.latest = w.now
	}
}

func (w *world) setBack(d time.Duration) {
	w.trace("the clock is set back by %v", d)
	w.now, w.behind = w.now.Add(-d), w.behind+d
}

func (w *world) produce() {
	l := w.logs[w.rnd.IntN(len(w.logs))]
	n := w.rnd.IntN(w.shape.produce)
	w.trace("partition %d: %d records are produced at %d", l.number, n, len(l.match))
	for range n {
		var match uint64
		if w.rnd.IntN(3) > 0 { // else it matches nothing, or no record stands here at all
			match = w.rnd.Uint64() & w.rnd.Uint64()
		}
		var key []byte
		if k := w.rnd.IntN(5); k > 0 {
			key = []byte{byte(k)}
		}
		l.produce(match, key, w.now)
	}
}

// any returns a partition that the process owns, or nil.
func (w *world) any() *ownership { return w.owned[w.rnd.IntN(len(w.owned))] }

// block reads a log from an offset on, for the lanes in want.
func (w *world) block(l *partitionLog, from int64, n int, want uint64) *Block {
	b := &Block{From: from, Next: from}
	for ; b.Next < int64(len(l.match)) && n > 0; n-- {
		if match := w.bits(l.match[b.Next]) & want; match != 0 {
			size := 50
			if b.Next%17 == 0 {
				size = 4_000 // more than some windows
			}
			b.Add(&Record{Offset: b.Next, Key: l.keys[b.Next], Value: make([]byte, size)}, match)
		}
		b.Next++
	}
	return b
}

// bits translates lanes to the bits that the process gives them.
func (w *world) bits(lanes uint64) uint64 {
	var out uint64
	for bit, lane := range w.config {
		out |= lanes >> lane & 1 << bit
	}
	return out
}

func (w *world) append() {
	if o := w.any(); o != nil {
		w.appendTo(o)
	}
}

func (w *world) appendTo(o *ownership) {
	if pause, resume := w.g.Pause(); len(pause)+len(resume) > 0 {
		w.trace("%d partitions pause, %d resume", len(pause), len(resume))
	}
	if o.p.Paused() {
		return
	}
	if o.p.Head() < o.log.start {
		w.lose(o)
	}
	from := max(o.log.start, o.p.Head()-int64(w.rnd.IntN(2)*w.rnd.IntN(10))) // sometimes a part comes twice
	b := w.block(o.log, from, 1+w.rnd.IntN(20), ^uint64(0))
	if b.Next <= o.p.Head() {
		return
	}
	w.trace("partition %d: [%d,%d) is read", o.log.number, b.From, b.Next)
	o.log.read(b.Next, w.trueNow())
	w.g.Append(o.p, b, o.log.epochOf(b.Next), w.now)
	w.checkEvicted(o.p)
}

func (w *world) take() {
	m := w.rnd.IntN(len(w.config))
	if n := 1 + w.rnd.IntN(6); w.rnd.IntN(8) > 0 {
		w.takeFrom(m, n)
	} else {
		events := w.g.TakeOverdue(nil, m, n, w.now)
		for _, e := range events {
			if e.Before() != nil {
				w.failf("lane %d takes %d, overdue, together with what it waits for", w.config[m], e.Offset)
			}
		}
		w.took(m, events)
	}
}

func (w *world) takeFrom(m, n int) []*Event {
	events := w.g.Take(nil, m, n, 3000, w.now)
	if w.took(m, events); len(events) == 0 {
		w.asleep |= 1 << m
	}
	return events
}

func (w *world) took(m int, events []*Event) {
	for _, e := range events {
		w.trace("lane %d takes %d of partition %d", w.config[m], e.Offset, e.Partition().Number)
		w.checkTaken(e)
	}
	w.checkOrder(m, events)
	w.taken = append(w.taken, events...)
}

func (w *world) pickTaken() *Event {
	if len(w.taken) == 0 {
		return nil
	}
	return w.untake(w.taken[w.rnd.IntN(len(w.taken))])
}

func (w *world) untake(e *Event) *Event {
	w.taken = slices.DeleteFunc(w.taken, func(x *Event) bool { return x == e })
	return e
}

// pickSent picks what the endpoint accepts next. Of a run that goes together it is the first; what comes after one that is to be tried again goes back
// as well.
func (w *world) pickSent() *Event {
	if len(w.taken) == 0 {
		return nil
	}
	e := w.taken[w.rnd.IntN(len(w.taken))]
	for before := e.Before(); before != nil && !e.Gone(); before = e.Before() {
		if before.state != taken {
			w.g.Retry(w.untake(e), w.now)
			return nil
		}
		e = before
	}
	return w.untake(e)
}

func (w *world) settle() {
	for range 1 + w.rnd.IntN(3) {
		if e := w.pickSent(); e != nil {
			w.deliver(e)
		}
	}
}

// deliver makes a delivery and settles the event.
func (w *world) deliver(e *Event) {
	lane, o := w.config[e.Lane()], w.owned[e.Partition().Number]
	counts := w.g.Settle(e)
	w.trace("lane %d delivers %d of partition %d, counts: %v", lane, e.Offset, e.Partition().Number, counts)
	if owns := o != nil && o.p == e.Partition(); owns != counts {
		w.failf("lane %d has delivered %d; it counts: %v, but the partition is owned: %v", lane, e.Offset, counts, owns)
	}
	w.logs[e.Partition().Number].settle(lane, e.Offset)
	w.settled++
	if counts {
		o.learn(lane, e.Offset)
	}
}

func (w *world) retry() {
	if e := w.pickTaken(); e != nil {
		wait := time.Duration(w.rnd.IntN(900)) * time.Second
		w.trace("lane %d tries %d of partition %d again in %v", w.config[e.Lane()], e.Offset, e.Partition().Number, wait)
		w.g.Retry(e, w.now.Add(wait))
	}
}

func (w *world) read() {
	switch {
	case len(w.postponed) > 0 && w.rnd.IntN(4) == 0:
		w.resumeRead()
	case w.rnd.IntN(2) == 0 || len(w.reads) == 0:
		w.nextRead()
	default:
		w.finishRead()
	}
}

func (w *world) nextRead() bool {
	r, ok := w.g.NextRead()
	if ok {
		w.trace("lane %d reads back partition %d at %d, for %b", w.config[r.lane.window.index], r.Partition.Number, r.Offset, r.Lanes)
		w.reads = append(w.reads, r)
	}
	w.readersAsleep = !ok
	return ok
}

func (w *world) resumeRead() {
	r := w.postponed[0]
	w.postponed = w.postponed[1:]
	w.trace("partition %d at %d may be asked for again", r.Partition.Number, r.Offset)
	w.g.Resume(r, w.now)
}

func (w *world) finishRead() {
	i := w.rnd.IntN(len(w.reads))
	r := w.reads[i]
	w.reads = append(w.reads[:i], w.reads[i+1:]...)
	l, o := w.logs[r.Partition.Number], w.owned[r.Partition.Number]
	var b *Block
	switch {
	case r.Offset < l.start:
		if o != nil && o.p == r.Partition {
			w.lose(o)
		}
	case w.rnd.IntN(5) > 0:
		b = w.block(l, r.Offset, 1+w.rnd.IntN(12), r.Lanes)
	case w.rnd.IntN(2) == 0: // not for now
		w.trace("reading partition %d at %d is postponed", l.number, r.Offset)
		w.g.Postpone(r)
		w.postponed = append(w.postponed, r)
		return
	}
	w.trace("partition %d at %d has been read back: %v", l.number, r.Offset, b != nil)
	w.g.Finish(r, b, w.now)
}

func (w *world) commit() {
	limit := []int{4096, 4096, 4096, 400, 120, 60}[w.rnd.IntN(6)]
	dirty := w.g.Dirty(w.now)
	w.checkRetired()
	for _, p := range dirty {
		o := w.owned[p.Number]
		c := w.snapshot(o, limit)
		if w.rnd.IntN(4) > 0 { // else it never arrives, or it is refused
			o.log.accepted = o.log.commits[len(o.log.commits)-1]
			if w.rnd.IntN(4) > 0 { // else the answer is lost
				w.g.Acked(c)
			}
		}
	}
}

func (w *world) snapshot(o *ownership, limit int) Commit {
	c := w.g.Snapshot(o.p, limit)
	w.trace("partition %d: commit %d with %d characters, %d ranges dropped", o.log.number, c.Offset, len(c.Metadata), c.Dropped)
	if len(c.Metadata) > limit {
		w.failf("metadata of %d characters, limit %d", len(c.Metadata), limit)
	}
	w.checkCommit(o, c)
	o.log.commits = append(o.log.commits, stored{c.Offset, c.Metadata, c.Offset, len(o.log.epochs), maps.Clone(o.carried)})
	return c
}

// rebalance gives a partition up, or takes one over.
func (w *world) rebalance() {
	i := w.rnd.IntN(len(w.logs))
	if len(w.logs) == 1 || w.rnd.IntN(2) == 0 {
		return
	}
	if w.owned[i] == nil {
		w.assign(i)
		return
	}
	w.giveUp(i, w.rnd.IntN(2) == 0)
}

// giveUp gives a partition up: in good order with a last commit, or because it is lost.
func (w *world) giveUp(i int, orderly bool) {
	o := w.owned[i]
	w.trace("partition %d is given up, in good order: %v", i, orderly)
	w.g.Close(o.p)
	for j := 0; orderly && j < len(w.taken); j++ {
		if e := w.taken[j]; e.Partition() == o.p {
			switch n := w.rnd.IntN(4); {
			case n < 2 && e.Before() == nil:
				w.deliver(e)
			case n == 2:
				w.g.Release(e)
			default:
				w.g.Retry(e, w.now)
			}
			w.taken = append(w.taken[:j], w.taken[j+1:]...)
			j--
		}
	}
	w.check()
	if orderly {
		if w.snapshot(o, 4096); w.rnd.IntN(4) > 0 {
			o.log.accepted = o.log.commits[len(o.log.commits)-1]
		}
	}
	w.g.Drop(o.p)
	w.owned[i] = nil
	w.check()
}

// restart ends the process, orderly or not, and begins another.
func (w *world) restart() {
	often := 8
	if w.shape.deploys {
		often = 3
	}
	if w.rnd.IntN(often) > 0 {
		return
	}
	if w.rnd.IntN(2) == 0 {
		for i, o := range w.owned {
			if o != nil {
				w.giveUp(i, true)
			}
		}
		if w.g.Held() != 0 {
			w.failf("%d bytes are held after every partition was dropped", w.g.Held())
		}
		for m, lane := range w.config {
			if events, bytes := w.g.HeldBy(m); events != 0 || bytes != 0 {
				w.failf("lane %d holds %d events, %d bytes after every partition was dropped", lane, events, bytes)
			}
		}
	}
	for _, l := range w.logs {
		w.disturb(l)
		if w.rnd.IntN(4) == 0 {
			w.edit(l, nil)
		}
	}
	config := w.config
	if w.rnd.IntN(2) == 0 {
		config = w.someLanes()
	}
	w.trace("a new process begins, it knows %v", config)
	w.start(config)
}

// edit changes a mapping: from now on it matches fewer records. What its lane in the process has taken stays.
func (w *world) edit(l *partitionLog, running *Partition) {
	lane := w.rnd.IntN(w.shape.lanes)
	w.trace("partition %d: lane %d is edited and matches less", l.number, lane)
	var undone []int64
	if bit := slices.Index(w.config, lane); running != nil && bit >= 0 {
		for e := running.lanes[bit].first; e != nil; e = e.next {
			undone = append(undone, e.Offset)
		}
	}
	for o := range l.match {
		if w.rnd.IntN(2) == 0 && !slices.Contains(undone, int64(o)) {
			l.match[o] &^= 1 << lane
			l.settled[lane][o] = true
		}
	}
}

// disturb does to the stored commit what happens between two owners: an earlier one was delayed and applied late, or somebody reset
// the offset.
func (w *world) disturb(l *partitionLog) {
	if len(l.commits) == 0 || w.rnd.IntN(3) > 0 {
		return
	}
	l.accepted = l.commits[w.rnd.IntN(len(l.commits))]
	w.trace("partition %d: the commit at %d is applied late", l.number, l.accepted.offset)
	if l.accepted.epochs < len(l.epochs) {
		return // without metadata nothing could tell that it is about other records
	}
	switch w.rnd.IntN(12) {
	case 0:
		l.accepted.metadata = "" // reset by Kafka's own tools
	case 1:
		if l.accepted.offset > l.start { // reset by a tool that keeps the metadata
			l.accepted.offset--
		}
	}
}

func (w *world) deleteOld() {
	if l := w.logs[w.rnd.IntN(len(w.logs))]; len(l.match) > 0 {
		l.start = max(l.start, int64(w.rnd.IntN(len(l.match))))
		w.trace("partition %d: records below %d are deleted", l.number, l.start)
	}
}
