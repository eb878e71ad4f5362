package overview

import (
	"slices"
	"sync"
	"time"
)

// Book is what is remembered. Its methods may be called from several goroutines at once, but for Use beside Read. What feeds it does nothing
// on a nil Book and on the nil accounts that it gives.
type Book struct {
	started time.Time
	bodies  *bodies // nil: samples are kept without what was read and sent

	mu       sync.Mutex
	accounts []*Account // of the mappings in their order
	tracks   [spans]readings
	second   int64 // that rows and reads are of; Unix time
	rows     [spans][]uint32
	reads    [spans]*read // nil: too long ago to be counted
}

// Account is what is remembered of one mapping, but for how many events fired it.
type Account struct {
	id     string
	opened int64 // Unix time
	bodies *bodies

	mu      sync.Mutex
	tracks  [spans]track
	second  int64 // that places are of; Unix time
	places  [spans]places
	reasons []*reason
}

// places are where something that happens now is counted; nil where it is too long ago. Finding them costs more than counting.
type places struct {
	counts        *counts
	delay, answer *histogram
}

type track struct {
	counts        ring[counts]
	delay, answer ring[histogram]
}

type counts struct{ delivered, retried, failed uint32 }

// readings are what is remembered of the records read, in one place for all mappings: every poll speaks of all of them.
type readings struct {
	counts  ring[read]
	matched []uint32 // of mapping m in the step at place i of counts: at i*mappings+m
}

type read struct{ records, undecodable uint32 }

// New opens a book without accounts. With bodies, samples hold what was read, sent and answered: personal data.
func New(bodies bool, now time.Time) *Book {
	b := &Book{started: now}
	if bodies {
		b.bodies = newBodies()
	}
	for i := range b.tracks {
		b.tracks[i].counts = newRing[read](Steps)
	}
	return b
}

// Use makes the accounts of mappings, and of whatever else gives events up, known by their identities; what Read is told of is in their
// order. Accounts that are there already go on, and those of other mappings are closed. Nobody may call Read meanwhile.
func (b *Book) Use(ids []string, now time.Time) []*Account {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old := map[string]int{}
	for i, a := range b.accounts {
		old[a.id] = i
	}
	before := b.accounts
	b.accounts = make([]*Account, len(ids))
	for i, id := range ids {
		if k, known := old[id]; known {
			b.accounts[i] = before[k]
		} else {
			b.accounts[i] = newAccount(id, b.bodies, now)
		}
	}
	for s := range b.tracks {
		t := &b.tracks[s]
		matched := make([]uint32, Steps*len(ids))
		for m, id := range ids {
			if k, known := old[id]; known {
				for i := range Steps {
					matched[i*len(ids)+m] = t.matched[i*len(before)+k]
				}
			}
		}
		t.matched = matched
	}
	b.second = 0
	return slices.Clone(b.accounts)
}

func newAccount(id string, held *bodies, now time.Time) *Account {
	a := &Account{id: id, opened: now.Unix(), bodies: held}
	for i := range a.tracks {
		a.tracks[i] = track{counts: newRing[counts](Steps), delay: newRing[histogram](parts), answer: newRing[histogram](parts)}
	}
	return a
}

// Bodies says whether samples are to hold what was read, sent and answered.
func (a *Account) Bodies() bool { return a != nil && a.bodies != nil }

// Read counts records that were read, those among them that are no events, and how many fired each mapping; matched may be longer than
// the accounts are many.
func (b *Book) Read(now time.Time, records, undecodable int, matched []int) {
	if b == nil || records == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.accounts)
	b.turn(now.Unix())
	for _, c := range b.reads {
		if c != nil {
			c.records += uint32(records)
			c.undecodable += uint32(undecodable)
		}
	}
	for m, k := range matched[:min(n, len(matched))] {
		if k == 0 {
			continue
		}
		for _, row := range b.rows {
			if row != nil {
				row[m] += uint32(k)
			}
		}
	}
}

// turn finds where what is read in a second is counted. The lock is held.
func (b *Book) turn(second int64) {
	if second == b.second {
		return
	}
	b.second = second
	n := len(b.accounts)
	for s := range b.tracks {
		t := &b.tracks[s]
		step := second / Span(s).seconds()
		t.forget(step, n)
		b.reads[s], b.rows[s] = t.counts.at(step), nil
		if b.reads[s] != nil {
			b.rows[s] = t.matched[int(step%Steps)*n:][:n]
		}
	}
}

// turn finds where what happens in a second is counted. The lock is held.
func (a *Account) turn(second int64) {
	if second == a.second {
		return
	}
	a.second = second
	for s := range a.tracks {
		t := &a.tracks[s]
		part := second / Span(s).partSeconds()
		a.places[s] = places{t.counts.at(second / Span(s).seconds()), t.delay.at(part), t.answer.at(part)}
	}
}

// forget clears the rows of steps that are about to begin.
func (t *readings) forget(step int64, n int) {
	for s := max(t.counts.newest+1, step-Steps+1); s <= step; s++ {
		clear(t.matched[int(s%Steps)*n:][:n])
	}
}

// Answered counts an attempt and how long the answer took.
func (a *Account) Answered(at time.Time, took time.Duration) {
	if a == nil {
		return
	}
	bucket := bucketOf(took)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(at.Unix())
	for s := range a.places {
		if h := a.places[s].answer; h != nil {
			h[bucket]++
		}
	}
}

// Delivered counts n events that a webhook has accepted. written gives when the record of each was written.
func (a *Account) Delivered(at time.Time, n int, written func(i int) time.Time) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(at.Unix())
	for s := range a.places {
		if c := a.places[s].counts; c != nil {
			c.delivered += uint32(n)
		}
	}
	for i := range n {
		bucket := bucketOf(at.Sub(written(i)))
		for s := range a.places {
			if h := a.places[s].delay; h != nil {
				h[bucket]++
			}
		}
	}
}

// Failed counts n events that were not delivered, and why. sample is asked for one of them when it is time for another.
func (a *Account) Failed(why Reason, n int, last Answer, sample func() Sample) {
	if a == nil || n == 0 {
		return
	}
	a.mu.Lock()
	r := a.reason(why)
	r.last = last
	a.turn(last.At.Unix())
	for s := range a.places {
		if k := r.counts[s].at(last.At.Unix() / Span(s).seconds()); k != nil {
			*k += uint32(n)
		}
		c := a.places[s].counts
		switch {
		case c == nil:
		case why.GivenUp:
			c.failed += uint32(n)
		default:
			c.retried += uint32(n)
		}
	}
	due := r.due(last.At)
	a.mu.Unlock()
	if !due {
		return
	}
	taken := sample() // without the lock: it may resolve the mapping once more
	a.mu.Lock()
	defer a.mu.Unlock()
	r.keep(a.bodies.hold(&taken))
}

func (s Span) partSeconds() int64 { return s.seconds() * Steps / parts }
