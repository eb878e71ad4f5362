package lane

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// world is a partition's log, a process with its ledger, and the truth about what has been delivered: the model the ledger is held
// against. Processes come and go; the log and the truth stay.
type world struct {
	t   *testing.T
	rnd *rand.Rand
	now time.Time

	log      []logged // every offset of the log, in order
	start    int64    // oldest offset still in the log
	lanes    int
	done     []map[int64]bool // by lane: what was delivered, ever
	lost     []map[int64]bool // by lane: what retention took before it was delivered, as reported
	settles  int              // deliveries, repeated ones included
	commits  []stored         // every commit ever sent, accepted or not
	accepted stored

	known []map[int64]bool // by lane: what the commit that this process began with says is settled

	g     *Ledger
	p     *Partition
	taken []*Event
	reads []Read
}

type logged struct {
	match uint64
	hole  bool // no record stands here: a transaction marker, or compacted away
}

type stored struct {
	offset   int64
	metadata string
	written  int64 // the offset that the metadata was written for
}

const (
	simLanes  = 4
	simWindow = time.Hour
	simTopic  = "events"
)

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_700_000_000, 0), lanes: simLanes}
	for range w.lanes {
		w.done = append(w.done, map[int64]bool{})
		w.lost = append(w.lost, map[int64]bool{})
	}
	w.restart()
	return w
}

// restart begins a process that goes on from the accepted commit.
func (w *world) restart() {
	w.t.Helper()
	s := Settings{Window: simWindow, CacheBytes: 8_000, OrphanGrace: time.Hour}
	for i := range w.lanes {
		s.Lanes = append(s.Lanes, Identity{Name: fmt.Sprint("lane ", i), Events: 7 + 5*i, Bytes: 20_000, MaxSlices: 1 + i%2, Background: i == w.lanes-1})
	}
	g, err := New(s)
	if err != nil {
		w.t.Fatal(err)
	}
	w.g, w.taken, w.reads = g, nil, nil
	a := g.Assign(Restored{Topic: simTopic, TopicID: [16]byte{1}, Offset: w.accepted.offset, Epoch: -1, Metadata: w.accepted.metadata, LogStart: w.start}, w.now)
	want := w.accepted.metadata != "" && w.accepted.offset != w.accepted.written
	if refused := a.Reset != nil; refused != want {
		w.t.Fatalf("metadata refused: %v, want %v: %v", refused, want, a.Reset)
	}
	w.p = a.Partition
	w.known = make([]map[int64]bool, w.lanes)
	f, err := decode(w.accepted.metadata, w.accepted.offset, 0)
	for i := range w.lanes {
		w.known[i] = map[int64]bool{}
		if err != nil {
			continue
		}
		for o := range f.lanes[i].cursor {
			w.known[i][o] = true
		}
		for _, s := range f.lanes[i].done {
			for o := s.lo; o < s.hi; o++ {
				w.known[i][o] = true
			}
		}
	}
}

func (w *world) step() {
	switch w.rnd.IntN(20) {
	case 0, 1, 2:
		w.produce()
		w.append()
	case 3, 4:
		w.append()
	case 5, 6, 7, 8, 9:
		w.take()
	case 10, 11, 12:
		w.settle()
	case 13:
		w.retry()
	case 14, 15:
		w.read()
	case 16:
		w.commit()
	case 17:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(600)) * time.Second)
	case 18:
		if w.rnd.IntN(15) == 0 {
			w.crash()
		}
	case 19:
		if w.rnd.IntN(20) == 0 {
			w.deleteOld()
		}
	}
	w.check()
}

func (w *world) produce() {
	for range w.rnd.IntN(30) {
		x := logged{hole: w.rnd.IntN(8) == 0}
		if !x.hole && w.rnd.IntN(3) > 0 {
			x.match = w.rnd.Uint64() & w.rnd.Uint64() & (1<<w.lanes - 1)
		}
		w.log = append(w.log, x)
	}
}

// block reads the log from offset on, for the lanes in want.
func (w *world) block(from int64, n int, want uint64) *Block {
	b := &Block{From: from, Next: from}
	for ; b.Next < int64(len(w.log)) && n > 0; n-- {
		if x := w.log[b.Next]; x.match&want != 0 && !x.hole {
			b.Add(&Record{Offset: b.Next, Value: make([]byte, 50)}, x.match&want)
		}
		b.Next++
	}
	return b
}

func (w *world) append() {
	if pause, _ := w.g.Pause(); len(pause) > 0 || w.p.Paused() {
		return
	}
	if w.p.Head() < w.start {
		w.loseUpTo(w.start)
	}
	from := max(w.start, w.p.Head()-int64(w.rnd.IntN(2)*w.rnd.IntN(10))) // sometimes a part comes twice
	if b := w.block(from, 1+w.rnd.IntN(20), ^uint64(0)); b.Next > b.From {
		w.g.Append(w.p, b, 3, w.now)
	}
}

func (w *world) take() {
	for _, e := range w.g.Take(nil, w.rnd.IntN(w.lanes), 1+w.rnd.IntN(6), 3000, w.now) {
		if w.log[e.Offset].match>>e.Lane()&1 == 0 {
			w.t.Fatalf("lane %d took offset %d, which does not match it", e.Lane(), e.Offset)
		}
		if e.Deadline.Before(w.now.Add(-simWindow)) && e.Attempts > 0 {
			w.t.Fatalf("deadline %v lies before anything was read", e.Deadline)
		}
		if w.known[e.Lane()][e.Offset] {
			w.t.Fatalf("lane %d takes offset %d again, though the commit it was restored from says it is settled", e.Lane(), e.Offset)
		}
		w.taken = append(w.taken, e)
	}
}

func (w *world) pickTaken() *Event {
	if len(w.taken) == 0 {
		return nil
	}
	i := w.rnd.IntN(len(w.taken))
	e := w.taken[i]
	w.taken = append(w.taken[:i], w.taken[i+1:]...)
	return e
}

func (w *world) settle() {
	if e := w.pickTaken(); e != nil {
		w.done[e.Lane()][e.Offset] = true
		w.settles++
		w.g.Settle(e)
	}
}

func (w *world) retry() {
	if e := w.pickTaken(); e != nil {
		w.g.Retry(e, w.now.Add(time.Duration(w.rnd.IntN(900))*time.Second))
	}
}

func (w *world) read() {
	if w.rnd.IntN(2) == 0 || len(w.reads) == 0 {
		if r, ok := w.g.NextRead(); ok {
			w.reads = append(w.reads, r)
		}
		return
	}
	r := w.reads[0]
	w.reads = w.reads[1:]
	switch {
	case r.Offset < w.start:
		w.loseUpTo(w.start)
		w.g.Finish(r, nil, w.now)
	case w.rnd.IntN(5) == 0:
		w.g.Finish(r, nil, w.now) // could not be read
	default:
		w.g.Finish(r, w.block(r.Offset, 1+w.rnd.IntN(12), r.Lanes), w.now)
	}
}

func (w *world) commit() {
	limit := []int{4096, 4096, 4096, 200, 120, 60}[w.rnd.IntN(6)]
	for _, p := range w.g.Dirty(w.now) {
		c := w.g.Snapshot(p, limit)
		if len(c.Metadata) > limit {
			w.t.Fatalf("metadata of %d characters, limit %d", len(c.Metadata), limit)
		}
		w.checkCommit(c)
		w.commits = append(w.commits, stored{c.Offset, c.Metadata, c.Offset})
		if w.rnd.IntN(4) > 0 { // else it never arrives, or the answer is lost
			w.accepted = w.commits[len(w.commits)-1]
			if w.rnd.IntN(4) > 0 {
				w.g.Acked(c)
			}
		}
	}
}

// crash begins a new process. What is committed may be any earlier commit: one that was delayed and applied late.
func (w *world) crash() {
	if len(w.commits) > 0 && w.rnd.IntN(3) == 0 {
		w.accepted = w.commits[w.rnd.IntN(len(w.commits))]
		switch w.rnd.IntN(6) {
		case 0:
			w.accepted.metadata = "" // reset by Kafka's own tools
		case 1:
			if w.accepted.offset > w.start { // reset by a tool that keeps the metadata
				w.accepted.offset--
			}
		}
	}
	if w.rnd.IntN(2) == 0 { // in good order
		w.g.Close(w.p)
		for _, e := range w.taken {
			if w.rnd.IntN(2) == 0 {
				w.done[e.Lane()][e.Offset] = true
				w.g.Settle(e)
			} else {
				w.g.Release(e)
			}
		}
		c := w.g.Snapshot(w.p, 4096)
		w.checkCommit(c)
		w.g.Drop(w.p)
		if w.g.Held() != 0 {
			w.t.Fatalf("%d bytes are held after the only partition was dropped", w.g.Held())
		}
		for i := range w.lanes {
			if events, bytes := w.g.HeldBy(i); events != 0 || bytes != 0 {
				w.t.Fatalf("lane %d holds %d events, %d bytes after the only partition was dropped", i, events, bytes)
			}
		}
	}
	w.restart()
}

func (w *world) deleteOld() {
	if len(w.log) > 0 {
		w.start = max(w.start, int64(w.rnd.IntN(len(w.log))))
	}
}

// loseUpTo reports what is gone, and notes for whom it counts as lost.
func (w *world) loseUpTo(start int64) {
	before := make([]int64, w.lanes)
	for i, l := range w.p.lanes {
		before[i] = l.read
	}
	offsets, lanes := w.g.Lost(w.p, start, w.now)
	for i, l := range w.p.lanes {
		if lanes>>i&1 == 0 {
			continue
		}
		if offsets <= 0 {
			w.t.Fatalf("lane %d lost something, but no offsets", i)
		}
		for o := before[i]; o < max(l.read, start); o++ {
			w.lost[i][o] = true
		}
	}
}

// checkCommit holds a commit against the truth: it must be a true statement.
func (w *world) checkCommit(c Commit) {
	w.t.Helper()
	settled := func(lane int, o int64) bool {
		x := w.log[o]
		return x.hole || x.match>>lane&1 == 0 || w.done[lane][o] || w.lost[lane][o]
	}
	for lane := range w.lanes {
		for o := range c.Offset {
			if !settled(lane, o) {
				w.t.Fatalf("offset %d is committed, but lane %d has not settled %d", c.Offset, lane, o)
			}
		}
	}
	if c.Metadata == "" {
		return
	}
	f, err := decode(c.Metadata, c.Offset, Incarnation([16]byte{1}))
	if err != nil {
		w.t.Fatalf("own metadata does not decode: %v", err)
	}
	for i, l := range f.lanes {
		for o := c.Offset; o < l.cursor; o++ {
			if !settled(i, o) {
				w.t.Fatalf("lane %d says it is at %d, but has not settled %d", i, l.cursor, o)
			}
		}
		for _, s := range l.done {
			for o := s.lo; o < s.hi; o++ {
				if !settled(i, o) {
					w.t.Fatalf("lane %d says [%d,%d) is settled, but %d is not", i, s.lo, s.hi, o)
				}
			}
		}
	}
}

// check holds the ledger's state against its own rules.
func (w *world) check() {
	w.t.Helper()
	held := map[*Block]bool{}
	count := func(b *Block) {
		if b != nil {
			held[b] = true
		}
	}
	for _, b := range w.p.cache {
		count(b)
	}
	for i, l := range w.p.lanes {
		events, bytes, live := 0, 0, 0
		last := int64(-1)
		for e := l.first; e != nil; e = e.next {
			if e.Offset <= last {
				w.t.Fatalf("lane %d: undone events out of order: %d after %d", i, e.Offset, last)
			}
			last = e.Offset
			events++
			live++
			bytes += e.Size()
			count(e.block)
		}
		if live != l.live || events != l.window.events || bytes != l.window.bytes {
			w.t.Fatalf("lane %d: counts %d events, %d bytes; the list has %d, %d", i, l.window.events, l.window.bytes, events, bytes)
		}
		if l.slice {
			count(l.block)
		}
		if last >= l.read {
			w.t.Fatalf("lane %d stands at %d and has taken %d", i, l.read, last)
		}
		if events > l.window.capEvents {
			w.t.Fatalf("lane %d holds %d events, its window is %d", i, events, l.window.capEvents)
		}
		if !l.ready && !l.behind && l.read < w.p.head {
			w.t.Fatalf("lane %d rests at %d, the head is %d: nothing would ever move it", i, l.read, w.p.head)
		}
	}
	total := 0
	for b := range held {
		total += b.Bytes
	}
	if total != w.g.held {
		w.t.Fatalf("ledger counts %d bytes held, there are %d", w.g.held, total)
	}
}

// finish lets everything be delivered, and checks that nothing is missing.
func (w *world) finish() {
	w.t.Helper()
	for round := 0; ; round++ {
		if round > 20_000 {
			for i, l := range w.p.lanes {
				w.t.Logf("lane %d: read %d, live %d, ready %v, behind %v, reading %v, held %+v", i, l.read, l.live, l.ready, l.behind, l.reading, l.window)
			}
			w.t.Fatalf("no progress: head %d of %d, %d bytes held, paused %v", w.p.head, len(w.log), w.g.held, w.p.paused)
		}
		_, resume := w.g.Pause()
		_ = resume
		w.append()
		for i := range w.lanes {
			w.taken = append(w.taken, w.g.Take(nil, i, 10, 1<<20, w.now)...)
		}
		for len(w.taken) > 0 {
			w.settle()
		}
		for {
			r, ok := w.g.NextRead()
			if !ok {
				break
			}
			w.reads = append(w.reads, r)
		}
		for len(w.reads) > 0 {
			w.read()
		}
		w.check()
		w.now = w.now.Add(time.Minute)
		if c := w.g.Snapshot(w.p, 4096); c.Offset == int64(len(w.log)) {
			w.checkCommit(c)
			return
		}
	}
}

// TestLedgerAgainstModel drives the ledger through random histories: reading, delivering in any order, retrying, commits that are lost or
// late or shortened, crashes, retention. After each step no commit may claim what is not so, and in the end nothing may be missing.
func TestLedgerAgainstModel(t *testing.T) {
	t.Parallel()
	seeds := uint64(300)
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		w := newWorld(t, seed)
		for range 1500 {
			w.step()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		w.finish()
	}
}
