package connector

import (
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
