package connector

import (
	"time"

	"segment-webhooks/sink"
)

// endpoint is what is known about the health of the receiver that a mapping sends to.
//
// It fails as a whole when nothing gets through any more. While it does, events wait without spending attempts; a single request now
// and then finds out whether it is back. Then the load grows with every success, so that the backlog does not knock it down again.
// That an endpoint fails never gives up an event by itself: only the end of the event's window does.
//
// It is told the time. The engine's lock guards it.
type endpoint struct {
	name string
	min  time.Duration // first wait between two probes
	max  time.Duration // longest

	failures int       // since the last success
	since    time.Time // of the first of them
	success  time.Time // the last one; zero before the first
	open     bool      // nothing goes out but probes
	probe    time.Time // when the next one may
	probes   int       // since it opened
	limit    int       // requests at once while it recovers; 0 when there is no limit
	inFlight int
}

const (
	failuresToOpen = 5                // in a row, over all events
	maxProbeWait   = 30 * time.Second // a receiver that is back should not wait for long
	firstLimit     = 2                // requests at once after the first success
)

// admission is what a worker may do now.
type admission uint8

const (
	admitted admission = iota
	probing            // one request, to find out
	full               // later: recovering, and enough is under way
	failing            // nothing goes out
)

func newEndpoint(name string, b sink.Backoff) *endpoint {
	return &endpoint{name: name, min: b.Min, max: max(b.Min, min(b.Max, maxProbeWait))}
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
	if h.failures++; h.failures == 1 {
		h.since = now
	}
	if !h.open && h.failures < failuresToOpen && h.limit == 0 {
		return unchanged
	}
	first := !h.open
	if first {
		h.open, h.limit, h.probes = true, 0, 0
	}
	h.probes++
	wait := sink.Backoff{Min: h.min, Max: h.max}.Delay(h.probes, min(a.RetryAfter, h.max), h.max, rnd)
	h.probe = now.Add(wait)
	if first {
		return opened
	}
	return unchanged
}

func (h *endpoint) alive(now time.Time, most int) change {
	h.failures, h.success = 0, now
	switch {
	case h.open:
		h.open, h.limit = false, firstLimit
		return recovered
	case h.limit > 0:
		if h.limit++; h.limit >= most {
			h.limit = 0
		}
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
	endpointRecovering               // it works again, and gets few requests at once
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
