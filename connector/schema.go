package connector

import (
	"context"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
)

// A record whose schema is not at hand has to wait, and with it its partition: nothing behind it may be delivered and committed before it, and it is not
// to blame. The others go on. So the reader stops before such a record, and the partition is paused and read from there again once the
// registry has answered, with a schema or with the word that there is none.

// frame is the beginning of a value that names its schema.
type frame [5]byte

// await pauses a partition until the schema of the record is at hand that comes next in it. The lock is held, and the partition cannot move.
func (e *engine) await(p *lane.Partition, next *kafka.Record) {
	tp := name(p)
	e.consumer.Pause(tp)
	r := &repair{broken: []broken{{TopicPartition: tp, partition: p}}, schema: e.want(next)}
	e.repairs[tp] = r
	e.waiting[p]++
	e.task(func(ctx context.Context) { e.repair(ctx, r) })
}

// haveSchema waits for what r waits for; false when the engine ends first.
func (e *engine) haveSchema(ctx context.Context, r *repair) bool {
	select {
	case <-ctx.Done():
		return false
	case <-r.schema:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, b := range r.broken {
		e.waits(b.partition, -1)
	}
	return true
}

// postpone lets a lane that is behind wait for the schema of the record that comes next for it. It asks again now and then all the same: it may
// have moved.
func (e *engine) postpone(r lane.Read, next *kafka.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.Postpone(r)
	e.waits(r.Partition, +1)
	schema := e.want(next)
	e.task(func(ctx context.Context) {
		select {
		case <-ctx.Done():
			return
		case <-schema:
		case <-time.After(schemaRetryMax):
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.waits(r.Partition, -1)
		e.ledger.Resume(r, time.Now())
		e.notify()
	})
	e.notify()
}

// waits counts the reads of a partition that wait for a schema. The lock is held.
func (e *engine) waits(p *lane.Partition, n int) {
	if e.waiting[p] += n; e.waiting[p] == 0 {
		delete(e.waiting, p)
	}
}

// waitingPartitions counts those of ours that wait for a schema. The lock is held.
func (e *engine) waitingPartitions() (n int) {
	for p := range e.waiting {
		if e.partitions[name(p)] == p {
			n++
		}
	}
	return n
}

// want asks the registry for the schema of a record, unless that is under way. The channel is closed when the decoder has an answer. The lock is held.
func (e *engine) want(r *kafka.Record) <-chan struct{} {
	of := frame(r.Value)
	have, asked := e.schemas[of]
	if !asked {
		have = make(chan struct{})
		e.schemas[of] = have
		e.task(func(ctx context.Context) { e.askFor(ctx, of, have) })
	}
	return have
}

// The pause between two questions for a schema doubles. It stays short: what is asked is little, and a partition waits for it.
const (
	schemaRetryMin = time.Second
	schemaRetryMax = 5 * time.Second
)

func (e *engine) askFor(ctx context.Context, of frame, have chan struct{}) {
	for pause := schemaRetryMin; ; pause = min(2*pause, schemaRetryMax) {
		err := e.decoder.Load(ctx, of[:])
		if ctx.Err() != nil {
			return
		}
		news := e.status.registryFailed(of, err)
		switch {
		case err == nil && news:
			e.log.Info("the schema registry answers again")
		case news:
			e.log.Warn("the schema registry does not answer: partitions with records that need it wait, nothing is given up; trying again (CONNECTOR_SCHEMA_REGISTRY_URL)", "error", err)
		}
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.schemas, of)
	close(have)
}
