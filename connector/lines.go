package connector

import (
	"log/slog"

	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// What becomes of events is a line each at debug, wide enough to answer most questions alone. None holds anything of the event, a secret or a
// query string.

// tellDelivered writes the line of a request that was accepted.
func (c *courier) tellDelivered(s *shipment, a sink.Answer) {
	log := c.e.log
	if !log.Enabled(c.ctx, slog.LevelDebug) {
		return
	}
	first := s.events[0]
	p := first.Partition()
	url := ""
	if s.payloads != nil {
		url = sink.RedactURL(s.payloads[0].URL)
	}
	log.Debug("delivered", "mapping", c.name, "topic", p.Topic, "partition", p.Number, "first_offset", first.Offset, "events", len(s.events),
		"url", url, "status", a.Status, "took", a.End.Sub(a.Start), "requests", a.Requests, "attempts", first.Attempts,
		"delay", a.End.Sub(first.Timestamp))
}

// tellBuried writes the line of dead letters: each at debug, and now and then one for all since the last.
func (c *courier) tellBuried(events []*lane.Event, reason string) {
	first := events[0]
	p := first.Partition()
	about := []any{
		"mapping", c.name, "reason", reason, "topic", p.Topic, "partition", p.Number, "first_offset", first.Offset,
		"status", first.Last.Status, "error", first.Last.Error, "attempts", first.Attempts,
	}
	if log := c.e.log; log.Enabled(c.ctx, slog.LevelDebug) {
		log.Debug("dead-lettered", append(about, "events", len(events))...)
	}
	if n, now := c.graves[reason].may(len(events)); now {
		c.e.log.Info("events went to the dead-letter topic", append(about, "events", n)...)
	}
}

// newGraves returns when dead letters were last mentioned, by reason.
func newGraves() map[string]*seldom {
	all := map[string]*seldom{}
	for _, reason := range reasons() {
		all[reason] = &seldom{}
	}
	return all
}
