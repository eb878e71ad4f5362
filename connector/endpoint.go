package connector

import (
	"net/http"
	"time"

	"segment-webhooks/sink"
)

// endpoint is what is known about the health of the receiver that a mapping sends to.
//
// It fails as a whole when nothing gets through any more. While it does, events wait without spending attempts; a single request now
// and then finds out whether it is back. Then the load grows with every success, so that the backlog does not knock it down again.
// That an endpoint fails never gives up an event by itself: only the end of the event's window does.
//
// It is given less when it cannot keep up. An answer of 429, and timeouts and 503 where they are more than a few, halve the requests at
// once; every round of as many successes allows one more, up to the setting, which then is the only limit again. A Retry-After beside a 429 is
// kept by all of the mapping's events. A 429 is no failure, unless not even one request at a time is taken.
//
// It is told the time. The engine's lock guards it.
type endpoint struct {
	name    string
	min     time.Duration // first wait between two probes
	max     time.Duration // longest
	longest time.Duration // that a Retry-After beside a 429 is kept by all

	failures int       // since the last success
	since    time.Time // of the first of them
	success  time.Time // the last one; zero before the first
	open     bool      // nothing goes out but probes
	probe    time.Time // when the next one may
	probes   int       // since it opened
	inFlight int

	limit   int       // requests at once; 0 when the setting is the only limit
	ramping bool      // it has just recovered: every success raises the limit, and one failure is enough
	credit  int       // successes since the limit was raised
	why     string    // what the last failure was, fit to be shown
	cut     time.Time // when the limit was lowered: what was sent before says nothing about it
	rest    time.Time // nothing goes out before
	trouble int       // timeouts and 503 among the last answers, in units of oneTrouble
}

const (
	failuresToOpen = 5                // in a row, over all events
	maxProbeWait   = 30 * time.Second // a receiver that is back should not wait for long
	firstLimit     = 2                // requests at once after the first success

	// trouble loses a part with every answer: one in memory is what a steady share of failures would add up to if all answers were. More than
	// an eighth is more than chance.
	memory      = 32
	oneTrouble  = 64
	muchTrouble = memory * oneTrouble / 8
)

// admission is what a worker may do now.
type admission uint8

const (
	admitted admission = iota
	probing            // one request, to find out
	full               // later: it is given less than it might be, and enough is under way
	resting            // later: it has asked for patience
	failing            // nothing goes out
)

func newEndpoint(name string, b sink.Backoff) *endpoint {
	return &endpoint{name: name, min: b.Min, max: max(b.Min, min(b.Max, maxProbeWait)), longest: max(b.Min, b.Max)}
}

// admit says what a worker may do now. Whoever sends afterwards calls sent, and answered or withdrawn later.
func (h *endpoint) admit(now time.Time) admission {
	switch {
	case h == nil:
		return admitted
	case h.open && h.inFlight == 0 && !now.Before(h.probe):
		return probing
	case h.open:
		return failing
	case h.limit > 0 && h.inFlight >= h.limit:
		return full
	case now.Before(h.rest):
		return resting
	default:
		return admitted
	}
}

func (h *endpoint) sent() {
	if h != nil {
		h.inFlight++
	}
}

// withdrawn takes back sent: no request went out after all, or its outcome is unknown.
func (h *endpoint) withdrawn() {
	if h != nil {
		h.inFlight--
	}
}

// change is what an answer changed.
type change uint8

const (
	unchanged change = iota
	opened           // it fails from now on
	recovered        // it works again
)

// answered takes in what came of a request. A rejection is a sign of life like a success; whether one event is liked is not the
// endpoint's health. Most is the number of requests at once that needs no limit; rnd is random in [0, 1).
func (h *endpoint) answered(a sink.Answer, now time.Time, most int, rnd float64) change {
	if h == nil {
		return unchanged
	}
	h.inFlight--
	if a.Class != sink.Retry {
		return h.alive(now, most)
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		h.slower(a.Start, now, most)
		if a.RetryAfter > 0 {
			h.rest = later(h.rest, now.Add(min(a.RetryAfter, h.longest)))
		}
		if h.limit > 1 && !h.open {
			return unchanged
		}
	case isOverload(a):
		if h.trouble += oneTrouble - h.trouble/memory; h.trouble > muchTrouble {
			h.slower(a.Start, now, most)
		}
	}
	return h.failed(a, now, rnd)
}

// isOverload tells the answers of somebody who may have too much to do.
func isOverload(a sink.Answer) bool {
	return a.Status == http.StatusServiceUnavailable || a.Status == http.StatusGatewayTimeout || sink.KindOf(a.Err) == sink.KindTimeout
}

// slower halves the requests at once, but only once for all that were under way together.
func (h *endpoint) slower(sent, now time.Time, most int) {
	if h.open || sent.Before(h.cut) {
		return
	}
	at := h.limit
	if at == 0 {
		at = min(most, h.inFlight+1)
	}
	h.limit, h.ramping, h.credit, h.cut, h.trouble = max(1, at/2), false, 0, now, 0
}

func (h *endpoint) failed(a sink.Answer, now time.Time, rnd float64) change {
	if h.failures++; h.failures == 1 {
		h.since = now
	}
	h.why = answerText(a)
	if !h.open && h.failures < failuresToOpen && !h.ramping {
		return unchanged
	}
	first := !h.open
	if first {
		h.open, h.ramping, h.limit, h.probes = true, false, 0, 0
	}
	h.probes++
	wait := sink.Backoff{Min: h.min, Max: h.max}.Delay(h.probes, min(a.RetryAfter, h.max), h.max, rnd)
	h.probe = later(h.rest, now.Add(wait))
	if first {
		return opened
	}
	return unchanged
}

func (h *endpoint) alive(now time.Time, most int) change {
	h.failures, h.success = 0, now
	h.trouble -= (h.trouble + memory - 1) / memory
	switch {
	case h.open:
		h.open, h.ramping, h.limit, h.credit = false, true, firstLimit, 0
		return recovered
	case h.limit == 0:
		return unchanged
	}
	if h.credit++; h.ramping || h.credit >= h.limit {
		h.limit, h.credit = h.limit+1, 0
	}
	if h.limit >= most {
		h.limit, h.ramping = 0, false
	}
	return unchanged
}

// dead says that the endpoint fails, and has answered nothing with success since t.
func (h *endpoint) dead(t time.Time) bool {
	return h != nil && h.open && h.success.Before(t)
}

// endpointState is how an endpoint is, from well to ill.
type endpointState uint8

const (
	endpointOK         endpointState = iota
	endpointRecovering               // it works, and gets fewer requests at once than it might
	endpointFailing                  // nothing goes out but probes
)

// String is the state as a metric label.
func (s endpointState) String() string {
	return [...]string{"ok", "recovering", "failing"}[s]
}

func (h *endpoint) state() endpointState {
	switch {
	case h.open:
		return endpointFailing
	case h.limit > 0:
		return endpointRecovering
	default:
		return endpointOK
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
