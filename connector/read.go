package connector

import (
	"context"
	"errors"
	"sync"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
)

// read polls the head of the partitions and hands what comes to the ledger. Nothing in here waits for a delivery.
func (e *engine) read(ctx context.Context) error {
	for {
		err := e.consumer.Poll(ctx, func(fetches []kafka.Fetch) { e.append(ctx, fetches) })
		switch {
		case err == nil:
		case ctx.Err() != nil || errors.Is(err, kafka.ErrClosed):
			return nil //nolint:nilerr // that is how it is meant to end
		default:
			return err
		}
	}
}

// append decodes and matches the records of each partition, several partitions at once, and appends them. Partitions cannot move
// meanwhile.
func (e *engine) append(ctx context.Context, fetches []kafka.Fetch) {
	var working sync.WaitGroup
	for _, f := range fetches {
		if f.Err != nil {
			e.partitionFailed(ctx, f)
			continue
		}
		in := <-e.readers
		working.Go(func() {
			defer func() { e.readers <- in }()
			blocks := in.blocks(f.Records)
			e.metrics.count(&in.tally)
			e.mu.Lock()
			defer e.mu.Unlock()
			p := e.partitions[f.TopicPartition]
			if p == nil {
				return
			}
			now := time.Now()
			for _, b := range blocks {
				e.ledger.Append(p, b, f.Records[len(f.Records)-1].LeaderEpoch, now)
			}
			e.notify()
		})
	}
	working.Wait()
	e.mu.Lock()
	pause, resume := e.ledger.Pause()
	e.mu.Unlock()
	e.consumer.Pause(names(pause)...)
	e.consumer.Resume(names(resume)...)
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
		pause, resume := e.ledger.Pause()
		e.mu.Unlock()
		e.consumer.Pause(names(pause)...)
		e.consumer.Resume(names(resume)...)
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

// partitionFailed pauses a partition that answers with an error, since it would at every poll, and goes on with it later.
func (e *engine) partitionFailed(ctx context.Context, f kafka.Fetch) {
	if f.Topic == "" { // the whole poll failed; the client retries by itself
		e.log.Warn("reading from Kafka fails", "error", f.Err)
		return
	}
	e.consumer.Pause(f.TopicPartition)
	e.log.Warn("reading a partition fails, trying again", "topic", f.Topic, "partition", f.Partition, "error", f.Err)
	e.tasks.Go(func() {
		if kafka.IsOutOfRange(f.Err) {
			e.outOfRange(ctx, f.TopicPartition)
		}
		select {
		case <-ctx.Done():
		case <-time.After(partitionRetry):
			e.consumer.Resume(f.TopicPartition)
		}
	})
}

const partitionRetry = 2 * time.Second

// outOfRange handles a head position that the log no longer has: records were deleted before they were read. That is loss; it is
// counted and reported, and reading goes on at what is left.
func (e *engine) outOfRange(ctx context.Context, tp kafka.TopicPartition) {
	starts, err := e.admin.LogStarts(ctx, []string{tp.Topic})
	start, ok := starts[tp]
	if err != nil || !ok {
		e.log.Warn("listing the start of a partition fails", "topic", tp.Topic, "partition", tp.Partition, "error", err)
		return
	}
	e.lost(tp, start)
	e.mu.Lock()
	p := e.partitions[tp]
	var head int64
	if p != nil {
		head = p.Head()
	}
	e.mu.Unlock()
	if p != nil {
		e.consumer.Seek(tp, max(head, start))
	}
}

// lost tells the ledger that the log begins at start, and reports what no lane has seen.
func (e *engine) lost(tp kafka.TopicPartition, start int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.partitions[tp]
	if p == nil {
		return
	}
	loss := e.ledger.Lost(p, start, time.Now())
	e.notify()
	if loss.Offsets == 0 {
		return
	}
	e.metrics.lost(loss.Offsets)
	e.status.lost(tp, loss.Offsets)
	for i, c := range e.couriers {
		if loss.Lanes&(1<<i) != 0 {
			e.log.Error("records were deleted from Kafka before they were delivered: they are lost; keep records longer than the retry window (retention.ms)",
				"topic", tp.Topic, "partition", tp.Partition, "mapping", c.name, "offsets", loss.Offsets, "continuing_at", start)
		}
	}
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
		b, err := e.slice(ctx, r)
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

func (e *engine) slice(ctx context.Context, r lane.Read) (*lane.Block, error) {
	tp := name(r.Partition)
	s, err := e.admin.ReadAt(ctx, tp, r.Offset, int32(e.settings.budget.sliceBytes))
	if kafka.IsOutOfRange(err) && s.LogStart > r.Offset {
		e.lost(tp, s.LogStart)
		return nil, nil
	}
	if err != nil { // also beyond the end of the log, which is no loss and must not be asked about in a loop
		return nil, err
	}
	in := <-e.readers
	defer func() { e.readers <- in }()
	b := in.slice(s.Records, r.Lanes, r.Offset, s.Next, e.settings.budget.sliceBytes)
	in.tally = tally{} // they were counted when they came for the first time
	return b, nil
}
