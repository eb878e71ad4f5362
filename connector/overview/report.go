package overview

import (
	"cmp"
	"slices"
	"time"
)

// Report is what happened within a span. Nothing in it is shared with the book.
type Report struct {
	Span        Span
	Now         time.Time
	Covered     time.Duration // the span, or less where the book was opened later; never 0
	Records     uint64        // read
	Undecodable uint64        // of them, no events
	Received    [Steps]uint32 // records by step, the oldest first; the last step is not over
	Mappings    []Mapping     // in the book's order
}

// Mapping is what happened to the events of one mapping.
type Mapping struct {
	ID        string // its identity
	Received  uint64 // events that were looked at, as far back as its account goes
	Matched   uint64 // of them, those that fired the mapping
	Delivered uint64 // accepted by the webhook
	Retried   uint64 // times that one was not delivered and is tried again
	Failed    uint64 // given up: in the dead-letter topic

	// 95 of 100 deliveries took at most Delay from the record's timestamp to the acceptance, and as many answers at most
	// Answer; 0 where there were none. Both are estimates, right to a quarter.
	Delay, Answer time.Duration

	DeliveredBy, RetriedBy, FailedBy [Steps]uint32 // the same by step, the oldest first
	Reasons                          []Failure     // that occurred within the span, the latest first
}

// Filtered is how many events did not fire the mapping.
func (m *Mapping) Filtered() uint64 { return m.Received - m.Matched }

// Failure is a reason why events were not delivered.
type Failure struct {
	Reason
	Count   uint64 // within the span
	Last    Answer
	Samples []Sample // the latest first
}

// Report sums up a span that ends now.
func (b *Book) Report(s Span, now time.Time) *Report {
	r := &Report{Span: s, Now: now, Covered: min(s.Duration(), max(now.Sub(b.started), time.Second))}
	accounts := b.readings(s, now, r)
	for i, a := range accounts {
		a.report(s, now, &r.Mappings[i])
	}
	return r
}

// readings sums up what was read, and returns the accounts that there are now.
func (b *Book) readings(s Span, now time.Time, r *Report) []*Account {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &b.tracks[s]
	n := len(b.accounts)
	r.Mappings = make([]Mapping, n)
	last := now.Unix() / s.seconds()
	t.counts.each(last, func(i int, c *read) {
		r.Records += uint64(c.records)
		r.Undecodable += uint64(c.undecodable)
		r.Received[i] = c.records
		step := last - Steps + 1 + int64(i)
		for m, k := range t.matched[int(step%Steps)*n:][:n] {
			r.Mappings[m].Matched += uint64(k)
			if (step+1)*s.seconds() > b.accounts[m].opened {
				r.Mappings[m].Received += uint64(c.records - c.undecodable)
			}
		}
	})
	for m := range r.Mappings {
		r.Mappings[m].ID = b.accounts[m].id
		r.Mappings[m].Received = max(r.Mappings[m].Received, r.Mappings[m].Matched)
	}
	return slices.Clone(b.accounts)
}

func (a *Account) report(s Span, now time.Time, out *Mapping) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &a.tracks[s]
	t.counts.each(now.Unix()/s.seconds(), func(i int, c *counts) {
		out.Delivered += uint64(c.delivered)
		out.Retried += uint64(c.retried)
		out.Failed += uint64(c.failed)
		out.DeliveredBy[i], out.RetriedBy[i], out.FailedBy[i] = c.delivered, c.retried, c.failed
	})
	out.Delay, out.Answer = quantileOf(&t.delay, s, now), quantileOf(&t.answer, s, now)
	for _, r := range a.reasons {
		if f := r.report(s, now, a.bodies); f.Count > 0 {
			out.Reasons = append(out.Reasons, f)
		}
	}
	slices.SortStableFunc(out.Reasons, func(a, b Failure) int { return b.Last.At.Compare(a.Last.At) })
}

// tail is the quantile that is shown: the slowest twentieth is beyond it.
const tail = .95

func quantileOf(r *ring[histogram], s Span, now time.Time) time.Duration {
	var sum histogram
	r.each(now.Unix()/s.partSeconds(), func(_ int, h *histogram) { sum.add(h) })
	d, _ := sum.quantile(tail)
	return d
}

func (r *reason) report(s Span, now time.Time, held *bodies) Failure {
	f := Failure{Reason: r.Reason, Last: r.last}
	r.counts[s].each(now.Unix()/s.seconds(), func(_ int, n *uint32) { f.Count += uint64(*n) })
	if f.Count == 0 {
		return f
	}
	for _, sample := range r.samples {
		f.Samples = append(f.Samples, held.copied(sample))
	}
	slices.SortFunc(f.Samples, func(a, b Sample) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Offset, a.Offset)) })
	return f
}
