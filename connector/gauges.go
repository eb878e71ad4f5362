package connector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges are the numbers that are read off when somebody asks: how much waits, how old it is, which endpoint fails.
type gauges struct {
	e                                          *engine
	inFlight, waiting, oldest, expiry, failing *prometheus.Desc
	memoryUsed, memoryBudget                   *prometheus.Desc
}

func newGauges(e *engine) *gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("connector_"+name, help, labels, nil)
	}
	return &gauges{
		e:            e,
		inFlight:     desc("inflight_events", "Events that are being delivered or dead-lettered, those in open batches included.", "mapping"),
		waiting:      desc("waiting_events", "Events in memory that wait for their next attempt.", "mapping"),
		oldest:       desc("oldest_unsettled_seconds", "Time since the oldest event that is not settled was first read; 0 when there is none.", "mapping"),
		expiry:       desc("expiry_seconds", "Time until the retry window of the oldest unsettled event ends, negative when it has; the whole window when there is none.", "mapping"),
		failing:      desc("endpoint_failing_since_seconds", "When the endpoint began to fail, as a Unix time; 0 while it does not.", "endpoint"),
		memoryUsed:   desc("memory_used_bytes", "Bytes of events in memory."),
		memoryBudget: desc("memory_budget_bytes", "CONNECTOR_MEMORY_BUDGET."),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.inFlight, g.waiting, g.oldest, g.expiry, g.failing, g.memoryUsed, g.memoryBudget} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	e := g.e
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	send := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	used := e.ledger.Held()
	named := map[string]*backlog{} // mappings may share a name
	for i, c := range e.couriers {
		b := named[c.name]
		if b == nil {
			b = &backlog{}
			named[c.name] = b
		}
		held, retrying := e.ledger.Waiting(i)
		b.inFlight += held - retrying
		b.waiting += retrying
		if at, ok := e.ledger.Oldest(i, now); ok {
			b.age = max(b.age, now.Sub(at))
		}
		_, bytes := e.ledger.HeldBy(i)
		used += bytes
	}
	for name, b := range named {
		send(g.inFlight, float64(b.inFlight), name)
		send(g.waiting, float64(b.waiting), name)
		send(g.oldest, b.age.Seconds(), name)
		send(g.expiry, (e.settings.window - b.age).Seconds(), name)
	}
	failing := map[string]float64{} // several mappings may send to one endpoint: it fails when one of them says so
	for _, h := range e.endpoints {
		since := failing[h.name]
		if at := float64(h.since.Unix()); h.open && (since == 0 || at < since) {
			since = at
		}
		failing[h.name] = since
	}
	for name, since := range failing {
		send(g.failing, since, name)
	}
	send(g.memoryUsed, float64(used))
	send(g.memoryBudget, float64(e.settings.memory))
}

// backlog is what the mappings of one name have before them.
type backlog struct {
	inFlight, waiting int
	age               time.Duration
}
