package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// Why an event became a dead letter: the value of the header dlq.reason.
const (
	reasonUndecodable   = "undecodable"    // the record's value is no event
	reasonMappingFailed = "mapping_failed" // a field of the mapping cannot be resolved on this event
	reasonRejected      = "rejected"       // the endpoint gave an answer that trying again does not change
	reasonExpired       = "window_expired" // the retry window ended
)

// Reasons are the values of the header dlq.reason.
func Reasons() []string { return reasons() }

func reasons() []string {
	return []string{reasonUndecodable, reasonMappingFailed, reasonRejected, reasonExpired}
}

// reasonsOfMappings are the reasons why a mapping's events are dead-lettered.
func reasonsOfMappings() []string {
	return slices.DeleteFunc(reasons(), func(reason string) bool { return reason == reasonUndecodable })
}

// bury writes dead letters for events and settles each once all in-sync replicas have it. It does not hold up the worker: the
// events stay in the mapping's window until then, which bounds them, and out of their blocks, which are many times as large. A nil failure
// leaves the events' own.
//
// Where events wait for each other it does: what follows in the worker's hand must not be sent while this may still come back.
func (c *courier) bury(events []*lane.Event, reason string, f *lane.Failure) {
	for _, ev := range events {
		if f != nil {
			ev.Last = f
		}
	}
	c.count(len(events))
	c.e.copyOut(events)
	if c.ordered {
		defer c.count(-len(events))
		c.writeDeadLetters(events, reason)
		return
	}
	c.e.tasks.Go(func() {
		defer c.count(-len(events))
		c.writeDeadLetters(events, reason)
	})
}

// copyOut makes events independent of the blocks that they were read in.
func (e *engine) copyOut(events []*lane.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range events {
		e.ledger.CopyOut(ev)
	}
}

// count keeps the number of events on their way to the dead-letter topic. With many of them the courier takes nothing more: each costs its story
// beside its bytes.
func (c *courier) count(n int) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.burying += n
	if n < 0 {
		c.wake()
	}
}

// mostBuried is how many events of one mapping may be on their way to the dead-letter topic before it takes nothing more.
func (s *settings) mostBuried(mappings int) int { return max(64, 4000/max(1, mappings)) }

// writeDeadLetters tries until every dead letter is acknowledged. It gives up only when that no longer matters: the connector stops, or
// the partitions are no longer ours. There is no other way out, for one would be the way events get lost.
func (c *courier) writeDeadLetters(events []*lane.Event, reason string) {
	e := c.e
	keep := minKept // how much of a value to keep; less once the topic refuses one as too large
	for _, ev := range events {
		keep = max(keep, len(ev.Value))
	}
	for wait := time.Second; ; wait = min(wait*2, 30*time.Second) {
		letters := make([]*kafka.Record, len(events))
		for i, ev := range events {
			letters[i] = c.deadLetter(ev, reason)
			shorten(letters[i], ev.Value, keep)
		}
		var left []*lane.Event
		var failure error
		done := events[:0]
		for i, err := range e.admin.Produce(c.ctx, letters...) {
			switch {
			case err == nil:
				done = append(done, events[i])
				continue
			case kafka.IsTooLarge(err) && keep > minKept:
				keep = max(minKept, keep/16)
			default:
				failure = err
			}
			left = append(left, events[i])
		}
		if len(done) > 0 {
			c.metrics.deadLettered(reason, len(done))
			c.report(done, reason, done[0].Last)
			c.tellBuried(done, reason)
			e.settle(done)
		}
		if len(left) == 0 {
			e.status.deadLettersWork(true, nil)
			return
		}
		if c.ctx.Err() != nil {
			return
		}
		if failure != nil && e.status.deadLettersWork(false, failure) {
			e.log.Error("writing to the dead-letter topic fails: what belongs there is kept and tried again, and its offsets are not committed",
				"topic", e.settings.deadLetters, "error", failure)
		}
		if events = c.stillOurs(left); len(events) == 0 {
			return
		}
		if failure == nil {
			continue
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (c *courier) stillOurs(events []*lane.Event) []*lane.Event {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	var ours []*lane.Event
	for _, ev := range events {
		if !ev.Gone() {
			ours = append(ours, ev)
		}
	}
	return ours
}

// deadLetter is the original record and why it is here. Key and value are unchanged. The timestamp is that of its death: the topic's retention counts
// from there, or the letter of an old event would be gone as soon as it is written. Headers of the original that would pass for ours, because
// it was a dead letter itself, are set apart.
func (c *courier) deadLetter(ev *lane.Event, reason string) *kafka.Record {
	p := ev.Partition()
	r := &kafka.Record{Topic: c.e.settings.deadLetters, Key: ev.Key, Value: ev.Value, Timestamp: time.Now()}
	for _, h := range ev.Headers {
		key := h.Key
		if strings.HasPrefix(key, "dlq.") {
			key = "dlq.original." + key
		}
		r.Headers = append(r.Headers, kafka.Header{Key: key, Value: h.Value})
	}
	add := func(name, value string) {
		if value != "" {
			r.Headers = append(r.Headers, kafka.Header{Key: "dlq." + name, Value: []byte(value)})
		}
	}
	add("reason", reason)
	add("mapping", c.name)
	if c.m != nil && c.m.ID != c.name {
		add("mapping_id", c.m.ID)
	}
	add("topic", p.Topic)
	add("partition", strconv.Itoa(int(p.Number)))
	add("offset", strconv.FormatInt(ev.Offset, 10))
	add("timestamp", ev.Timestamp.UTC().Format(time.RFC3339Nano))
	if c.m != nil && len(ev.Event) > 0 {
		if x := c.resolve(ev); x.err == nil {
			url := x.payload.URL
			if ev.Last != nil && ev.Last.URL != "" {
				url = ev.Last.URL
			}
			add("url", sink.RedactURL(url))
			add("method", x.payload.Method)
		}
	}
	if f := ev.Last; f != nil {
		if f.Status != 0 {
			add("status", strconv.Itoa(f.Status))
		}
		add("error", printable(f.Error))
		add("response", printable(string(f.Response)))
	}
	if ev.Attempts > 0 {
		add("attempts", strconv.Itoa(ev.Attempts))
		add("first_attempt", ev.First.UTC().Format(time.RFC3339Nano))
		add("last_attempt", ev.Last.At.UTC().Format(time.RFC3339Nano))
	}
	add("connector", c.e.settings.name)
	return r
}

// printable makes what others have written fit for a header that is shown on terminals: UTF-8, and nothing in it that steers them or looks like a line of
// ours.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// minKept is how much of a value a dead letter always keeps.
const minKept = 1 << 10

// shorten turns a dead letter that is too large for the topic into a reference to the original, which stays where it was.
func shorten(r *kafka.Record, value []byte, keep int) {
	if len(value) <= keep {
		return
	}
	sum := sha256.Sum256(value)
	r.Value = value[:keep]
	r.Headers = append(r.Headers,
		kafka.Header{Key: "dlq.truncated_from", Value: []byte(strconv.Itoa(len(value)))},
		kafka.Header{Key: "dlq.sha256", Value: []byte(hex.EncodeToString(sum[:]))},
	)
}

// prepareDeadLetters makes sure that the dead-letter topic is there, creating it where that is permitted: without it the first event that
// cannot be delivered would stop its lane.
func prepareDeadLetters(ctx context.Context, admin *kafka.Admin, topic string, create bool, sources []string) (created bool, err error) {
	if err := admin.CheckTopic(ctx, topic); err == nil || !create {
		return false, err
	}
	largest := 1 << 20
	for _, s := range sources {
		if text, err := admin.TopicConfig(ctx, s, "max.message.bytes"); err == nil {
			if n, err := strconv.Atoi(text); err == nil {
				largest = max(largest, n)
			}
		}
	}
	return true, admin.CreateTopic(ctx, topic, 6, map[string]string{
		"retention.ms":      strconv.FormatInt((14 * 24 * time.Hour).Milliseconds(), 10),
		"max.message.bytes": strconv.Itoa(largest + 64<<10), // the original and its story
		"cleanup.policy":    "delete",
	})
}
