package connector

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/overview"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// report tells the page why events were not delivered: they are tried again or, with a reason, given up.
func (c *courier) report(events []*lane.Event, reason string, f *lane.Failure) {
	account := c.metrics.account
	if account == nil || len(events) == 0 {
		return
	}
	why := overview.Reason{GivenUp: reason != "", Why: reason, Status: f.Status}
	if reason == "" {
		why.Why = f.Kind
	}
	now := time.Now()
	text := f.Error
	if c.veil != nil {
		text = c.veil.Replace(text)
	}
	account.Failed(why, len(events), overview.Answer{At: now, Status: f.Status, Error: text}, func() overview.Sample {
		ev := events[0]
		p := ev.Partition()
		s := overview.Sample{
			At: now, Topic: p.Topic, Partition: p.Number, Offset: ev.Offset, Timestamp: ev.Timestamp,
			Attempts: ev.Attempts, Status: f.Status, Error: text,
		}
		if account.Bodies() {
			s.Bodies = c.bodies(ev, f)
		}
		return s
	})
}

// bodies are what was read, sent and answered.
func (c *courier) bodies(ev *lane.Event, f *lane.Failure) *overview.Bodies {
	b := &overview.Bodies{Read: overview.Clip(ev.Value), Answered: overview.Clip(f.Response)}
	if c.m == nil || len(ev.Event) == 0 {
		return b
	}
	r := c.resolve(ev)
	if r.err != nil {
		return b
	}
	b.Method, b.URL, b.Sent = r.payload.Method, sink.RedactURL(r.payload.URL), overview.Clip(r.payload.Data)
	if u, err := url.Parse(b.URL); err == nil && c.m.URLIsConfidential() {
		b.URL = u.Scheme + "://" + u.Host + "/…"
	}
	return b
}

// newVeil puts numbers where a message names the URLs of a Classic destination: their paths are secrets more often than not. It is nil
// where there is nothing to hide.
func newVeil(m *mapping.Mapping) *strings.Replacer {
	type known struct{ url, number string }
	var all []known
	for _, a := range m.Alternatives {
		if p, err := a.Resolve([]byte("{}")); err == nil { // the same for every event
			all = append(all, known{sink.RedactURL(p.URL), "URL " + strconv.Itoa(a.Number)})
		}
	}
	if all == nil {
		return nil
	}
	slices.SortFunc(all, func(a, b known) int { return len(b.url) - len(a.url) }) // one may begin like another
	pairs := make([]string, 0, 2*len(all))
	for _, k := range all {
		pairs = append(pairs, k.url, k.number)
	}
	return strings.NewReplacer(pairs...)
}
