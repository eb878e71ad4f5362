package connector

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// alternative is a URL of a Classic destination of which one that takes an event is enough. Its requests are not tried again by
// themselves: either another URL has taken the event, or all are tried again.
type alternative struct {
	m *mapping.Mapping

	// Under the engine's lock.
	timeouts int       // in a row
	next     time.Time // when it is asked again after too many
}

// A URL that lets requests run into the timeout again and again would hold up every worker of the lane, and so the events that the
// others take. It is passed over then but for a request now and then, as long as one of the others takes the event.
const (
	timeoutsToPassOver = 5
	passOver           = 10 * time.Second
)

func newAlternatives(m *mapping.Mapping) []*alternative {
	var all []*alternative
	for _, a := range m.Alternatives {
		all = append(all, &alternative{m: a})
	}
	return all
}

// attemptAny makes one attempt to deliver an event to the URLs of a Classic destination, at all of them at the same time.
func (c *courier) attemptAny(s *shipment) (sink.Answer, error) {
	ready, rest := c.choose(time.Now())
	answers, err := c.sendToAll(s.events[0], ready)
	if err == nil && len(rest) > 0 && anyOf(answers).Class != sink.Delivered {
		var more []answerOf
		more, err = c.sendToAll(s.events[0], rest)
		answers = append(answers, more...)
	}
	if err != nil {
		return sink.Answer{}, err
	}
	return anyOf(answers), nil
}

// choose tells the URLs that are asked at once from those that are asked only if no other takes the event.
func (c *courier) choose(now time.Time) (ready, rest []*alternative) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	for _, a := range c.alternatives {
		switch {
		case a.timeouts < timeoutsToPassOver:
			ready = append(ready, a)
		case now.Before(a.next):
			rest = append(rest, a)
		default:
			a.next = now.Add(passOver)
			ready = append(ready, a)
		}
	}
	if len(ready) == 0 {
		return rest, nil
	}
	return ready, rest
}

// answerOf is the answer of one of several URLs.
type answerOf struct {
	sink.Answer
	url string // fit to be shown
}

// sendToAll sends an event to URLs at the same time. An error means that some request cannot be made, and that none was sent.
func (c *courier) sendToAll(ev *lane.Event, to []*alternative) ([]answerOf, error) {
	answers := make([]answerOf, len(to))
	requests := make([]*sink.Request, len(to))
	spans := make([]*tracing.Span, len(to))
	for i, a := range to {
		p, err := a.m.Resolve(ev.Event)
		if err != nil {
			return nil, err
		}
		one := shipment{events: []*lane.Event{ev}, payloads: []sink.Payload{payload(p)}}
		spans[i] = c.span(&one)
		if requests[i], err = c.request(&one, spans[i]); err != nil {
			return nil, err
		}
		requests[i].Once = true
		answers[i].url = sink.RedactURL(p.URL)
	}
	var sending sync.WaitGroup
	for i := range to {
		sending.Go(func() { answers[i].Answer = c.send(c.ctx, requests[i], spans[i]) })
	}
	sending.Wait()
	for i, a := range to {
		c.note(a, answers[i])
	}
	return answers, nil
}

// note remembers whether a URL keeps the worker waiting.
func (c *courier) note(a *alternative, got answerOf) {
	late := sink.KindOf(got.Err) == sink.KindTimeout
	c.e.mu.Lock()
	before := a.timeouts
	if late {
		a.timeouts++
		a.next = time.Now().Add(passOver)
	} else {
		a.timeouts = 0
	}
	c.e.mu.Unlock()
	switch {
	case late && before+1 == timeoutsToPassOver:
		c.e.log.Warn("a URL does not answer in time: it is passed over while others take the events, but for a request now and then",
			"mapping", c.name, "url", got.url)
	case !late && before >= timeoutsToPassOver:
		c.e.log.Warn("a URL answers in time again", "mapping", c.name, "url", got.url)
	}
}

// anyOf is what the answers of several URLs mean together, of which one that takes the event is enough. Of the classes the first in their
// order counts, and it is decided by
//
//	the first URL to take it                           Delivered
//	else the last of those that may take it later      Retry, as soon as the first of them may be asked again
//	else the last of all                               Rejected
//
// but counts the requests of all.
func anyOf(answers []answerOf) sink.Answer {
	deciding := slices.MinFunc(answers, func(a, b answerOf) int {
		sooner := a.End.Compare(b.End)
		if a.Class != sink.Delivered {
			sooner = -sooner
		}
		return cmp.Or(cmp.Compare(a.Class, b.Class), sooner)
	})
	whole := deciding.Answer
	whole.Requests = 0
	for _, a := range answers {
		whole.Requests += a.Requests
		if a.Start.Before(whole.Start) {
			whole.Start = a.Start
		}
		if a.Class == sink.Retry {
			whole.RetryAfter = min(whole.RetryAfter, a.RetryAfter)
		}
	}
	if whole.Class != sink.Delivered {
		whole.Err = &noTakerError{answers, deciding.url, deciding.Err}
	}
	return whole
}

// noTakerError is why an event was delivered to none of several URLs.
type noTakerError struct {
	answers []answerOf
	url     string // the one that decided
	err     error  // why it gave no answer; nil where it did
}

// Unwrap is the fault of the URL that decided.
func (e *noTakerError) Unwrap() error { return e.err }

func (e *noTakerError) Error() string {
	reasons := make([]string, len(e.answers))
	for i, a := range e.answers {
		reasons[i] = a.url + ": " + answerText(a.Answer)
	}
	return strings.Join(reasons, "; ")
}
