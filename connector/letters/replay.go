package letters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/kafka"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// Replay is how letters are delivered once more.
type Replay struct {
	Filter

	Match    bool          // leave out events that the mapping's trigger does not take any more
	Rate     float64       // letters a second; 0 for no limit
	InFlight int           // requests under way at a time
	Timeout  time.Duration // how long a letter is tried
	Backoff  sink.Backoff  // between the attempts
	MaxBytes int           // largest body of a batch

	Set  *mapping.Set
	To   *connector.Redeliverer
	Lock *kafka.Lock // nil: only find out what would be sent
	Name string      // who writes the marks

	// Hard ends what is under way when it may not take longer. It must not end before the context that Replay is called with.
	Hard context.Context //nolint:containedctx // the second of two, and it is the work's

	Progress io.Writer // a terminal; nil for none
}

// ErrNotAll says that some of the letters that were chosen have not been delivered.
var ErrNotAll = errors.New("not all letters were delivered")

// Replay delivers the letters that the filter chooses and that have not been delivered yet, and says what came of it. When ctx ends, or the lock is lost, it
// finishes what is in flight. The error is ErrNotAll, or it says why it could not go on.
func (t *Tool) Replay(ctx context.Context, o Replay) error {
	parts, id, err := t.choose(ctx, &o.Filter)
	if err != nil {
		return t.noTopic(err)
	}
	r := &run{tool: t, o: o, tally: newTally(), slots: make(chan struct{}, max(1, o.InFlight)), lanes: map[*mapping.Mapping]*lane{}, open: map[group]*bundle{}}
	for _, p := range parts {
		r.tally.before += p.letters.remove(&p.settled)
		r.tally.chosen += p.letters.len()
	}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	r.ctx = ctx
	unwatch := r.watch()
	for _, p := range parts {
		r.marker = &marker{tp: p.TopicPartition, id: id, name: o.Name, lock: o.Lock, ctx: o.Hard}
		if err = t.each(ctx, p, r.take); err != nil {
			break
		}
	}
	r.flush()
	r.flying.Wait()
	unwatch()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	stopped := errors.Is(err, context.Canceled)
	if stopped {
		err = nil
	}
	return r.tally.report(t.Out, o.Lock == nil, stopped, err)
}

// watch stops the replay when the lock is lost, and shows how far it is, until the function that it returns is called.
func (r *run) watch() (end func()) {
	if r.o.Lock == nil {
		return func() {}
	}
	var watching sync.WaitGroup
	done := make(chan struct{})
	watching.Go(func() {
		select {
		case <-r.o.Lock.Lost():
			r.stop(errLost)
		case <-done:
		}
	})
	watching.Go(func() { r.tally.show(r.o.Progress, done) })
	return func() {
		close(done)
		watching.Wait()
	}
}

var errLost = errors.New("the lock of this replay is lost: Kafka had not heard of it for too long, and another replay may be running")

// run is a replay under way.
type run struct {
	tool   *Tool
	o      Replay
	ctx    context.Context //nolint:containedctx // ends when nothing new is begun
	stop   context.CancelCauseFunc
	tally  *tally
	marker *marker // of the partition that is being read
	next   time.Time

	slots  chan struct{} // requests in flight
	flying sync.WaitGroup
	lanes  map[*mapping.Mapping]*lane
	open   map[group]*bundle
	held   int // letters in open bundles
}

// lane is what is known of a mapping in a replay.
type lane struct {
	slots chan struct{} // its requests in flight
	every time.Duration // the least time between two of them
	next  time.Time

	mu     sync.Mutex
	misses int // requests in a row that ran out of time
}

// group is what letters agree in that share a request.
type group struct {
	m   *mapping.Mapping
	key string
}

// bundle is what goes out in one request.
type bundle struct {
	m       *mapping.Mapping
	parcels []*parcel
	bytes   int
}

type parcel struct {
	*connector.Redelivery

	marker *marker
	offset int64
}

// take prepares a letter and sends it on its way. It waits while enough is in flight.
func (r *run) take(l *Letter) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	if l.fault != "" {
		r.tally.skip(l, l.fault)
		return nil
	}
	m, reason := target(r.o.Set, l)
	if m == nil {
		r.tally.skip(l, reason)
		return nil
	}
	n := r.lane(m)
	if n.dead(cap(n.slots)) {
		r.tally.abandon(m.Name)
		return nil
	}
	d, none := r.prepare(m, l)
	switch {
	case r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case d == nil:
		r.tally.skip(l, none)
		return nil
	case r.o.Match && !d.Matches:
		r.tally.skip(l, "the mapping's trigger does not take the event any more")
		return nil
	case r.o.Lock == nil:
		r.tally.deliver(m.Name, 1)
		return nil
	}
	p := &parcel{d, r.marker, l.Offset}
	if d.Group == "" {
		return r.send(&bundle{m: m, parcels: []*parcel{p}})
	}
	return r.collect(m, p)
}

// prepare makes what a letter's mapping makes of its event today, or says why it makes nothing.
func (r *run) prepare(m *mapping.Mapping, l *Letter) (d *connector.Redelivery, none string) {
	original, err := r.tool.original(r.ctx, l)
	if err != nil {
		return nil, err.Error()
	}
	d, err = r.o.To.Prepare(m, original)
	if err != nil {
		return nil, err.Error()
	}
	return d, ""
}

// target finds the mapping that a letter is about, as it is defined today, or says why there is none.
func target(set *mapping.Set, l *Letter) (m *mapping.Mapping, none string) {
	if l.identity() == "" {
		return nil, "it is no mapping's: the record could not be read as an event"
	}
	var named []*mapping.Mapping
	for _, m := range set.Mappings() {
		if m.ID == l.identity() {
			return m, ""
		}
		if m.Name == l.Mapping && l.MappingID == "" {
			named = append(named, m)
		}
	}
	switch len(named) {
	case 0:
		return nil, fmt.Sprintf("its mapping %q is not configured any more", l.Mapping)
	case 1:
		return named[0], ""
	}
	return nil, fmt.Sprintf("%d mappings are called %q, and it does not say which of them it is about", len(named), l.Mapping)
}

// original is the record as it was when it was first read, in memory of its own. Where the letter had to cut it, it is read where it still may be.
func (t *Tool) original(ctx context.Context, l *Letter) (*kafka.Record, error) {
	r := &kafka.Record{
		Topic: l.Topic, Partition: l.SourcePartition, Offset: l.SourceOffset, Timestamp: l.Timestamp,
		Key: slices.Clone(l.record.Key), Value: slices.Clone(l.record.Value),
	}
	if l.truncatedFrom == 0 {
		return r, nil
	}
	slice, err := t.Admin.ReadAt(ctx, kafka.TopicPartition{Topic: l.Topic, Partition: l.SourcePartition}, l.SourceOffset, 1)
	if err == nil {
		for _, x := range slice.Records {
			if x.Offset == l.SourceOffset && l.isWhole(x.Value) {
				r.Value = slices.Clone(x.Value)
				return r, nil
			}
		}
	}
	return nil, errors.New("its value is cut, and the original is not in Kafka any more")
}

func (r *run) lane(m *mapping.Mapping) *lane {
	n := r.lanes[m]
	if n == nil {
		most := max(1, r.o.InFlight)
		if m.Delivery.MaxInFlight > 0 {
			most = min(most, m.Delivery.MaxInFlight)
		}
		if m.Delivery.Ordering == mapping.OrderingKey || m.Delivery.Ordering == mapping.OrderingPartition {
			most = 1 // in the order of the letters
		}
		n = &lane{slots: make(chan struct{}, most), every: m.Delivery.Rate.Every()}
		r.lanes[m] = n
	}
	return n
}

// dead says that a mapping is given up: as many requests in a row as it may have in flight have found nobody.
func (n *lane) dead(most int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.misses >= most
}

func (n *lane) answered(ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ok {
		n.misses = 0
	} else {
		n.misses++
	}
}

// mostOpen is how many letters may wait for company.
const mostOpen = 10_000

// collect adds a letter to the bundle of its kind, which goes out when it is full.
func (r *run) collect(m *mapping.Mapping, p *parcel) error {
	k := group{m, p.Group}
	b := r.open[k]
	if b != nil && b.bytes+p.Size > r.o.MaxBytes {
		r.held -= len(b.parcels)
		delete(r.open, k)
		if err := r.send(b); err != nil {
			return err
		}
		b = nil
	}
	if b == nil {
		b = &bundle{m: m, bytes: sink.BatchOverhead}
		r.open[k] = b
	}
	b.parcels = append(b.parcels, p)
	b.bytes += p.Size
	r.held++
	most := m.BatchSize
	if r.o.Rate > 0 {
		most = min(most, max(1, int(r.o.Rate))) // a rate is no rate when a thousand go out together
	}
	if len(b.parcels) >= most {
		r.held -= len(b.parcels)
		delete(r.open, k)
		return r.send(b)
	}
	if r.held >= mostOpen {
		r.flush()
	}
	return nil
}

// flush sends what waits for company.
func (r *run) flush() {
	for k, b := range r.open {
		delete(r.open, k)
		r.held -= len(b.parcels)
		_ = r.send(b) // what it cannot send it leaves
	}
}

// send waits for its turn and lets a bundle go out.
func (r *run) send(b *bundle) error {
	n := r.lane(b.m)
	if err := r.pace(n, len(b.parcels)); err != nil {
		return err
	}
	for _, slots := range []chan struct{}{n.slots, r.slots} {
		select {
		case slots <- struct{}{}:
		case <-r.ctx.Done():
			if slots != n.slots {
				<-n.slots
			}
			return context.Cause(r.ctx)
		}
	}
	if n.dead(cap(n.slots)) {
		<-n.slots
		<-r.slots
		for range b.parcels {
			r.tally.abandon(b.m.Name)
		}
		return nil
	}
	r.flying.Go(func() {
		defer func() {
			<-n.slots
			<-r.slots
		}()
		r.deliver(b.m, n, b.parcels, time.Now().Add(r.o.Timeout))
	})
	return nil
}

// pace waits as long as the rates ask for.
func (r *run) pace(n *lane, letters int) error {
	now := time.Now()
	due := now
	if r.o.Rate > 0 {
		due = latest(due, r.next)
		r.next = due.Add(time.Duration(float64(letters) / r.o.Rate * float64(time.Second)))
	}
	if n.every > 0 {
		due = latest(due, n.next)
		n.next = due.Add(n.every)
	}
	return r.wait(due.Sub(now))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait waits, or ends early when nothing new is begun any more.
func (r *run) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}

// deliver tries until the letters are delivered, refused, or out of time.
func (r *run) deliver(m *mapping.Mapping, n *lane, ps []*parcel, until time.Time) {
	for try := 1; ; try++ {
		all := make([]*connector.Redelivery, len(ps))
		for i, p := range ps {
			all[i] = p.Redelivery
		}
		a, err := r.o.To.Attempt(all)
		if err != nil {
			r.tally.fail(m.Name, err.Error(), len(ps))
			return
		}
		switch a.Class {
		case sink.Delivered:
			n.answered(true)
			if ps = r.items(m, ps, a); len(ps) == 0 {
				return
			}
		case sink.Split:
			half := len(ps) / 2
			r.deliver(m, n, ps[:half], until)
			r.deliver(m, n, ps[half:], until)
			return
		case sink.Retry:
		case sink.Rejected:
			n.answered(true)
			r.tally.fail(m.Name, cause(a), len(ps))
			return
		}
		left := time.Until(until)
		if left <= 0 {
			n.answered(false)
			r.tally.fail(m.Name, cause(a)+", until its time was over", len(ps))
			return
		}
		wait := r.o.Backoff.Delay(try, a.RetryAfter, left, rand.Float64()) //nolint:gosec // spreads load, guards nothing
		if r.wait(wait) != nil {
			return
		}
	}
}

// items does with each letter of a batch what the answer says about it, where it says so, and returns those that are to be tried again. What
// else is delivered is delivered whole.
func (r *run) items(m *mapping.Mapping, ps []*parcel, a sink.Answer) (again []*parcel) {
	if a.Items == nil {
		r.settle(m, ps)
		return nil
	}
	var taken []*parcel
	for i, it := range a.Items {
		switch it.Class {
		case sink.Delivered:
			taken = append(taken, ps[i])
		case sink.Retry:
			again = append(again, ps[i])
		default:
			r.tally.fail(m.Name, fmt.Sprintf("status %d of a batch's result", it.Status), 1)
		}
	}
	if len(taken) > 0 {
		r.settle(m, taken)
	}
	return again
}

func cause(a sink.Answer) string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return fmt.Sprintf("status %d", a.Status)
}

// settle marks letters as delivered, and returns when Kafka has the marks.
func (r *run) settle(m *mapping.Mapping, ps []*parcel) {
	byMarker := map[*marker][]int64{}
	for _, p := range ps {
		byMarker[p.marker] = append(byMarker[p.marker], p.offset)
	}
	for k, settled := range byMarker {
		if err := k.settle(settled); err != nil {
			r.tally.forget(len(settled))
			r.stop(fmt.Errorf("writing to %s that letters were delivered: %w", r.tool.Topic, err))
			continue
		}
		r.tally.deliver(m.Name, len(settled))
	}
}
