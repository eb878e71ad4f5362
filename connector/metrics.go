package connector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// metrics are the connector's numbers. Every label comes from a closed set that is known at the start, and every child is looked up once:
// counting costs an atomic addition, not a map.
type metrics struct {
	registry *prometheus.Registry

	received, undecodable      prometheus.Counter
	lostOffsets                map[string]prometheus.Counter // by reason
	commitsDone, commitsFailed prometheus.Counter
	assigned                   prometheus.Gauge
	lanes                      []laneMetrics // by mapping; the last is for undecodable records
}

type laneMetrics struct {
	matched, filtered, deliveredEvents prometheus.Counter
	attempts                           map[sink.Class]prometheus.Counter
	durations                          map[sink.Class]prometheus.Observer
	delay, batch                       prometheus.Observer
	dead                               map[string]prometheus.Counter
}

func newMetrics(names []string) *metrics {
	r := prometheus.NewRegistry()
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
	}
	loss := vector("events_lost_total", "Offsets that Kafka no longer had when some mapping came to them; an upper bound.", "reason")
	m.lostOffsets = map[string]prometheus.Counter{}
	for _, reason := range []string{lostToRetention, lostToTruncation, lostWithTopic} {
		m.lostOffsets[reason] = loss.WithLabelValues(reason)
	}
	commits := vector("commits_total", "Commits of offsets.", "result")
	m.commitsDone, m.commitsFailed = commits.WithLabelValues("ok"), commits.WithLabelValues("error")
	m.assigned = prometheus.NewGauge(prometheus.GaugeOpts{Name: "connector_partitions_assigned", Help: "Partitions this member reads."})
	r.MustRegister(m.assigned)

	matched := vector("events_matched_total", "Events that fired a mapping.", "mapping")
	filtered := vector("events_filtered_total", "Events that did not fire a mapping.", "mapping")
	delivered := vector("events_delivered_total", "Events that a webhook has accepted.", "mapping")
	attempts := vector("attempts_total", "Attempts to deliver, by what the answer meant.", "mapping", "class")
	dead := vector("events_dead_lettered_total", "Events written to the dead-letter topic.", "mapping", "reason")
	seconds := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	duration := histogram("attempt_duration_seconds", "Time from sending to the answer.", seconds, "mapping", "class")
	delay := histogram("delivery_delay_seconds", "Time from the record's timestamp to the webhook's acceptance.", append(seconds, 60, 600, 3600, 14400), "mapping")
	batch := histogram("batch_events", "Events in a request.", []float64{1, 2, 5, 10, 50, 100, 500, 1000, 2000, 4000}, "mapping")
	for i, name := range names {
		l := laneMetrics{
			attempts: map[sink.Class]prometheus.Counter{}, durations: map[sink.Class]prometheus.Observer{},
			dead: map[string]prometheus.Counter{},
		}
		if i == len(names)-1 {
			l.dead[reasonUndecodable] = dead.WithLabelValues(name, reasonUndecodable)
			m.lanes = append(m.lanes, l)
			break
		}
		l.matched, l.filtered, l.deliveredEvents = matched.WithLabelValues(name), filtered.WithLabelValues(name), delivered.WithLabelValues(name)
		for _, c := range []sink.Class{sink.Delivered, sink.Retry, sink.Rejected, sink.Split} {
			l.attempts[c] = attempts.WithLabelValues(name, c.String())
			l.durations[c] = duration.WithLabelValues(name, c.String())
		}
		for _, reason := range reasons() {
			if reason != reasonUndecodable {
				l.dead[reason] = dead.WithLabelValues(name, reason)
			}
		}
		l.delay, l.batch = delay.WithLabelValues(name), batch.WithLabelValues(name)
		m.lanes = append(m.lanes, l)
	}
	return m
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

// count adds what an ingester has seen since the last time.
func (m *metrics) count(t *tally) {
	m.received.Add(float64(t.records))
	m.undecodable.Add(float64(t.undecodable))
	decoded := t.records - t.undecodable
	for i := range m.lanes[:len(m.lanes)-1] {
		m.lanes[i].matched.Add(float64(t.matched[i]))
		m.lanes[i].filtered.Add(float64(decoded - t.matched[i]))
	}
	*t = tally{}
}

func (m *metrics) attempt(i, events int, a sink.Answer) {
	l := &m.lanes[i]
	l.attempts[a.Class].Inc()
	l.durations[a.Class].Observe(a.End.Sub(a.Start).Seconds())
	l.batch.Observe(float64(events))
}

func (m *metrics) delivered(i int, events []*lane.Event, at time.Time) {
	l := &m.lanes[i]
	l.deliveredEvents.Add(float64(len(events)))
	for _, ev := range events {
		l.delay.Observe(max(0, at.Sub(ev.Timestamp).Seconds()))
	}
}

func (m *metrics) deadLettered(i int, reason string, n int) { m.lanes[i].dead[reason].Add(float64(n)) }

func (m *metrics) lost(reason string, offsets int64) { m.lostOffsets[reason].Add(float64(offsets)) }

func (m *metrics) partitions(n int) { m.assigned.Set(float64(n)) }

func (m *metrics) committed(err error) {
	if err != nil {
		m.commitsFailed.Inc()
		return
	}
	m.commitsDone.Inc()
}
