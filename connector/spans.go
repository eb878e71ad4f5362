package connector

import (
	"strconv"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/sink"
)

// readRecord is what a span says about a record that has just been read.
func readRecord(r *kafka.Record) tracing.Record {
	return tracing.Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Header: func(name string) string {
		for _, h := range r.Headers {
			if h.Key == name {
				return string(h.Value)
			}
		}
		return ""
	}}
}

// takenRecord is what a span says about the record of an event.
func takenRecord(ev *lane.Event) tracing.Record {
	p := ev.Partition()
	return tracing.Record{Topic: p.Topic, Partition: p.Number, Offset: ev.Offset, Header: func(name string) string {
		for _, h := range ev.Headers {
			if h.Key == name {
				return string(h.Value)
			}
		}
		return ""
	}}
}

// span begins the span of an attempt, nil where nobody wants one.
func (c *courier) span(s *shipment) *tracing.Span {
	t := c.e.tracer
	if t == nil {
		return nil
	}
	records := make([]tracing.Record, len(s.events))
	for i, ev := range s.events {
		records[i] = takenRecord(ev)
	}
	p := &s.payloads[0]
	return t.Attempt(records, c.name, p.Method, sink.RedactURL(p.URL))
}

// withoutValues says that something is wrong where it is. Spans go to others than events do: what errors quote of an event stays out of them.
func withoutValues(err error, text string) string {
	if err == nil {
		return ""
	}
	return text
}

func traceHeaders(span *tracing.Span) []sink.Header {
	if span == nil {
		return nil
	}
	var all []sink.Header
	for _, h := range span.Headers() {
		all = append(all, sink.Header(h))
	}
	return all
}

// problem says why an attempt delivered nothing, empty where it did.
func problem(a sink.Answer) string {
	switch {
	case a.Err != nil:
		return a.Err.Error()
	case a.Class != sink.Delivered:
		return "status " + strconv.Itoa(a.Status)
	default:
		return ""
	}
}
