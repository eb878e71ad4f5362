package connector

import (
	"context"
	"errors"
	"sync"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
)

// read polls the head of the partitions and hands what comes to the ledger. Nothing in here waits for a delivery, though in a backlog it may leave deliveries
// the processor for a moment.
func (e *engine) read(ctx context.Context) error {
	processor := newProcessor(e.settings.probe.spent())
	for {
		processor.begin(time.Now())
		brought, backlog := 0, false
		err := e.consumer.Poll(ctx, func(fetches []kafka.Fetch) { brought, backlog = e.append(fetches), isBacklog(fetches) })
		switch {
		case err == nil && brought > 0:
			if backlog {
				e.keepPace(ctx, &processor)
			}
		case err == nil: // nothing but errors: however they come about, they must not come in a hot loop
			select {
			case <-ctx.Done():
			case <-time.After(errorPause):
			}
		case ctx.Err() != nil || errors.Is(err, kafka.ErrClosed):
			return nil //nolint:nilerr // that is how it is meant to end
		default:
			return err
		}
	}
}

// isBacklog says whether more than what has been read was there to be read.
func isBacklog(fetches []kafka.Fetch) bool {
	read, left := int64(0), int64(0)
	for i := range fetches {
		read += int64(len(fetches[i].Records))
		left += fetches[i].Left
	}
	return left > read
}

// keepPace waits, in a backlog, as long as reading on would take the processor from those who are behind, only for them to read it all a second time. Of
// records that have just come nobody has to wait for his. Where those who are behind wait for their endpoints there is processor time left, and reading goes
// on: others may find what they wait for. However short it is, reading stands still for no longer than longestPace after a poll.
func (e *engine) keepPace(ctx context.Context, p *processor) {
	for end := time.Now().Add(longestPace); ; {
		now := time.Now()
		if !now.Before(end) || !p.short(now) || !e.outrun(now) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(paceStep):
		}
	}
}

// outrun says whether reading runs away from those who could use the processor.
func (e *engine) outrun(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	able := uint64(0)
	for i, c := range e.couriers {
		if c.free(now) {
			able |= 1 << i
		}
	}
	return e.ledger.Outrun(able)
}

const (
	longestPace = 250 * time.Millisecond
	paceStep    = 10 * time.Millisecond // between two looks
)

// errorPause is between two polls that bring nothing but errors.
const errorPause = 100 * time.Millisecond

// append decodes and matches the records of each partition, several partitions at once, and appends them. Partitions cannot move
// meanwhile. It returns how many partitions had records.
func (e *engine) append(fetches []kafka.Fetch) (brought int) {
	failed := e.failures(fetches)
	var working sync.WaitGroup
	for _, f := range fetches {
		if f.Err != nil || failed[f.TopicPartition] {
			continue
		}
		brought++
		in := <-e.readers
		working.Go(func() {
			defer func() { e.readers <- in }()
			blocks, looked := in.blocks(f.Records)
			e.metrics.count(&in.tally)
			e.settings.probe.decoded()
			e.mu.Lock()
			defer e.mu.Unlock()
			p := e.partitions[f.TopicPartition]
			if p == nil {
				return
			}
			now := time.Now()
			for _, b := range blocks {
				e.ledger.Append(p, b, f.Records[looked-1].LeaderEpoch, now)
			}
			if looked < len(f.Records) {
				e.await(p, f.Records[looked])
			}
			e.notify()
		})
	}
	working.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.regulate()
	return brought
}

// resumeLoop lets paused partitions go on as soon as there is room: the reader itself may be waiting for records that only
// paused partitions have.
func (e *engine) resumeLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.flow:
		}
		e.mu.Lock()
		e.regulate()
		e.mu.Unlock()
	}
}

func names(ps []*lane.Partition) []kafka.TopicPartition {
	if len(ps) == 0 {
		return nil
	}
	out := make([]kafka.TopicPartition, len(ps))
	for i, p := range ps {
		out[i] = name(p)
	}
	return out
}

func name(p *lane.Partition) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: p.Topic, Partition: p.Number}
}

// readBack reads slices of the log for lanes that have fallen behind the cache, oldest first.
func (e *engine) readBack(ctx context.Context) {
	for {
		e.mu.Lock()
		r, ok := e.ledger.NextRead()
		for !ok && !e.stopped {
			e.wanted.Wait()
			r, ok = e.ledger.NextRead()
		}
		stopped := e.stopped
		if ok {
			e.wanted.Signal() // there may be more to read
		}
		e.mu.Unlock()
		if stopped {
			return
		}
		b, waits, err := e.slice(ctx, r)
		if waits != nil {
			e.postpone(r, waits)
			continue
		}
		if err == nil && b != nil && b.Next <= b.From {
			err = errNothingThere // asking again at once would only ask
		}
		if err != nil && ctx.Err() == nil {
			e.log.Warn("reading back from Kafka fails, trying again", "topic", r.Partition.Topic, "partition", r.Partition.Number, "offset", r.Offset, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
		e.mu.Lock()
		e.ledger.Finish(r, b, time.Now())
		e.notify()
		e.mu.Unlock()
	}
}

var errOtherTopic = errors.New("the topic was deleted, and perhaps created again")

var errNothingThere = errors.New("nothing can be read at the offset yet")

// slice reads a block for r. Where its first record has to wait for its schema, that is returned instead.
func (e *engine) slice(ctx context.Context, r lane.Read) (b *lane.Block, waits *kafka.Record, err error) {
	tp := name(r.Partition)
	s, err := e.admin.ReadAt(ctx, tp, r.Offset, int32(e.settings.budget.sliceBytes))
	switch {
	case kafka.IsOutOfRange(err) && s.LogStart > r.Offset:
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.partitions[tp] == r.Partition {
			e.deleted(r.Partition, s.LogStart)
		}
		return nil, nil, nil
	case kafka.IsOtherTopic(err), err == nil && !r.Partition.Of(s.TopicID):
		e.mu.Lock()
		e.suspect(tp.Topic)
		e.mu.Unlock()
		return nil, nil, errOtherTopic
	case err != nil: // also beyond the end of the log, which is no loss and must not be asked about in a loop
		return nil, nil, err
	}
	in := <-e.readers
	defer func() { e.readers <- in }()
	b, waits = in.slice(s.Records, r.Lanes, r.Offset, s.Next, e.settings.budget.sliceBytes)
	in.tally = tally{} // they were counted when they came for the first time
	e.settings.probe.decoded()
	if b.Next > b.From {
		waits = nil // there is something before it
	}
	return b, waits, nil
}
