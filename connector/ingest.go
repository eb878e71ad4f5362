package connector

import (
	"bytes"
	"errors"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
)

// ingester turns records into blocks: decoded, matched against every trigger, and copied out of the fetch buffers. One goroutine uses
// it at a time.
type ingester struct {
	decoder *schemas.Decoder
	reader  *mapping.Reader
	valid   func(event []byte) error // nil: every event is
	tracer  *tracing.Tracer          // nil: nobody wants spans
	failed  uint64                   // the bit of the lane of undecodable records

	kept   []kept
	parts  [][]byte // what of them is to be copied
	events []byte   // of the kept records, as far as they are not the values themselves
	tally
}

// tally counts what an ingester has seen since it was last asked.
type tally struct {
	records, undecodable int
	matched              [lane.MaxLanes]int
}

// kept is a record that some lane must deliver, before it is copied.
type kept struct {
	record  *kafka.Record
	event   []byte
	problem string
	match   uint64
}

func newIngester(set *mapping.Set, decoder *schemas.Decoder, valid func([]byte) error) *ingester {
	return &ingester{decoder: decoder, valid: valid, reader: set.NewReader(), failed: 1 << len(set.Mappings())}
}

// blockBytes is about how large blocks become. The cache evicts whole blocks.
const blockBytes = 256 << 10

// mostEventBytes is how much room for decoded events an ingester keeps.
const mostEventBytes = 4 * blockBytes

// blocks returns what some lane must deliver of the records, in blocks of a handy size. Together they account for every offset from the
// first record to the last it has looked at, and it tells how many those are: it ends before one whose schema is not at hand.
func (in *ingester) blocks(records []*kafka.Record) (out []*lane.Block, looked int) {
	for looked < len(records) {
		b, n := in.fill(records[looked:], ^uint64(0), blockBytes)
		if n == 0 {
			break
		}
		out = append(out, b)
		looked += n
	}
	return out, looked
}

// slice returns one block of what the lanes in want must deliver, of about limit bytes. It begins at from and ends where it stopped
// looking: at next, the offset after everything that was read, only when it has looked at every record. It is empty where the very first record's
// schema is not at hand; waits is that record.
func (in *ingester) slice(records []*kafka.Record, want uint64, from, next int64, limit int) (b *lane.Block, waits *kafka.Record) {
	if len(records) == 0 {
		return &lane.Block{From: from, Next: next}, nil
	}
	b, looked := in.fill(records, want, limit)
	b.From = from
	switch looked {
	case len(records):
		b.Next = next
	case 0:
		waits = records[0]
	}
	return b, waits
}

// fill makes a block of records from the front, until it holds about limit bytes or comes to one whose schema is not at hand, and returns how many
// records it has looked at.
func (in *ingester) fill(records []*kafka.Record, want uint64, limit int) (*lane.Block, int) {
	in.kept, in.events = in.kept[:0], in.events[:0]
	if cap(in.events) > mostEventBytes {
		in.events = nil
	}
	looked, size := 0, 0
	for looked < len(records) && size < limit {
		r := records[looked]
		if r.Attrs.IsControl() {
			looked++
			continue
		}
		before := len(in.events)
		k, waits := in.trace(r)
		if waits {
			break
		}
		looked++
		if k.match &= want; k.match == 0 {
			in.events = in.events[:before]
			continue
		}
		in.kept = append(in.kept, k)
		size += len(r.Key) + len(r.Value)
	}
	next := records[0].Offset
	if looked > 0 {
		next = records[looked-1].Offset + 1
	}
	return in.block(records[0].Offset, next), looked
}

// trace is match within a span, where somebody wants one.
func (in *ingester) trace(r *kafka.Record) (k kept, waits bool) {
	if in.tracer == nil {
		return in.match(r)
	}
	span := in.tracer.Decode(readRecord(r))
	k, waits = in.match(r)
	problem := ""
	if k.problem != "" {
		problem = "the value is no event" // the whole text may quote it
	}
	span.End(problem)
	return k, waits
}

// match decodes one record and evaluates the triggers, unless the record has to wait for its schema.
func (in *ingester) match(r *kafka.Record) (k kept, waits bool) {
	event, events, err := in.decoder.DecodeInto(in.events, r.Value)
	in.events = events
	if err != nil && errors.Is(err, schemas.ErrUnavailable) {
		return kept{}, true
	}
	in.records++
	var match uint64
	if err == nil {
		event, match, err = in.reader.Read(event)
	}
	if err == nil && in.valid != nil {
		err = in.valid(event)
	}
	if err != nil {
		in.undecodable++
		return kept{record: r, problem: err.Error(), match: in.failed}, false
	}
	for i := range in.matched {
		if match>>i == 0 {
			break
		}
		in.matched[i] += int(match >> i & 1)
	}
	return kept{record: r, event: event, match: match}, false
}

// block copies the kept records into a block of their own: one allocation for all their bytes.
func (in *ingester) block(from, next int64) *lane.Block {
	for i := range in.kept {
		k := &in.kept[i]
		in.parts = append(in.parts, k.record.Key, k.record.Value)
		if !same(k.event, k.record.Value) {
			in.parts = append(in.parts, k.event)
		}
		for _, h := range k.record.Headers {
			in.parts = append(in.parts, h.Value)
		}
	}
	space := bytes.Join(in.parts, nil) // does not clear first what it fills, as make would
	clear(in.parts)
	in.parts = in.parts[:0]
	store := func(b []byte) []byte { // in the order in which they were joined
		switch {
		case b == nil:
			return nil
		case len(b) == 0:
			return []byte{} // not a slice of b, which would keep its whole fetch alive
		}
		copied := space[:len(b):len(b)]
		space = space[len(b):]
		return copied
	}
	b := &lane.Block{From: from, Next: next, Records: make([]lane.Record, 0, len(in.kept)), Match: make([]uint64, 0, len(in.kept))}
	for i := range in.kept {
		k := &in.kept[i]
		r := lane.Record{
			Offset: k.record.Offset, Timestamp: k.record.Timestamp, Problem: k.problem,
			Key: store(k.record.Key), Value: store(k.record.Value),
		}
		if same(k.event, k.record.Value) {
			r.Event = r.Value
		} else {
			r.Event = store(k.event)
		}
		for _, h := range k.record.Headers {
			r.Headers = append(r.Headers, lane.Header{Key: h.Key, Value: store(h.Value)})
		}
		b.Add(&r, k.match)
		in.kept[i] = kept{}
	}
	in.kept = in.kept[:0]
	return b
}

// same says whether two slices are the very same bytes.
func same(a, b []byte) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}
