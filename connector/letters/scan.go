package letters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"segment-webhooks/connector/kafka"
)

// Tool works with one dead-letter topic.
type Tool struct {
	Admin *kafka.Admin
	Topic string
	Out   io.Writer
}

// chosen is a partition of the topic, as it was when it was looked through: what a filter chooses of it, and what has been delivered.
type chosen struct {
	kafka.TopicPartition
	start, end int64
	letters    offsets
	settled    offsets
	foreign    int // records that are neither letters nor marks
}

// readBytes is how much of a partition is read at a time.
const readBytes = 4 << 20

// readers is how many partitions are looked through at the same time.
const readers = 4

// choose looks through the topic: all of it up to its present end, because whether a letter was delivered is said after it.
func (t *Tool) choose(ctx context.Context, f *Filter) ([]*chosen, [16]byte, error) {
	id, err := t.Admin.TopicID(ctx, t.Topic)
	if err != nil {
		return nil, id, err
	}
	tps, err := t.Admin.Partitions(ctx, []string{t.Topic})
	if err != nil {
		return nil, id, err
	}
	logs, err := t.Admin.Extents(ctx, tps)
	if err != nil {
		return nil, id, err
	}
	parts := make([]*chosen, len(tps))
	errs := make([]error, len(tps))
	slots := make(chan struct{}, readers)
	var reading sync.WaitGroup
	for i, tp := range tps {
		log, ok := logs[tp]
		if !ok {
			return nil, id, fmt.Errorf("partition %d of %s has no leader that answers: wait until it has one", tp.Partition, tp.Topic)
		}
		parts[i] = &chosen{TopicPartition: tp, start: log.Start, end: log.End}
		slots <- struct{}{}
		reading.Go(func() {
			defer func() { <-slots }()
			errs[i] = t.look(ctx, parts[i], id, f)
		})
	}
	reading.Wait()
	return parts, id, errors.Join(errs...)
}

// look fills in what a filter chooses of a partition, and what has been delivered of it.
func (t *Tool) look(ctx context.Context, p *chosen, id [16]byte, f *Filter) error {
	from := p.start
	if !f.Since.IsZero() {
		at, err := t.Admin.OffsetAt(ctx, p.TopicPartition, f.Since)
		if err != nil {
			return err
		}
		from = max(from, at) // nothing before it is as young, and marks come after their letters
	}
	return t.walk(ctx, p, from, func(r *kafka.Record) (next int64) {
		if l, ok := read(r); ok {
			if f.takes(l) {
				p.letters.add(r.Offset)
			}
		} else if !p.settled.settles(r, id, p.start) {
			p.foreign++
		}
		return r.Offset + 1
	})
}

// each calls do with the letters that were chosen, in their order, until it returns an error. What Kafka has deleted meanwhile is left out.
func (t *Tool) each(ctx context.Context, p *chosen, do func(*Letter) error) error {
	var failed error
	from, ok := p.letters.next(p.start)
	if !ok {
		return nil
	}
	err := t.walk(ctx, p, from, func(r *kafka.Record) int64 {
		if p.letters.has(r.Offset) {
			if l, ok := read(r); ok {
				if failed = do(l); failed != nil {
					return p.end
				}
			}
		}
		next, ok := p.letters.next(r.Offset + 1)
		if !ok {
			return p.end
		}
		return next
	})
	if failed != nil {
		return failed
	}
	return err
}

// walk reads a partition from an offset to the end it had, and calls look with the records. Look says which offset it wants to see next.
func (t *Tool) walk(ctx context.Context, p *chosen, offset int64, look func(*kafka.Record) (next int64)) error {
	for offset < p.end {
		slice, err := t.Admin.ReadAt(ctx, p.TopicPartition, offset, readBytes)
		if kafka.IsOutOfRange(err) && slice.LogStart > offset {
			offset = slice.LogStart // deleted by retention
			continue
		}
		if err != nil {
			return err
		}
		if slice.Next <= offset {
			return nil // what follows belongs to a transaction of somebody else that is not over
		}
		next := slice.Next
		for _, r := range slice.Records {
			if r.Offset >= p.end {
				return nil
			}
			if r.Offset >= offset {
				offset = look(r)
			}
		}
		offset = max(offset, next)
	}
	return nil
}
