package connector

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// courier carries one mapping's events from the ledger to its endpoint. Its workers pull: each takes what is to be sent next, sends it,
// and hands the outcome back; there are as many as there is work, up to the mapping's requests in flight. No worker waits for
// another, and no courier for another courier.
type courier struct {
	e       *engine
	index   int
	m       *mapping.Mapping // nil for the lane of undecodable records
	lane    string           // the id of its lanes, in hexadecimal
	name    string           // in logs, metrics and dead letters; empty for undecodable records
	ctx     context.Context  //nolint:containedctx // ends the workers, which no call starts
	reach   sink.Reach
	metrics *laneMetrics
	sender  Sender

	inFlight int  // requests at a time
	ordered  bool // events wait for each other
	gzip     bool // bodies are compressed

	veil         *strings.Replacer // hides URLs in what the page shows; nil where there is nothing to hide
	endpoint     *endpoint         // nil for undecodable records
	alternatives []*alternative    // nil but for a Classic destination where one of several URLs is enough

	// Under the engine's lock.
	ended   bool       // the mappings were replaced
	heir    *courier   // carries on in its place then; nil when the mapping is gone
	idle    *sync.Cond // workers without work
	waiting int
	workers int
	burying int                // events on their way to the dead-letter topic
	graves  map[string]*seldom // by reason: when dead letters were last mentioned
	batches batches
	pace    *pace
	timer   *time.Timer // for the next retry or lingering batch, when nothing else wakes a worker
	alarm   time.Time   // when it goes off
}

func newCourier(e *engine, index int, m *mapping.Mapping) *courier {
	c := &courier{e: e, index: index, m: m, metrics: e.metrics.lanes[index], idle: sync.NewCond(&e.mu), batches: newBatches(), inFlight: e.settings.inFlight, graves: newGraves()}
	if m != nil {
		d := m.Delivery
		c.inFlight = e.settings.inFlightOf(m)
		c.ordered = laneOrder(m) != lane.OrderNone
		c.gzip = cmp.Or(d.Compression, e.settings.compression) == "gzip"
		c.pace = newPace(d.Rate.Every())
		c.lane = fmt.Sprintf("%08x", lane.LaneID(m.ID))
		c.name = m.Name
		c.alternatives = newAlternatives(m)
		c.veil = newVeil(m)
		c.reach = sink.ReachPrivate // the operator wrote the host down
		if m.HostFromEvent() {
			c.reach = sink.ReachPublic
		}
	}
	return c
}

func (c *courier) startText() string {
	if c.m.Start == "" {
		return "latest"
	}
	return c.m.Start
}

// batched says whether events are collected before they are sent.
func (c *courier) batched() bool { return c.m != nil && c.m.Batch }

// wake gets a worker going, if there can be one more. The engine's lock is held.
func (c *courier) wake() {
	c = c.latest()
	switch {
	case c.e.stopped, c.ended:
	case c.waiting > 0:
		c.idle.Signal()
	case c.workers < c.inFlight:
		c.workers++
		c.e.tasks.Go(c.work)
	}
}

// stop ends the workers once they have nothing in hand. The engine's lock is held.
func (c *courier) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.idle.Broadcast()
}

// retire ends the courier because the mappings were replaced: nothing more is taken, and what is open goes back. Workers conclude what
// they have in hand. The heir, if there is one, carries on, and knows what was known about the endpoint if it is the same. The engine's lock is
// held.
func (c *courier) retire(heir *courier) {
	c.ended, c.heir = true, heir
	if heir != nil && heir.endpoint != nil && c.endpoint != nil && heir.endpoint.name == c.endpoint.name {
		heir.endpoint = c.endpoint
	}
	c.batches.discard(func(ev *lane.Event) bool {
		c.e.ledger.Release(ev)
		return true
	})
	c.stop()
}

// latest is who carries on in the courier's place. The engine's lock is held.
func (c *courier) latest() *courier {
	for c.heir != nil {
		c = c.heir
	}
	return c
}

// identity is that of the courier's lanes.
func (c *courier) identity() string {
	if c.m == nil {
		return undecodableLane
	}
	return c.m.ID
}

// work delivers until the engine stops, or until there are idle workers enough.
func (c *courier) work() {
	var hand hand
	for {
		s := c.next(&hand)
		if s == nil {
			return
		}
		c.ship(s)
	}
}

// hand is what a worker takes events with, again and again.
type hand struct {
	events   []*lane.Event
	resolved []resolvedEvent
}

// spareWorkers is how many workers stay when there is nothing to do; starting one costs a microsecond.
const spareWorkers = 2

// next waits for something to send. It returns nil when the worker is to end.
func (c *courier) next(h *hand) *shipment {
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.stopped && !c.ended {
		now := time.Now()
		if s := c.pick(h, now); s != nil {
			if c.more(now) {
				c.wake()
			}
			return s
		}
		c.arm(now) // also when this worker ends: those that wait know nothing of what it has left open
		if c.waiting >= spareWorkers {
			break
		}
		c.waiting++
		c.idle.Wait()
		c.waiting--
	}
	c.workers--
	return nil
}

// more says whether another worker would find something now. The engine's lock is held.
func (c *courier) more(now time.Time) bool {
	return c.free(now) && (c.batches.due(now) || c.e.ledger.Ready(c.index, now))
}

// free says whether something may go out now, if there is something. The engine's lock is held.
func (c *courier) free(now time.Time) bool {
	return !c.buried() && c.endpoint.admit(now) == admitted && c.pace.ready(now)
}

// pick takes what is to be sent next, or nil. It may let go of the engine's lock meanwhile.
func (c *courier) pick(h *hand, now time.Time) *shipment {
	if c.buried() {
		return nil // the next acknowledged dead letter wakes us
	}
	switch what := c.endpoint.admit(now); {
	case what == failing:
		return c.hold(now)
	case what == full: // the next answer wakes us
		return nil
	case what == resting, !c.pace.ready(now): // the timer does
		return nil
	case what == probing:
		return c.probe(now)
	}
	if !c.batched() {
		events := c.e.ledger.Take(nil, c.index, 1, c.e.settings.batchMaxBytes, now)
		c.e.notify()
		if late := c.late(events, now); len(events) == 0 || late != nil {
			return late
		}
		return c.admitted(&shipment{events: events})
	}
	for {
		if s := c.batches.take(now); s != nil {
			return c.admitted(s)
		}
		h.events = c.e.ledger.Take(h.events[:0], c.index, c.m.BatchSize, c.e.settings.batchMaxBytes, now)
		c.e.notify()
		if len(h.events) == 0 {
			return nil
		}
		if late := c.late(h.events, now); late != nil {
			return late
		}
		if s := c.collect(h, now); s != nil || c.ended {
			return s
		}
	}
}

// late returns the events to give up untried because their windows ended before it was their turn, when that is wanted: the endpoint works,
// but too slowly. The others go back, to be taken again at once.
func (c *courier) late(events []*lane.Event, now time.Time) *shipment {
	if !c.e.settings.giveUpLate {
		return nil
	}
	over := func(ev *lane.Event) bool { return ev.Tries == 0 && now.After(ev.Deadline) }
	if !slices.ContainsFunc(events, over) {
		return nil
	}
	s := &shipment{expired: true}
	for _, ev := range events {
		if over(ev) {
			s.events = append(s.events, ev)
		} else {
			c.e.ledger.Retry(ev, now)
		}
	}
	return s
}

// buried says that enough is on its way to the dead-letter topic.
func (c *courier) buried() bool {
	return c.burying >= c.e.settings.mostBuried(len(c.e.couriers)-1)
}

// admitted counts a shipment that goes out.
func (c *courier) admitted(s *shipment) *shipment {
	c.endpoint.sent()
	if c.pace != nil {
		c.pace.spend(1, time.Now())
	}
	s.counted = c.endpoint != nil
	return s
}

// probe takes one event to find out whether the endpoint is back: the one that has failed least, so that an event which only the
// receiver dislikes does not stand for all.
func (c *courier) probe(now time.Time) *shipment {
	e := c.e
	c.dissolve(now)
	events := e.ledger.Take(nil, c.index, probeChoice, e.settings.batchMaxBytes, now)
	if len(events) == 0 {
		return nil
	}
	best := 0
	for i, ev := range events {
		if ev.Before() == nil && ev.Tries < events[best].Tries {
			best = i
		}
	}
	for i, ev := range events {
		if i != best {
			c.putBack(ev, now)
		}
	}
	e.settled.Broadcast()
	e.notify()
	return c.admitted(&shipment{events: events[best : best+1]})
}

const (
	probeChoice = 16
	holdAtOnce  = 500 // events put back with the lock held
)

// hold deals with what becomes due while nothing goes out: events wait for the next probe, spending no attempts, and those whose
// window has ended are given up; but each has been tried once, or its endpoint was dead for its whole window.
func (c *courier) hold(now time.Time) *shipment {
	e := c.e
	c.dissolve(now)
	var expired, owed []*lane.Event
	for _, ev := range e.ledger.TakeOverdue(nil, c.index, holdAtOnce, now) {
		switch {
		case now.Before(ev.Deadline):
			c.putBack(ev, now)
		case ev.Tries > 0 || c.endpoint.dead(e.ledger.Arrived(ev)):
			expired = append(expired, ev)
		default:
			owed = append(owed, ev)
		}
	}
	defer e.notify()
	defer e.settled.Broadcast()
	if len(owed) > 0 && len(expired) == 0 {
		for _, ev := range owed[1:] {
			e.ledger.Retry(ev, now)
		}
		return c.admitted(&shipment{events: owed[:1]})
	}
	for _, ev := range owed {
		e.ledger.Retry(ev, now)
	}
	if len(expired) == 0 {
		return nil
	}
	return &shipment{events: expired, expired: true}
}

// putBack lets an event wait for the next probe, or for the end of its window.
func (c *courier) putBack(ev *lane.Event, now time.Time) {
	due := c.endpoint.probe
	if !due.After(now) {
		due = now.Add(c.endpoint.min)
	}
	if due.After(ev.Deadline) {
		due = ev.Deadline
	}
	c.e.ledger.Retry(ev, due)
}

// dissolve puts the events of open batches back: they are not going out now, and their windows go on.
func (c *courier) dissolve(now time.Time) {
	c.batches.discard(func(ev *lane.Event) bool {
		c.putBack(ev, now)
		return true
	})
}

// collect resolves events and adds them to the open batches. Those that cannot be resolved come back as a shipment that fails.
// The lock is let go of while it resolves.
func (c *courier) collect(h *hand, now time.Time) *shipment {
	e := c.e
	e.mu.Unlock()
	h.resolved = h.resolved[:0]
	for _, ev := range h.events {
		h.resolved = append(h.resolved, c.resolve(ev))
	}
	defer clear(h.resolved)
	e.mu.Lock()
	var failed *shipment
	for _, r := range h.resolved {
		switch {
		case r.event.Gone() || r.event.Partition().Closing() || c.ended:
			e.ledger.Release(r.event)
			e.settled.Broadcast()
			c.wake()
		case r.err != nil:
			if failed == nil {
				failed = &shipment{}
			}
			failed.events = append(failed.events, r.event)
			failed.faults = append(failed.faults, r.err)
		case !c.batches.follows(r, e.settings.batchMaxBytes):
			e.ledger.Retry(r.event, now) // goes out once what it waits for has
		default:
			c.batches.add(r, c.m.BatchSize, e.settings.batchMaxBytes, now.Add(c.linger()))
		}
	}
	return failed
}

// linger is how long a batch waits for company. Of a partition that keeps its order nothing more can join: what is there goes out at once, and
// what comes meanwhile makes the next batch.
func (c *courier) linger() time.Duration {
	if c.m.Delivery.Ordering == mapping.OrderingPartition {
		return 0
	}
	return c.e.settings.linger
}

type resolvedEvent struct {
	event   *lane.Event
	payload sink.Payload
	err     error
}

// resolve evaluates the mapping's fields on an event.
func (c *courier) resolve(ev *lane.Event) resolvedEvent {
	var span *tracing.Span
	if t := c.e.tracer; t != nil {
		span = t.Map(takenRecord(ev), c.name)
	}
	p, err := c.m.Resolve(ev.Event)
	span.End(withoutValues(err, "a field cannot be resolved on this event"))
	if err != nil {
		return resolvedEvent{event: ev, err: err}
	}
	return resolvedEvent{event: ev, payload: payload(p)}
}

// payload hands a mapping's result to the sink; the two packages do not know each other.
func payload(p mapping.Payload) sink.Payload {
	out := sink.Payload{URL: p.URL, Method: p.Method, Data: p.Data}
	if len(p.Headers) > 0 {
		out.Headers = make([]sink.Header, len(p.Headers))
		for i, h := range p.Headers {
			out.Headers[i] = sink.Header(h)
		}
	}
	return out
}

// discardClosing gives back the events of open batches whose partition is being given up: they were not sent, and their next owner
// sends them. Those that Kafka has lost meanwhile go as well. The engine's lock is held.
func (c *courier) discardClosing() {
	c.batches.discard(func(ev *lane.Event) bool {
		if !ev.Partition().Closing() && !ev.Gone() {
			return false
		}
		c.e.ledger.Release(ev)
		return true
	})
}

// arm sets the timer for the next thing that becomes due by itself. The engine's lock is held.
func (c *courier) arm(now time.Time) {
	c = c.latest()
	if c.ended || c.buried() {
		return
	}
	what := c.endpoint.admit(now)
	if what == full {
		return // the next answer wakes us
	}
	at, ok := c.e.ledger.NextDue(c.index)
	if b, open := c.batches.next(); open && (!ok || b.Before(at)) {
		at, ok = b, true
	}
	if h := c.endpoint; h != nil && h.open && h.inFlight == 0 && (!ok || h.probe.Before(at)) && c.e.ledger.Ready(c.index, now) {
		at, ok = h.probe, true // there is something to probe with
	}
	if what == resting || what != failing && !c.pace.ready(now) {
		at, ok = c.notBefore(at, ok, now)
	}
	if !ok || !c.alarm.IsZero() && c.alarm.After(now) && !at.Before(c.alarm) {
		return
	}
	c.alarm = at
	wait := max(at.Sub(now), 0)
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.ring)
		return
	}
	c.timer.Reset(wait)
}

// notBefore is when something may go out of what is there, or will be at a time, while the endpoint rests or the pace is kept.
func (c *courier) notBefore(at time.Time, ok bool, now time.Time) (time.Time, bool) {
	if c.e.ledger.Ready(c.index, now) || c.batches.due(now) {
		at, ok = now, true
	}
	at = later(at, c.endpoint.rest)
	if c.pace != nil {
		at = later(at, c.pace.next)
	}
	return at, ok
}

func (c *courier) ring() {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.alarm = time.Time{}
	c.wake()
}
