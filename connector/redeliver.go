package connector

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"segment-webhooks/connector/config"
	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// Redeliverer delivers events once more, outside of any group: what was given up, to the mapping that it was given up for. Events are decoded, mapped,
// signed and sent by the very code that the connector runs, and carry the Idempotency-Key of its own attempts. It keeps no progress: what was
// delivered is the caller's to remember.
type Redeliverer struct{ e *engine }

// NewRedeliverer makes one for a configuration and its mappings. What is under way when ctx ends is cut off.
func NewRedeliverer(ctx context.Context, cfg *config.Config, set *mapping.Set, o Options) (*Redeliverer, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Registry = prometheus.NewRegistry() // nobody asks for these
	e, err := assemble(cfg, set, o)
	if err != nil {
		return nil, err
	}
	for _, c := range e.couriers {
		c.ctx = ctx //nolint:fatcontext // each courier gets the same one; nothing nests
	}
	return &Redeliverer{e}, nil
}

// Close lets go of connections. Nothing may be under way any more.
func (r *Redeliverer) Close() { r.e.release() }

// Redelivery is one event on its way to one mapping.
type Redelivery struct {
	Matches bool   // whether the mapping's trigger takes the event, as it is today
	Group   string // what those agree in that may share a request; empty where the mapping sends one by one
	Size    int    // bytes that the event adds to a request

	courier *courier
	event   *lane.Event
	payload sink.Payload
}

// Prepare decodes a record and resolves a mapping's fields on it. The record's topic, partition and offset are those it was first read at; its bytes
// must not change until the event is delivered. An error means that no request can be made of it; with schemas.ErrUnavailable in it, none can be made
// for now, because the schema registry does not answer.
func (r *Redeliverer) Prepare(m *mapping.Mapping, record *kafka.Record) (*Redelivery, error) {
	c := r.courier(m)
	if c == nil {
		return nil, fmt.Errorf("mapping %q is not among those that are configured", m.Name)
	}
	in := <-r.e.readers
	k, waits := in.match(record)
	if waits {
		if err := r.e.decoder.Load(c.ctx, record.Value); err != nil {
			r.e.readers <- in
			return nil, err
		}
		k, _ = in.match(record)
	}
	event := k.event
	if !same(event, record.Value) {
		event = append([]byte(nil), event...)
	}
	in.events = in.events[:0]
	r.e.readers <- in
	if k.problem != "" {
		return nil, fmt.Errorf("its value is no event: %s", k.problem)
	}
	ev := lane.Stray(record.Topic, record.Partition, &lane.Record{
		Offset: record.Offset, Timestamp: record.Timestamp, Key: record.Key, Value: record.Value, Event: event,
	})
	x := c.resolve(ev)
	if x.err != nil {
		return nil, x.err
	}
	d := &Redelivery{Matches: k.match>>c.index&1 == 1, Size: sink.ElementSize(x.payload.Data), courier: c, event: ev, payload: x.payload}
	if c.batched() {
		d.Group = x.payload.Key()
	}
	return d, nil
}

func (r *Redeliverer) courier(m *mapping.Mapping) *courier {
	for _, c := range r.e.couriers {
		if c.m == m {
			return c
		}
	}
	return nil
}

// Attempt sends events of one mapping and one group in one request, and says what came of it: more than one only where the mapping batches. Mappings of
// several URLs, of which one is enough, get all of them asked. An error means that no request can be made, and nothing was sent.
func (r *Redeliverer) Attempt(events []*Redelivery) (sink.Answer, error) {
	c := events[0].courier
	s := &shipment{array: c.batched()}
	for _, d := range events {
		s.events = append(s.events, d.event)
		s.payloads = append(s.payloads, d.payload)
	}
	return c.attempt(s)
}
