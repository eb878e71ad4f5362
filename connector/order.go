package connector

import (
	"context"
	"slices"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/sink"
)

// sendInOrder is send for events of which some wait for each other: it can be cut off when their partition is given up.
func (c *courier) sendInOrder(s *shipment, r *sink.Request, span *tracing.Span) sink.Answer {
	ctx, end := context.WithCancel(c.ctx)
	defer end()
	c.e.mu.Lock()
	c.e.sending[s] = end
	if slices.ContainsFunc(s.events, (*lane.Event).Gone) {
		end() // it would come after what the next owner sends
	}
	c.e.mu.Unlock()
	a := c.send(ctx, r, span)
	c.e.mu.Lock()
	delete(c.e.sending, s)
	c.e.mu.Unlock()
	return a
}

// mayFollow says whether the second half of a batch may be sent, some of which may wait for the first. If not, it is put back.
func (c *courier) mayFollow(first, second []*lane.Event) bool {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	done := func(ev *lane.Event) bool { return ev.Gone() }
	undone := func(ev *lane.Event) bool { return !ev.Gone() }
	if !slices.ContainsFunc(first, undone) && !slices.ContainsFunc(second, done) {
		return true
	}
	c.returnNow(second)
	return false
}

func (c *courier) putBackNow(events []*lane.Event) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.returnNow(events)
}

// returnNow gives events back that were not sent, to be taken again at once. The engine's lock is held.
func (c *courier) returnNow(events []*lane.Event) {
	now := time.Now()
	for _, ev := range events {
		c.e.ledger.Retry(ev, now)
	}
	c.e.settled.Broadcast()
	c.e.notify()
	c.wake()
}
