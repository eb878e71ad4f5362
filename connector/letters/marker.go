package letters

import (
	"context"
	"slices"
	"sync"

	"segment-webhooks/connector/kafka"
)

// marker writes marks to one partition. What is settled while a mark is on its way shares the next one.
type marker struct {
	tp   kafka.TopicPartition
	id   [16]byte // of the topic
	name string
	lock *kafka.Lock
	ctx  context.Context //nolint:containedctx // ends when it may not be waited for any longer

	mu      sync.Mutex
	writing bool
	pending *settled
}

// settled are offsets that go into one mark.
type settled struct {
	offsets []int64
	done    chan struct{} // closed once err is set
	err     error
}

// settle returns when a mark for the offsets is acknowledged by all in-sync replicas. An error means that it may not have been written.
func (k *marker) settle(offsets []int64) error {
	k.mu.Lock()
	if k.pending == nil {
		k.pending = &settled{done: make(chan struct{})}
	}
	mine := k.pending
	mine.offsets = append(mine.offsets, offsets...)
	if k.writing {
		k.mu.Unlock()
		<-mine.done
		return mine.err
	}
	k.writing = true
	for k.pending != nil {
		batch := k.pending
		k.pending = nil
		k.mu.Unlock()
		slices.Sort(batch.offsets)
		batch.err = k.lock.Produce(k.ctx, mark(k.tp, k.id, batch.offsets, k.name))[0]
		close(batch.done)
		k.mu.Lock()
	}
	k.writing = false
	k.mu.Unlock()
	return mine.err
}
