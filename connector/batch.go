package connector

import (
	"slices"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// shipment is what one worker sends: one event, a batch, or events that could not be resolved.
type shipment struct {
	events   []*lane.Event
	payloads []sink.Payload // parallel to events; nil for a single event that is not resolved yet
	faults   []error        // parallel to events, when they could not be resolved
	array    bool           // sent as an array, even a single one
	expired  bool           // not to be sent: the windows have ended
	counted  bool           // among the endpoint's requests in flight
}

// batches are a mapping's events that wait for company, by URL, method and headers. The engine's lock guards them.
type batches struct {
	open map[string]*batch
	full []*batch
}

type batch struct {
	shipment

	key   string
	bytes int
	until time.Time // sent by then, however few
}

func newBatches() batches { return batches{open: map[string]*batch{}} }

// add puts a resolved event into the batch of its kind.
func (b *batches) add(r resolvedEvent, most, maxBytes int, until time.Time) {
	key := r.payload.Key()
	size := sink.ElementSize(r.payload.Data)
	x := b.open[key]
	if x != nil && x.bytes+size > maxBytes {
		b.fill(x)
		x = nil
	}
	if x == nil {
		x = &batch{key: key, bytes: sink.BatchOverhead, until: until, shipment: shipment{array: true}}
		b.open[key] = x
	}
	x.events = append(x.events, r.event)
	x.payloads = append(x.payloads, r.payload)
	x.bytes += size
	if len(x.events) >= most || x.bytes >= maxBytes {
		b.fill(x)
	}
}

// follows says whether a resolved event may be added: it waits for no other, or for one that is in the batch it would come into. Two batches are on
// their way independently of each other.
func (b *batches) follows(r resolvedEvent, maxBytes int) bool {
	before := r.event.Before()
	if before == nil {
		return true
	}
	x := b.open[r.payload.Key()]
	if x == nil || x.bytes+sink.ElementSize(r.payload.Data) > maxBytes {
		return false
	}
	for _, ev := range slices.Backward(x.events) { // nearly always the last
		if ev == before {
			return true
		}
	}
	return false
}

func (b *batches) fill(x *batch) {
	delete(b.open, x.key)
	b.full = append(b.full, x)
}

// take returns a batch that is to be sent now: full, or open for long enough.
func (b *batches) take(now time.Time) *shipment {
	if len(b.full) > 0 {
		x := b.full[0]
		b.full[0] = nil
		b.full = b.full[1:]
		return &x.shipment
	}
	for _, x := range b.open {
		if !now.Before(x.until) {
			delete(b.open, x.key)
			return &x.shipment
		}
	}
	return nil
}

func (b *batches) due(now time.Time) bool {
	next, ok := b.next()
	return len(b.full) > 0 || ok && !now.Before(next)
}

// next returns when the next open batch is to be sent.
func (b *batches) next() (time.Time, bool) {
	var first time.Time
	for _, x := range b.open {
		if first.IsZero() || x.until.Before(first) {
			first = x.until
		}
	}
	return first, !first.IsZero()
}

// discard removes the events that gone names.
func (b *batches) discard(gone func(*lane.Event) bool) {
	for _, x := range b.open {
		if x.discard(gone); len(x.events) == 0 {
			delete(b.open, x.key)
		}
	}
	kept := b.full[:0]
	for _, x := range b.full {
		if x.discard(gone); len(x.events) > 0 {
			kept = append(kept, x)
		}
	}
	b.full = kept
}

func (x *batch) discard(gone func(*lane.Event) bool) {
	n := 0
	for i, ev := range x.events {
		if !gone(ev) {
			x.events[n], x.payloads[n] = ev, x.payloads[i]
			n++
		}
	}
	clear(x.events[n:])
	clear(x.payloads[n:])
	x.events, x.payloads = x.events[:n], x.payloads[:n]
	x.bytes = sink.BatchOverhead
	for i := range x.payloads {
		x.bytes += sink.ElementSize(x.payloads[i].Data)
	}
}
