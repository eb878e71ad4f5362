package web

import (
	"strings"
	"testing"
	"time"

	"segment-webhooks/connector/overview"
	"segment-webhooks/sink"
)

func TestNumbersForPeople(t *testing.T) {
	for want, got := range map[string]string{
		"0": number(0), "999": number(999), "1,000": number(1000), "1,234,567": number(1_234_567), "12.3 M": number(12_345_678),
		"": rate(0, time.Minute), "20.0/s": rate(1200, time.Minute), "1,667/s": rate(1_000_000, 10*time.Minute),
		"30.0/min": rate(300, 10*time.Minute), "6.0/h": rate(1, 10*time.Minute), "1.0/day": rate(1, 24*time.Hour),
		"< 1 ms": duration(0), "42 ms": duration(42 * time.Millisecond), "7 s": duration(7 * time.Second), "7.5 s": duration(7500 * time.Millisecond),
		"59 s": duration(59_900 * time.Millisecond), "1 min": duration(time.Minute), "3 h 47 min": duration(3*time.Hour + 47*time.Minute + 59*time.Second),
		"2 d 1 h": duration(49*time.Hour + time.Minute), "–5 min": duration(-5 * time.Minute),
		"1.5 h": about(90 * time.Minute), "2.5 d": about(60 * time.Hour), "1.2 min": about(72 * time.Second),
		"1 KiB": size(1), "256.0 MiB": size(256 << 20),
		"1 event": count(1, "event", "events"), "1,001 events": count(1001, "event", "events"),
		"503 Service Unavailable": status(503), "599": status(599),
		"a, b, c and 2 more": list([]string{"a", "b", "c", "d", "e"}),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Every word that the sink and the dead letters have for a failure is told in words of its own.
func TestEveryReasonHasWords(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []sink.Kind{
		sink.KindTimeout, sink.KindDNS, sink.KindRefused, sink.KindReset, sink.KindUnreachable, sink.KindTLS, sink.KindProtocol, sink.KindProxy,
		sink.KindLocal, sink.KindNetwork, sink.KindBlocked,
	} {
		if text := why(overview.Reason{Why: string(kind)}); seen[text] {
			t.Errorf("%s and another are both %q", kind, text)
		} else {
			seen[text] = true
		}
	}
	for reason, want := range map[overview.Reason]string{
		{Status: 429}: "429 Too Many Requests",
		{GivenUp: true, Why: "window_expired", Status: 503}: "The retry window ended, 503 Service Unavailable",
		{GivenUp: true, Why: "undecodable"}:                 "No Segment event",
		{GivenUp: true, Why: overview.Other}:                "Other reasons",
	} {
		if got := why(reason); got != want {
			t.Errorf("%+v: got %q, want %q", reason, got, want)
		}
	}
}

func TestChart(t *testing.T) {
	var delivered, failed [overview.Steps]uint32
	if c := newChart("delivered", overview.Hour, &delivered, &failed); !c.Empty || c.Good != "" || c.Label != "nothing delivered" {
		t.Errorf("nothing is drawn as %+v", c)
	}
	delivered[59], delivered[58], failed[0] = 10, 1000, 1
	c := newChart("delivered", overview.Hour, &delivered, &failed)
	if want := "delivered, in steps of 1 min: highest 1,000, now 10; failures highest 1, now 0"; c.Label != want {
		t.Errorf("got %q, want %q", c.Label, want)
	}
	good, bad := "M0 32"+strings.Repeat("h2", 58)+"V2h2V30h2V32Z", "M0 32V30h2V32"+strings.Repeat("h2", 59)+"V32Z"
	if c.Good != good || c.Bad != bad {
		t.Errorf("got %q and %q, want %q and %q", c.Good, c.Bad, good, bad)
	}
}
