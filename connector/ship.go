package connector

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
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
	case s.expired:
		c.expire(s.events)
		return
	case s.faults != nil:
		for i, ev := range s.events {
			c.mappingFailed([]*lane.Event{ev}, s.faults[i])
		}
		return
	}
	a, err := c.attempt(s)
	if err != nil {
		c.withdraw(s)
		c.mappingFailed(s.events, err)
		return
	}
	c.conclude(s, a)
}

// attempt makes the request, resolving what is not resolved yet, and sends it. It knows nothing of the ledger: what becomes of the events is the
// caller's to conclude. An error means that no request can be made, and that nothing was sent.
func (c *courier) attempt(s *shipment) (sink.Answer, error) {
	if c.alternatives != nil {
		return c.attemptAny(s)
	}
	if s.payloads == nil {
		r := c.resolve(s.events[0])
		if r.err != nil {
			return sink.Answer{}, r.err
		}
		s.payloads, s.array = []sink.Payload{r.payload}, c.batched()
	}
	span := c.span(s)
	request, err := c.request(s, span)
	if err != nil {
		span.End(err.Error())
		return sink.Answer{}, err
	}
	defer request.Recycle()
	if c.ordered {
		return c.sendInOrder(s, request, span), nil
	}
	return c.send(c.ctx, request, span), nil
}

// send sends a request and counts it, unless it was cut off because the connector stops.
func (c *courier) send(ctx context.Context, r *sink.Request, span *tracing.Span) sink.Answer {
	a := c.e.sender.Send(ctx, r)
	span.Answer(a.Class.String(), a.Status, a.Requests)
	span.End(problem(a))
	if a.Err == nil || ctx.Err() == nil {
		c.metrics.attempt(r.Events(), len(r.Body()), a)
	}
	return a
}

// spent counts the requests that an answer took beyond the one that was counted when the shipment went out.
func (c *courier) spent(s *shipment, a sink.Answer) {
	more := a.Requests
	if s.counted {
		more--
	}
	if c.pace == nil || more <= 0 {
		return
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.pace.spend(more, time.Now())
}

func (c *courier) mappingFailed(events []*lane.Event, err error) {
	c.bury(events, reasonMappingFailed, &lane.Failure{At: time.Now(), Error: err.Error()})
}

// expire gives up events whose window ended before they could be sent, or sent again. Those that were never sent say why.
func (c *courier) expire(events []*lane.Event) {
	c.e.mu.Lock()
	why := "not tried: the mapping lags behind by more than the retry window, and CONNECTOR_ON_LAG is dead-letter"
	if c.endpoint.open {
		why = "not tried: " + c.endpoint.name + " has failed since " + c.endpoint.since.UTC().Format(time.RFC3339) + ", lastly: " + c.endpoint.why
	}
	c.e.mu.Unlock()
	untried := &lane.Failure{At: time.Now(), Error: why}
	for _, ev := range events {
		if ev.Last == nil {
			ev.Last = untried
		}
	}
	c.bury(events, reasonExpired, nil)
}

// withdraw takes back that a shipment goes out.
func (c *courier) withdraw(s *shipment) {
	if s.counted {
		c.e.mu.Lock()
		c.endpoint.withdrawn()
		if c.endpoint.limit > 0 { // somebody may have waited for the answer
			c.wake()
		}
		c.e.mu.Unlock()
	}
}

// answered tells the endpoint's health of an answer, and everybody who waits for it.
func (c *courier) answered(s *shipment, a sink.Answer) {
	if !s.counted {
		return
	}
	e, h := c.e, c.endpoint
	e.mu.Lock()
	limited := h.open || h.limit > 0
	what := h.answered(a, time.Now(), c.inFlight, rand.Float64()) //nolint:gosec // spreads load, guards nothing
	since := h.since
	if what != unchanged {
		if latest := c.latest(); !latest.ended && latest.endpoint == h {
			e.ledger.SetFailing(latest.index, h.open)
		}
		e.notify()
	}
	if limited || what != unchanged {
		c.wake()
	}
	e.mu.Unlock()
	switch what {
	case opened:
		e.log.Warn("an endpoint fails: its events wait, and a request now and then finds out when it is back",
			"endpoint", h.name, "mapping", c.name, "status", a.Status, "error", errorText(a.Err), "failing_since", since.UTC())
	case recovered:
		e.log.Warn("an endpoint works again", "endpoint", h.name, "mapping", c.name, "failed_for", time.Since(since).Round(time.Second).String())
	case unchanged:
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// answerText says what came of a request that delivered nothing, fit to be shown.
func answerText(a sink.Answer) string {
	return cmp.Or(errorText(a.Err), "status "+strconv.Itoa(a.Status))
}

func (c *courier) request(s *shipment, span *tracing.Span) (*sink.Request, error) {
	var request *sink.Request
	var err error
	if s.array {
		request, err = sink.Batch(s.payloads, c.sender.Signer, traceHeaders(span)...)
	} else {
		request, err = sink.Single(&s.payloads[0], c.sender.Signer,
			append(traceHeaders(span), sink.Header{Name: "Idempotency-Key", Value: c.idempotencyKey(s.events[0])})...)
	}
	if err != nil {
		return nil, err
	}
	request.Reach, request.Auth, request.TLS = c.reach, c.sender.Auth, c.sender.TLS
	if c.sender.Signer.Names() {
		request.ID = c.webhookID(s)
	}
	if c.gzip {
		request.Compress()
	}
	return request, nil
}

// conclude does with the events what the answer calls for.
func (c *courier) conclude(s *shipment, a sink.Answer) {
	e := c.e
	if a.Err != nil && c.ctx.Err() != nil {
		c.withdraw(s)
		return // stopping: the outcome is unknown, and nothing is committed for these any more
	}
	if c.ordered && sink.KindOf(a.Err) == sink.KindCanceled {
		c.withdraw(s)
		c.putBackNow(s.events) // those of partitions that are still ours
		return
	}
	c.answered(s, a)
	c.spent(s, a)
	for _, ev := range s.events {
		ev.Attempts += a.Requests
		if ev.First.IsZero() {
			ev.First = a.Start
		}
	}
	switch a.Class {
	case sink.Delivered:
		if a.Items != nil {
			c.concludeItems(s.events, a)
			return
		}
		c.metrics.settled(s.events, a.End)
		c.tellDelivered(s, a)
		e.settle(s.events)
	case sink.Rejected:
		c.metrics.refused(len(s.events), a)
		c.bury(s.events, reasonRejected, failure(a))
	case sink.Split:
		half := len(s.events) / 2
		c.ship(&shipment{events: s.events[:half], payloads: s.payloads[:half], array: true})
		if second := s.events[half:]; !c.ordered || c.mayFollow(s.events[:half], second) {
			c.ship(&shipment{events: second, payloads: s.payloads[half:], array: true})
		}
	case sink.Retry:
		c.retry(s.events, a)
	}
}

func failure(a sink.Answer) *lane.Failure {
	f := &lane.Failure{At: a.End, Status: a.Status, Response: a.Body}
	if a.Err != nil {
		f.Error = a.Err.Error()
	}
	if a.Status == 0 {
		f.Kind = string(sink.KindOf(a.Err))
	}
	if none, ok := errors.AsType[*noTakerError](a.Err); ok {
		f.URL = none.url
	}
	return f
}

// retry puts the events back for a later attempt, all at the same time so that a batch stays together. The last attempt falls at the end of
// an event's window; what is past it is given up.
func (c *courier) retry(events []*lane.Event, a sink.Answer) {
	e := c.e
	f := failure(a)
	c.report(events, "", f)
	now := time.Now()
	attempts, longest := 0, time.Duration(0)
	for _, ev := range events {
		ev.Last = f
		ev.Tries++
		attempts = max(attempts, ev.Tries)
		longest = max(longest, ev.Deadline.Sub(now))
	}
	wait := e.settings.backoff.Delay(attempts, a.RetryAfter, longest, rand.Float64()) //nolint:gosec // spreads load, guards nothing
	var expired []*lane.Event
	e.mu.Lock()
	for _, ev := range events {
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
	c.metrics.putBack(len(events) - len(expired))
	if len(expired) > 0 {
		c.bury(expired, reasonExpired, f)
	}
}
