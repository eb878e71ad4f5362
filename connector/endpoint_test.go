package connector

import (
	"context"
	"testing"
	"time"

	"segment-webhooks/sink"
)

var (
	epoch     = time.Unix(1_700_000_000, 0)
	accepted  = sink.Answer{Class: sink.Delivered, Status: 200}
	refused   = sink.Answer{Class: sink.Rejected, Status: 404}
	unhealthy = sink.Answer{Class: sink.Retry, Status: 503}
)

func testEndpoint() *endpoint {
	return newEndpoint("http://h", sink.Backoff{Min: time.Second, Max: 5 * time.Minute})
}

// exchange sends one request at now and takes in the answer.
func (h *endpoint) exchange(now time.Time, a sink.Answer) change {
	h.sent()
	return h.answered(a, now, 8, 0.5)
}

func fail(h *endpoint, now time.Time) {
	for range failuresToOpen {
		h.exchange(now, unhealthy)
	}
}

func TestEndpointOpensAfterFailuresInARow(t *testing.T) {
	t.Parallel()
	h := testEndpoint()
	for i := range 4 * failuresToOpen {
		if what := h.exchange(epoch, unhealthy); what != unchanged {
			t.Fatalf("failure %d changed something: %v", i, what)
		}
		if i%(failuresToOpen-1) == failuresToOpen-2 {
			h.exchange(epoch, []sink.Answer{accepted, refused}[i%2]) // a rejection is a sign of life, too
		}
	}
	h = testEndpoint()
	for i := range failuresToOpen - 1 {
		h.exchange(epoch.Add(time.Duration(i)*time.Second), unhealthy)
	}
	if got := h.exchange(epoch.Add(time.Minute), unhealthy); got != opened {
		t.Errorf("failure %d in a row: %v, want opened", failuresToOpen, got)
	}
	if !h.since.Equal(epoch) {
		t.Errorf("failing since %v, want since the first failure %v", h.since, epoch)
	}
	if h.exchange(epoch.Add(time.Hour), accepted); h.dead(epoch.Add(2 * time.Hour)) {
		t.Error("dead right after a success")
	}
	fail(h, epoch.Add(2*time.Hour))
	if at := epoch.Add(time.Hour); h.dead(at) || !h.dead(at.Add(time.Second)) {
		t.Errorf("dead before the last success, or not dead after it")
	}
}

func TestEndpointProbesOneAtATime(t *testing.T) {
	t.Parallel()
	h := testEndpoint()
	fail(h, epoch)
	if got := h.admit(epoch); got != failing {
		t.Errorf("right after opening: %v, want nothing to go out", got)
	}
	now := epoch
	longest := time.Duration(0)
	for range 50 {
		wait := h.probe.Sub(now)
		longest = max(longest, wait)
		if wait < time.Second || wait > maxProbeWait {
			t.Fatalf("the next probe is %v away, want 1 s to %v", wait, maxProbeWait)
		}
		now = h.probe
		if got := h.admit(now); got != probing {
			t.Fatalf("when the probe is due: %v", got)
		}
		h.sent()
		if got := h.admit(now); got == probing || got == admitted {
			t.Fatal("a second request may go out beside the probe")
		}
		if got := h.answered(unhealthy, now, 8, 0.5); got != unchanged {
			t.Fatalf("a failed probe is news: %v", got)
		}
	}
	if longest < maxProbeWait/3 {
		t.Errorf("probes are never more than %v apart, want them to space out", longest)
	}
}

func TestEndpointHonoursRetryAfterWithinBounds(t *testing.T) {
	t.Parallel()
	h := testEndpoint()
	patient := unhealthy
	patient.RetryAfter = time.Hour
	for range failuresToOpen {
		h.exchange(epoch, patient)
	}
	if wait := h.probe.Sub(epoch); wait != maxProbeWait {
		t.Errorf("asked for an hour: the next probe is %v away, want %v", wait, maxProbeWait)
	}
}

func TestEndpointRampsUpAfterRecovery(t *testing.T) {
	t.Parallel()
	h := testEndpoint()
	fail(h, epoch)
	now := h.probe
	if got := h.exchange(now, accepted); got != recovered {
		t.Fatalf("a probe that succeeds: %v, want recovered", got)
	}
	var limits []int
	for h.limit > 0 {
		n := 0
		for h.admit(now) == admitted {
			h.sent()
			n++
		}
		limits = append(limits, n)
		for range n {
			h.answered(accepted, now, 8, 0.5)
		}
	}
	if len(limits) != 2 || limits[0] != 2 || limits[1] != 4 {
		t.Errorf("requests at once while recovering: %v, want [2 4] and then no limit", limits)
	}
	fail(h, now)
	h.exchange(h.probe, accepted)
	if got := h.exchange(h.probe, unhealthy); got != opened {
		t.Errorf("one failure while recovering: %v, want opened again", got)
	}
}

// The lane of undecodable records has no endpoint.
func TestNoEndpointAdmitsEverything(t *testing.T) {
	t.Parallel()
	var h *endpoint
	h.sent()
	h.withdrawn()
	if h.admit(epoch) != admitted || h.answered(unhealthy, epoch, 1, 0) != unchanged || h.dead(epoch) {
		t.Error("a missing endpoint holds something up")
	}
}

var tooMany = sink.Answer{Class: sink.Retry, Status: 429}

// under gives the endpoint n requests at once.
func under(h *endpoint, n int) {
	for range n {
		h.sent()
	}
}

// at is an answer to a request that was sent at a time.
func at(a sink.Answer, t time.Time) sink.Answer {
	a.Start = t
	return a
}

func TestEndpointIsGivenLessWhenItAsksForIt(t *testing.T) {
	t.Parallel()
	const most = 64
	h := testEndpoint()
	under(h, most)
	now := epoch.Add(time.Second)
	for range most { // all that were under way together count once
		if what := h.answered(at(tooMany, epoch), now, most, 0.5); what != unchanged {
			t.Fatalf("429 changed something: %v", what)
		}
	}
	if h.limit != most/2 || h.open {
		t.Fatalf("after a round of 429: %d requests at once, open %v; want %d", h.limit, h.open, most/2)
	}
	for want := most / 4; want >= 1; want /= 2 {
		now = now.Add(time.Second)
		under(h, 1)
		h.answered(at(tooMany, now), now, most, 0.5)
		if h.limit != want || h.open {
			t.Fatalf("%d requests at once, open %v, want %d", h.limit, h.open, want)
		}
	}
	h = testEndpoint()
	h.limit = 4
	rounds := 0
	for h.limit > 0 { // one more for each round of successes
		n := h.limit
		under(h, n)
		for range n {
			h.answered(at(accepted, now), now, most, 0.5)
		}
		if rounds++; h.limit != 0 && h.limit != n+1 {
			t.Fatalf("%d requests at once after a round of %d successes", h.limit, n)
		}
	}
	if rounds != most-4 {
		t.Errorf("from 4 requests at once to %d took %d rounds", most, rounds)
	}
}

// Whoever answers 429 even to one request at a time is given none but probes.
func TestEndpointThatTakesNothingAtAllFails(t *testing.T) {
	t.Parallel()
	h := testEndpoint()
	h.limit = 2
	now := epoch
	var what change
	for n := range 10 {
		now = now.Add(time.Second)
		h.sent()
		if what = h.answered(at(tooMany, now), now, 64, 0.5); what == opened {
			if n+1 != failuresToOpen {
				t.Errorf("it fails after %d answers of 429, want %d", n+1, failuresToOpen)
			}
			return
		}
	}
	t.Errorf("ten times 429 one after the other: %v, want opened", what)
}

func TestEndpointRestsAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	h := testEndpoint()
	wait := tooMany
	wait.RetryAfter = time.Minute
	under(h, 8)
	h.answered(at(wait, epoch), epoch, 8, 0.5)
	for range 4 {
		h.answered(at(accepted, epoch), epoch.Add(time.Second), 8, 0.5)
	}
	if got := h.admit(epoch.Add(time.Minute - 1)); got != resting {
		t.Errorf("within the time it has asked for: %v, want resting", got)
	}
	if got := h.admit(epoch.Add(time.Minute)); got != admitted {
		t.Errorf("after it: %v, want admitted", got)
	}
	wait.RetryAfter = 24 * time.Hour
	h.answered(at(wait, epoch), epoch, 8, 0.5)
	if got := h.rest.Sub(epoch); got != 5*time.Minute {
		t.Errorf("asked for a day, it is left alone for %v, want RETRY_MAX, 5m", got)
	}
}

func TestEndpointIsGivenLessOnManyTimeoutsAndNotOnFew(t *testing.T) {
	t.Parallel()
	const most = 64
	timeout := sink.Answer{Class: sink.Retry, Err: context.DeadlineExceeded}
	if sink.KindOf(timeout.Err) == sink.KindTimeout {
		t.Fatal("a foreign error is no timeout of the sink's")
	}
	for _, c := range []struct {
		name  string
		a     sink.Answer
		every int // answers, of which one fails
		less  bool
	}{
		{"503, one of fifty", unhealthy, 50, false},
		{"503, one of three", unhealthy, 3, true},
		{"504, one of three", sink.Answer{Class: sink.Retry, Status: 504}, 3, true},
		{"500, one of three", sink.Answer{Class: sink.Retry, Status: 500}, 3, false},
	} {
		h := testEndpoint()
		less := false
		now := epoch
		under(h, most)
		for i := range 1000 {
			now = now.Add(time.Second)
			a := accepted
			if i%c.every == c.every-1 {
				a = c.a
			}
			h.answered(at(a, now), now, most, 0.5)
			h.sent()
			less = less || h.limit > 0
		}
		if less != c.less || h.open {
			t.Errorf("%s: it is given less: %v, want %v; open %v", c.name, less, c.less, h.open)
		}
	}
}
