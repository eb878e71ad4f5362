package connector

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/overview"
	"segment-webhooks/sink"
)

// metrics are the connector's numbers. Every label comes from a closed set that is known at the start, and every child is looked up once:
// counting costs an atomic addition, not a map. What somebody has to work out is in gauges, and worked out when asked for.
type metrics struct {
	registry *prometheus.Registry
	book     *overview.Book // the same for the page; nil without one

	received, undecodable      prometheus.Counter
	lostOffsets                map[string]prometheus.Counter // by reason
	commitsDone, commitsFailed prometheus.Counter
	assigned                   prometheus.Gauge
	reloads                    map[bool]prometheus.Counter // by success
	families                   families
	names                      []string       // of the mappings, as they are told
	lanes                      []*laneMetrics // by mapping; the last is for undecodable records
}

// families are the numbers that each mapping has of its own.
type families struct {
	matched, filtered, delivered, retried, rejected, dead, attempts, failures *prometheus.CounterVec
	duration, delay, batchEvents, batchBytes                                  *prometheus.HistogramVec
}

type laneMetrics struct {
	matched, filtered, delivered, retried prometheus.Counter
	rejected, failures, dead              counters // by reason
	attempts                              map[sink.Class]prometheus.Counter
	durations                             map[sink.Class]prometheus.Observer
	delay, batchEvents, batchBytes        prometheus.Observer
	account                               *overview.Account // the same for the page; nil without one
}

// counters are the children of one family by their last label.
type counters map[string]prometheus.Counter

// The buckets of the histograms. Four hours is the default retry window, 4 MB the default size of a batch.
var (
	secondsBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	delayBuckets   = []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 600, 3600, 7200, 14400, 28800}
	eventsBuckets  = []float64{1, 2, 5, 10, 50, 100, 500, 1000, 2000, 4000}
	bytesBuckets   = []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}
)

// newMetrics makes the numbers of mappings with these names, the last of which is that of undecodable records, in a registry.
func newMetrics(r *prometheus.Registry, names []string) *metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "connector_" + name, Help: help})
		r.MustRegister(c)
		return c
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "connector_" + name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "connector_" + name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(v)
		return v
	}
	m := &metrics{
		registry:    r,
		received:    counter("events_received_total", "Records read from Kafka, each counted once per reading."),
		undecodable: counter("events_undecodable_total", "Records whose value is no event."),
		lostOffsets: map[string]prometheus.Counter{},
		assigned:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "connector_partitions_assigned", Help: "Partitions this member reads."}),
		families: families{
			matched:     vector("events_matched_total", "Events that fired a mapping.", "mapping"),
			filtered:    vector("events_filtered_total", "Events that did not fire a mapping.", "mapping"),
			delivered:   vector("events_delivered_total", "Events that a webhook has accepted.", "mapping"),
			retried:     vector("events_retried_total", "Events put back for another attempt, each time.", "mapping"),
			rejected:    vector("events_rejected_total", "Events that an endpoint refused for good, by why.", "mapping", "reason"),
			dead:        vector("events_dead_lettered_total", "Events written to the dead-letter topic.", "mapping", "reason"),
			attempts:    vector("attempts_total", "Attempts to deliver, by what the answer meant.", "mapping", "class"),
			failures:    vector("attempt_failures_total", "Attempts that delivered nothing, by why.", "mapping", "reason"),
			duration:    histogram("attempt_duration_seconds", "Time from sending to the answer.", secondsBuckets, "mapping", "class"),
			delay:       histogram("delivery_delay_seconds", "Time from the record's timestamp to the webhook's acceptance.", delayBuckets, "mapping"),
			batchEvents: histogram("batch_events", "Events in a request.", eventsBuckets, "mapping"),
			batchBytes:  histogram("batch_bytes", "Size of a request's body.", bytesBuckets, "mapping"),
		},
	}
	loss := vector("events_lost_total", "Offsets that Kafka no longer had when some mapping came to them; an upper bound.", "reason")
	for _, reason := range []string{lostToRetention, lostToTruncation, lostWithTopic} {
		m.lostOffsets[reason] = loss.WithLabelValues(reason)
	}
	commits := vector("commits_total", "Commits of offsets.", "result")
	m.commitsDone, m.commitsFailed = commits.WithLabelValues("ok"), commits.WithLabelValues("error")
	r.MustRegister(m.assigned, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reloads := vector("mapping_reloads_total", "Times that the mappings were loaded anew.", "result")
	m.reloads = map[bool]prometheus.Counter{true: reloads.WithLabelValues("ok"), false: reloads.WithLabelValues("error")}
	m.use(names)
	return m
}

// use makes the numbers of mappings with these names, the last of which is that of undecodable records. Those of other mappings
// are no longer told. Nobody may be counting.
func (m *metrics) use(names []string) {
	for _, name := range m.names {
		if !slices.Contains(names, name) {
			m.families.forget(name)
		}
	}
	m.names, m.lanes = names, nil
	for _, name := range names[:len(names)-1] {
		m.lanes = append(m.lanes, m.families.lane(name))
	}
	m.lanes = append(m.lanes, &laneMetrics{dead: children(m.families.dead, "", []string{reasonUndecodable})})
}

// open makes the accounts of mappings with these identities in the book, if there is one. As for use, nobody may be counting.
func (m *metrics) open(ids []string) {
	for i, account := range m.book.Use(ids, time.Now()) {
		m.lanes[i].account = account
	}
}

// connections counts the requests that a client has sent and the connections it has opened for them.
func (m *metrics) connections(c *sink.Client) {
	total := func(name, help string, value func(sink.Stats) uint64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "connector_" + name, Help: help},
			func() float64 { return float64(value(c.Stats())) }))
	}
	total("requests_total", "Requests sent to endpoints, quick retries included.", func(s sink.Stats) uint64 { return s.Requests })
	total("connections_opened_total", "Connections opened to endpoints and proxies. Where it grows nearly as fast as the requests, an endpoint does not keep them open.",
		func(s sink.Stats) uint64 { return s.Connections })
}

// lane looks up the numbers of a mapping.
func (f *families) lane(name string) *laneMetrics {
	l := &laneMetrics{
		matched: f.matched.WithLabelValues(name), filtered: f.filtered.WithLabelValues(name),
		delivered: f.delivered.WithLabelValues(name), retried: f.retried.WithLabelValues(name),
		rejected: children(f.rejected, name, rejections), failures: children(f.failures, name, failures),
		dead:     children(f.dead, name, reasonsOfMappings()),
		attempts: map[sink.Class]prometheus.Counter{}, durations: map[sink.Class]prometheus.Observer{},
		delay: f.delay.WithLabelValues(name), batchEvents: f.batchEvents.WithLabelValues(name), batchBytes: f.batchBytes.WithLabelValues(name),
	}
	for _, c := range []sink.Class{sink.Delivered, sink.Retry, sink.Rejected, sink.Split} {
		l.attempts[c] = f.attempts.WithLabelValues(name, c.String())
		l.durations[c] = f.duration.WithLabelValues(name, c.String())
	}
	return l
}

// forget ends the numbers of a mapping.
func (f *families) forget(name string) {
	labels := prometheus.Labels{"mapping": name}
	for _, v := range []*prometheus.CounterVec{f.matched, f.filtered, f.delivered, f.retried, f.rejected, f.dead, f.attempts, f.failures} {
		v.DeletePartialMatch(labels)
	}
	for _, v := range []*prometheus.HistogramVec{f.duration, f.delay, f.batchEvents, f.batchBytes} {
		v.DeletePartialMatch(labels)
	}
}

func children(v *prometheus.CounterVec, name string, values []string) counters {
	all := counters{}
	for _, value := range values {
		all[value] = v.WithLabelValues(name, value)
	}
	return all
}

// of returns the counter of a reason; what has none of its own counts as another reason.
func (c counters) of(reason string) prometheus.Counter {
	if counter, ok := c[reason]; ok {
		return counter
	}
	return c[failedOther]
}

// count adds what an ingester has seen since the last time.
func (m *metrics) count(t *tally) {
	m.received.Add(float64(t.records))
	m.undecodable.Add(float64(t.undecodable))
	m.book.Read(time.Now(), t.records, t.undecodable, t.matched[:])
	decoded := t.records - t.undecodable
	for i := range m.lanes[:len(m.lanes)-1] {
		m.lanes[i].matched.Add(float64(t.matched[i]))
		m.lanes[i].filtered.Add(float64(decoded - t.matched[i]))
	}
	*t = tally{}
}

func (l *laneMetrics) attempt(events, bytes int, a sink.Answer) {
	l.attempts[a.Class].Inc()
	l.durations[a.Class].Observe(a.End.Sub(a.Start).Seconds())
	l.batchEvents.Observe(float64(events))
	l.batchBytes.Observe(float64(bytes))
	if a.Class != sink.Delivered {
		l.failures.of(failureReason(a)).Inc()
	}
	l.account.Answered(a.End, a.End.Sub(a.Start))
}

func (l *laneMetrics) settled(events []*lane.Event, at time.Time) {
	l.delivered.Add(float64(len(events)))
	for _, ev := range events {
		l.delay.Observe(max(0, at.Sub(ev.Timestamp).Seconds()))
	}
	l.account.Delivered(at, len(events), func(n int) time.Time { return events[n].Timestamp })
}

func (l *laneMetrics) putBack(events int) { l.retried.Add(float64(events)) }

func (l *laneMetrics) refused(events int, a sink.Answer) {
	l.rejected.of(failureReason(a)).Add(float64(events))
}

func (l *laneMetrics) deadLettered(reason string, n int) { l.dead[reason].Add(float64(n)) }

func (m *metrics) reloaded(err error) { m.reloads[err == nil].Inc() }

func (m *metrics) lost(reason string, offsets int64) { m.lostOffsets[reason].Add(float64(offsets)) }

func (m *metrics) partitions(n int) { m.assigned.Set(float64(n)) }

func (m *metrics) committed(err error) {
	if err != nil {
		m.commitsFailed.Inc()
		return
	}
	m.commitsDone.Inc()
}
