package connector

import (
	"context"
	"errors"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
)

// repair is what is under way for partitions whose reading has failed in one poll. They are paused until it is over: an error would come back from
// every poll otherwise, thousands of times a second.
type repair struct {
	broken []broken
	pause  time.Duration   // before they are read again
	schema <-chan struct{} // closed when the schema is there that their next record waits for; nil where none does
}

type broken struct {
	kafka.TopicPartition
	partition *lane.Partition // nil when it is not ours
	err       error
	withheld  bool
}

// failures pauses the partitions that a poll has brought errors for, and begins to repair them. What the same poll has brought of
// their records is not to be used: they are read again from where the lanes know they are.
func (e *engine) failures(fetches []kafka.Fetch) map[kafka.TopicPartition]bool {
	failed := map[kafka.TopicPartition]bool{}
	r := &repair{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range fetches {
		switch {
		case f.Err == nil:
			continue
		case f.Topic == "": // the poll as a whole; the client tries again by itself
			if _, news := e.status.readFailed(f.TopicPartition, f.Err); news {
				e.log.Warn("reading from Kafka fails, trying again", "error", f.Err)
			}
			continue
		case failed[f.TopicPartition]:
			continue
		}
		failed[f.TopicPartition] = true
		e.consumer.Pause(f.TopicPartition)
		if e.repairs[f.TopicPartition] != nil {
			continue
		}
		pause, news := e.status.readFailed(f.TopicPartition, f.Err)
		if news {
			e.log.Warn("reading a partition fails, trying again", "topic", f.Topic, "partition", f.Partition, "error", f.Err)
		}
		r.pause = max(r.pause, pause)
		r.broken = append(r.broken, broken{f.TopicPartition, e.partitions[f.TopicPartition], f.Err, f.Withheld})
		e.repairs[f.TopicPartition] = r
		if kafka.IsOtherTopic(f.Err) {
			e.suspect(f.Topic)
		}
	}
	if len(r.broken) > 0 {
		e.task(func(ctx context.Context) { e.repair(ctx, r) })
	}
	return failed
}

// task runs f in a goroutine that the end of the engine waits for, unless that has come already. The lock is held.
func (e *engine) task(f func(context.Context)) bool {
	if e.hard == nil || e.stopped {
		return false
	}
	ctx := e.hard
	e.tasks.Go(func() { f(ctx) })
	return true
}

// repair puts the ledger and the client's position right, waits, and lets the partitions be read again.
func (e *engine) repair(ctx context.Context, r *repair) {
	logs := e.outOfRange(ctx, r)
	select {
	case e.gate <- struct{}{}: // the partitions must not move while their position is set
		for _, b := range r.broken {
			e.putRight(b, logs)
		}
		<-e.gate
	case <-ctx.Done():
	}
	select {
	case <-ctx.Done():
		return
	case <-time.After(r.pause):
	}
	if r.schema != nil && !e.haveSchema(ctx, r) {
		return
	}
	e.mu.Lock()
	var again []kafka.TopicPartition
	withheld := map[string]bool{}
	for _, b := range r.broken {
		if e.repairs[b.TopicPartition] != r {
			continue // it has come to us anew
		}
		delete(e.repairs, b.TopicPartition)
		again = append(again, b.TopicPartition)
		withheld[b.Topic] = withheld[b.Topic] || b.withheld && e.partitions[b.TopicPartition] == nil
	}
	e.resume(again)
	e.mu.Unlock()
	for topic, yes := range withheld {
		if yes {
			e.renew(ctx, topic)
		}
	}
}

// outOfRange asks what the logs hold of which some position is not in.
func (e *engine) outOfRange(ctx context.Context, r *repair) map[kafka.TopicPartition]kafka.Extent {
	var tps []kafka.TopicPartition
	for _, b := range r.broken {
		if kafka.IsOutOfRange(b.err) {
			tps = append(tps, b.TopicPartition)
		}
	}
	if len(tps) == 0 {
		return nil
	}
	logs, err := e.admin.Extents(ctx, tps)
	if err != nil && ctx.Err() == nil {
		e.log.Warn("finding out what Kafka still has fails, trying again", "error", err)
	}
	return logs
}

// putRight tells the ledger what an error says about the log, and makes the client read on where the ledger is. The gate is held.
func (e *engine) putRight(b broken, logs map[kafka.TopicPartition]kafka.Extent) {
	e.mu.Lock()
	p := b.partition
	if p == nil || e.partitions[b.TopicPartition] != p || p.Closing() {
		e.mu.Unlock()
		return
	}
	log, known := logs[b.TopicPartition]
	end, epoch, cut := kafka.CutOff(b.err)
	switch {
	case cut:
		e.truncated(p, end, epoch)
	case known && p.Head() < log.Start:
		e.deleted(p, log.Start)
	case known && p.Head() > log.End:
		e.truncated(p, log.End, p.Epoch()) // the epoch stays: the broker may know that it was cut off further down and has grown since
	}
	head, epoch := p.Head(), p.Epoch()
	e.mu.Unlock()
	e.consumer.Seek(b.TopicPartition, head, epoch)
}

// deleted tells the ledger that the log begins at start, and reports what no lane has seen. The lock is held.
func (e *engine) deleted(p *lane.Partition, start int64) {
	loss := e.ledger.Lost(p, start, time.Now())
	e.notify()
	e.report(p, lostToRetention, loss, "records were deleted from Kafka before they were delivered: they are lost; keep records longer than the retry window (retention.ms)",
		"continuing_at", start)
}

// truncated tells the ledger that the log ends at end, and reports what had been read and not delivered of the rest. The lock is held.
func (e *engine) truncated(p *lane.Partition, end int64, epoch int32) {
	if end >= p.Head() {
		return
	}
	loss := e.ledger.Truncate(p, end, epoch, time.Now())
	e.discard()
	e.settled.Broadcast()
	e.notify()
	e.reportTruncated(p, loss)
}

func (e *engine) reportTruncated(p *lane.Partition, loss lane.Loss) {
	e.log.Warn("Kafka has lost the end of a partition, after an unclean leader election perhaps: reading on where it ends now",
		"topic", p.Topic, "partition", p.Number, "continuing_at", p.Head())
	e.report(p, lostToTruncation, loss, "records that Kafka has lost had not been delivered: they are lost", "continuing_at", p.Head())
}

// report counts a loss and says whose it is. The lock is held.
func (e *engine) report(p *lane.Partition, reason string, loss lane.Loss, message string, more ...any) {
	if loss.Offsets == 0 {
		return
	}
	e.metrics.lost(reason, loss.Offsets)
	e.status.lost(reason, loss.Offsets)
	for i, c := range e.couriers {
		if loss.Lanes&(1<<i) != 0 {
			e.log.Error(message, append( //nolint:sloglint // constant, in one of two callers
				[]any{"topic", p.Topic, "partition", p.Number, "mapping", c.name, "offsets", loss.Offsets}, more...)...)
		}
	}
}

// suspect looks into a topic that Kafka says it does not have, or not any longer. The lock is held.
func (e *engine) suspect(topic string) {
	if e.suspects[topic] {
		return
	}
	e.suspects[topic] = e.task(func(ctx context.Context) {
		e.lookAt(ctx, topic)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.suspects, topic)
	})
}

// lookAt finds out whether the topic was deleted, or deleted and created again. Then its partitions mean nothing any more: they are dropped, and
// nothing is committed for them, since their offsets would be taken for the new topic's.
func (e *engine) lookAt(ctx context.Context, topic string) {
	id, err := e.admin.TopicID(ctx, topic)
	missing := errors.Is(err, kafka.ErrNoTopic)
	switch {
	case err != nil && !missing:
		e.log.Warn("looking for a topic fails, trying again", "topic", topic, "error", err)
		return
	case !e.abandon(ctx, func(p *lane.Partition) bool { return p.Topic == topic && (missing || !p.Of(id)) }):
		return // nothing of it is ours, or the broker that complained had not heard of the topic yet
	}
	e.consumer.Renew(topic)
	if !missing || !e.consumer.Named() {
		return
	}
	e.status.topicMissing(topic, true)
	defer e.status.topicMissing(topic, false)
	for missing {
		select {
		case <-ctx.Done():
			return
		case <-time.After(missingRetry):
		}
		_, err := e.admin.TopicID(ctx, topic)
		missing = err != nil
	}
	e.log.Info("the topic is there again", "topic", topic)
}

const missingRetry = 5 * time.Second

// abandon drops the partitions whose log is gone, and says whether there were any.
func (e *engine) abandon(ctx context.Context, gone func(*lane.Partition) bool) bool {
	select {
	case e.gate <- struct{}{}:
		defer func() { <-e.gate }()
	case <-ctx.Done():
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var tps []kafka.TopicPartition
	for tp, p := range e.partitions {
		if gone(p) {
			tps = append(tps, tp)
		}
	}
	for _, p := range e.close(tps) {
		e.log.Warn("the topic was deleted, and perhaps created again: this partition is given up without a commit", "topic", p.Topic, "partition", p.Number)
		e.report(p, lostWithTopic, p.Unsettled(), deletedMessage)
		e.drop(p)
	}
	e.metrics.partitions(len(e.partitions))
	e.notify()
	return len(tps) > 0
}

const deletedMessage = "the topic was deleted before all that had been read of it was delivered: the rest is lost"

// deletedTopics returns the topics that were deleted, of those for which a commit has been refused.
func (e *engine) deletedTopics(ctx context.Context, refused map[*lane.Partition]error) map[string]bool {
	gone := map[string]bool{}
	for p, err := range refused {
		if gone[p.Topic] || !kafka.IsOtherTopic(err) {
			continue
		}
		id, err := e.admin.TopicID(ctx, p.Topic)
		gone[p.Topic] = errors.Is(err, kafka.ErrNoTopic) || err == nil && !p.Of(id)
	}
	return gone
}

// renew subscribes to a topic anew, because the client has left out one of its partitions; what we have of it is given up in good order.
func (e *engine) renew(ctx context.Context, topic string) {
	e.mu.Lock()
	var tps []kafka.TopicPartition
	for tp := range e.partitions {
		if tp.Topic == topic {
			tps = append(tps, tp)
		}
	}
	e.mu.Unlock()
	e.Revoked(ctx, tps)
	e.consumer.Renew(topic)
}

// resume lets partitions be read again, unless something else holds them: the memory is full, they wait for their first commit, or they
// are being repaired. The lock is held.
func (e *engine) resume(tps []kafka.TopicPartition) {
	var free []kafka.TopicPartition
	for _, tp := range tps {
		p := e.partitions[tp]
		if p == nil || p.Paused() || e.repairs[tp] != nil {
			continue
		}
		if _, waits := e.fresh[p]; !waits {
			free = append(free, tp)
		}
	}
	e.consumer.Resume(free...)
}

// regulate stops the reading of partitions that are far ahead of their lanes, and lets it go on. The lock is held, or two that
// regulate at once could leave a partition paused for good.
func (e *engine) regulate() {
	pause, resume := e.ledger.Pause()
	e.consumer.Pause(names(pause)...)
	e.resume(names(resume))
}
