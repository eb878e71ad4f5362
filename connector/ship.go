package connector

import (
	"math/rand/v2"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// ship makes one attempt to deliver a shipment and concludes it.
func (c *courier) ship(s *shipment) {
	switch {
	case c.m == nil:
		for _, ev := range s.events {
			c.bury([]*lane.Event{ev}, reasonUndecodable, &lane.Failure{At: time.Now(), Error: ev.Problem})
		}
		return
	case s.faults != nil:
		for i, ev := range s.events {
			c.bury([]*lane.Event{ev}, reasonMappingFailed, &lane.Failure{At: time.Now(), Error: s.faults[i].Error()})
		}
		return
	case s.payloads == nil:
		r := c.resolve(s.events[0])
		if r.err != nil {
			c.bury(s.events, reasonMappingFailed, &lane.Failure{At: time.Now(), Error: r.err.Error()})
			return
		}
		s.payloads = []sink.Payload{r.payload}
	}
	request, err := c.request(s)
	if err != nil {
		c.bury(s.events, reasonMappingFailed, &lane.Failure{At: time.Now(), Error: err.Error()})
		return
	}
	c.conclude(s, c.e.sender.Send(c.ctx, request))
}

func (c *courier) request(s *shipment) (*sink.Request, error) {
	var request *sink.Request
	var err error
	if s.array {
		request, err = sink.Batch(s.payloads, c.e.signer)
	} else {
		request, err = sink.Single(&s.payloads[0], c.e.signer, sink.Header{Name: "Idempotency-Key", Value: c.idempotencyKey(s.events[0])})
	}
	if err != nil {
		return nil, err
	}
	request.Reach = c.reach
	return request, nil
}

// conclude does with the events what the answer calls for.
func (c *courier) conclude(s *shipment, a sink.Answer) {
	e := c.e
	if a.Err != nil && c.ctx.Err() != nil {
		return // stopping: the outcome is unknown, and nothing is committed for these any more
	}
	e.metrics.attempt(c.index, len(s.events), a)
	for _, ev := range s.events {
		ev.Attempts += a.Requests
		if ev.First.IsZero() {
			ev.First = a.Start
		}
	}
	switch a.Class {
	case sink.Delivered:
		e.metrics.delivered(c.index, s.events, a.End)
		e.settle(s.events)
	case sink.Rejected:
		c.bury(s.events, reasonRejected, failure(a))
	case sink.Split:
		half := len(s.events) / 2
		c.ship(&shipment{events: s.events[:half], payloads: s.payloads[:half], array: true})
		c.ship(&shipment{events: s.events[half:], payloads: s.payloads[half:], array: true})
	case sink.Retry:
		c.retry(s.events, a)
	}
}

func failure(a sink.Answer) *lane.Failure {
	f := &lane.Failure{At: a.End, Status: a.Status, Response: a.Body}
	if a.Err != nil {
		f.Error = a.Err.Error()
	}
	return f
}

// retry puts the events back for a later attempt, all at the same time so that a batch stays together. The last attempt falls at the end of
// an event's window; what is past it is given up.
func (c *courier) retry(events []*lane.Event, a sink.Answer) {
	e := c.e
	f := failure(a)
	now := time.Now()
	attempts, longest := 0, time.Duration(0)
	for _, ev := range events {
		attempts = max(attempts, ev.Tries)
		longest = max(longest, ev.Deadline.Sub(now))
	}
	wait := e.settings.backoff.Delay(attempts, a.RetryAfter, longest, rand.Float64()) //nolint:gosec // spreads load, guards nothing
	var expired []*lane.Event
	e.mu.Lock()
	for _, ev := range events {
		ev.Last = f
		ev.Tries++
		if !now.Before(ev.Deadline) {
			expired = append(expired, ev)
			continue
		}
		due := now.Add(wait)
		if due.After(ev.Deadline) {
			due = ev.Deadline
		}
		e.ledger.Retry(ev, due)
	}
	e.settled.Broadcast()
	e.notify()
	c.arm(now)
	e.mu.Unlock()
	if len(expired) > 0 {
		c.bury(expired, reasonExpired, f)
	}
}
