package connector

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/overview"
	"segment-webhooks/sink"
)

// What counting costs an event that is read with 999 others, goes to one of 50 mappings, and is delivered alone: the dearest case. It is counted
// for /metrics and for the page.
func BenchmarkBookkeeping(b *testing.B) {
	names := make([]string, 51)
	for i := range 50 {
		names[i] = string(rune('A' + i))
	}
	m := newMetrics(prometheus.NewRegistry(), names)
	begin := time.Now()
	m.book = overview.New(false, begin)
	m.open(names)
	event := []*lane.Event{{Record: &lane.Record{Timestamp: begin.Add(-time.Second)}}}
	delivered := sink.Answer{Class: sink.Delivered, Status: 200, Start: begin, End: begin.Add(3 * time.Millisecond), Requests: 1}
	const poll = 1000
	var t tally
	b.ReportAllocs()
	for i := range b.N {
		t.records++
		t.matched[i%50]++
		m.lanes[i%50].attempt(1, 1024, delivered)
		m.lanes[i%50].settled(event, delivered.End)
		if t.records == poll {
			m.count(&t)
		}
	}
}
