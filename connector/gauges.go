package connector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges are the numbers that are worked out when somebody asks: how much waits, how old it is, which endpoint fails.
type gauges struct {
	e     *engine
	descs []*prometheus.Desc

	inFlight, waiting, oldest, expiry, backlog, behind *prometheus.Desc // by mapping
	failing, state                                     *prometheus.Desc // by endpoint
	memoryUsed, memoryBudget, window                   *prometheus.Desc
	paused, registryWaiting, commitAge, ready          *prometheus.Desc
	build                                              *prometheus.Desc
}

func newGauges(e *engine) *gauges {
	g := &gauges{e: e}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		d := prometheus.NewDesc("connector_"+name, help, labels, nil)
		g.descs = append(g.descs, d)
		return d
	}
	g.inFlight = desc("inflight_events", "Events that are being delivered or dead-lettered, those in open batches included.", "mapping")
	g.waiting = desc("waiting_events", "Events in memory that wait for their next attempt.", "mapping")
	g.oldest = desc("oldest_unsettled_seconds", "Time since the oldest event that is not settled was first read; 0 when there is none.", "mapping")
	g.expiry = desc("expiry_seconds", "Time until the retry window of the oldest unsettled event ends, negative when it has; the whole window when there is none.", "mapping")
	g.backlog = desc("backlog_offsets", "Offsets that have been read and not settled for the mapping; an upper bound of its events.", "mapping")
	g.behind = desc("lanes_behind", "Partitions on which the mapping is so far behind that its records are read from Kafka again.", "mapping")
	g.failing = desc("endpoint_failing_since_seconds", "When the endpoint began to fail, as a Unix time; 0 while it does not.", "endpoint")
	g.state = desc("endpoint_state", "1 for the state the endpoint is in, 0 for the others.", "endpoint", "state")
	g.memoryUsed = desc("memory_used_bytes", "Bytes of events in memory.")
	g.memoryBudget = desc("memory_budget_bytes", "CONNECTOR_MEMORY_BUDGET.")
	g.window = desc("retry_window_seconds", "CONNECTOR_RETRY_WINDOW.")
	g.paused = desc("partitions_paused", "Partitions that are not read for now, because the memory is full.")
	g.registryWaiting = desc("registry_waiting_partitions", "Partitions of which a record waits for its schema; they go on by themselves when the registry answers.")
	g.commitAge = desc("commit_age_seconds", "Time for which progress has waited to be committed; 0 when all of it is.")
	g.ready = desc("ready", "1 when /readyz answers 200, 0 when it answers 503.")
	g.build = desc("build_info", "1; the labels say which program this is.", "version", "revision", "goversion")
	return g
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range g.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	e := g.e
	send(g.ready, number(e.status.ready() == nil))
	send(g.window, e.settings.window.Seconds())
	send(g.memoryBudget, float64(e.settings.memory))
	b := e.settings.build
	send(g.build, 1, b.Version, b.Revision, b.Go)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	g.mappings(now, send)
	g.endpoints(send)
	send(g.paused, float64(e.ledger.Paused()))
	send(g.registryWaiting, float64(e.waitingPartitions()))
	age := 0.0
	if e.ledger.Uncommitted() {
		age = now.Sub(e.clean).Seconds()
	}
	send(g.commitAge, age)
}

// mappings sends what each mapping has before it. The engine's lock is held.
func (g *gauges) mappings(now time.Time, send func(*prometheus.Desc, float64, ...string)) {
	e := g.e
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
		offsets, behind := e.ledger.Backlog(i)
		b.offsets += offsets
		b.behind += behind
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
		send(g.backlog, float64(b.offsets), name)
		send(g.behind, float64(b.behind), name)
	}
	send(g.memoryUsed, float64(used))
}

// endpoints sends how they are. Several mappings may send to one endpoint: it is as ill as the one that says the worst. The lock is held.
func (g *gauges) endpoints(send func(*prometheus.Desc, float64, ...string)) {
	type health struct {
		state endpointState
		since float64
	}
	named := map[string]health{}
	for _, c := range g.e.couriers {
		h := c.endpoint
		if h == nil {
			continue
		}
		worst := named[h.name]
		worst.state = max(worst.state, h.state())
		if at := float64(h.since.Unix()); h.open && (worst.since == 0 || at < worst.since) {
			worst.since = at
		}
		named[h.name] = worst
	}
	for name, h := range named {
		send(g.failing, h.since, name)
		for s := endpointOK; s <= endpointFailing; s++ {
			send(g.state, number(s == h.state), name, s.String())
		}
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// backlog is what the mappings of one name have before them.
type backlog struct {
	inFlight, waiting, behind int
	offsets                   int64
	age                       time.Duration
}
