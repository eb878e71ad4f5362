package connector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/mapping"
)

// engine is the kafka.Owner: these are the moments when partitions come and go.
var _ kafka.Owner = (*engine)(nil)

func laneStart(m *mapping.Mapping) lane.Start {
	switch {
	case m.Start == "earliest":
		return lane.Start{Kind: lane.StartEarliest}
	case m.Start == "" || m.Start == "latest":
		return lane.Start{Kind: lane.StartHead}
	default:
		t, err := time.Parse(time.RFC3339, m.Start)
		if err != nil { // checked at load
			return lane.Start{Kind: lane.StartHead}
		}
		return lane.Start{Kind: lane.StartTime, Time: t}
	}
}

func laneOrder(m *mapping.Mapping) lane.Order {
	switch m.Delivery.Ordering {
	case mapping.OrderingKey:
		return lane.OrderKey
	case mapping.OrderingPartition:
		return lane.OrderPartition
	default:
		return lane.OrderNone
	}
}

// Assigned takes over new partitions: their lanes go on where the last owner committed them.
func (e *engine) Assigned(ctx context.Context, positions []kafka.Position) ([]kafka.Beginning, error) {
	<-e.started // the client calls back while it is being created
	e.swap.RLock()
	defer e.swap.RUnlock()
	restored := make([]lane.Restored, len(positions))
	for i, p := range positions {
		restored[i] = lane.Restored{
			Topic: p.Topic, Partition: p.Partition, TopicID: p.TopicID,
			Offset: p.Offset, Epoch: p.Epoch, Metadata: p.Metadata, LogStart: -1,
		}
		if p.Log != nil {
			restored[i].LogStart, restored[i].LogEnd = p.Log.Start, &p.Log.End
		}
		at, err := e.timedStarts(ctx, p.TopicPartition, e.set)
		if err != nil {
			return nil, err
		}
		restored[i].At = at
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]kafka.Beginning, len(positions))
	var hold, begin []kafka.TopicPartition
	for i, r := range restored {
		tp := positions[i].TopicPartition
		delete(e.repairs, tp) // it begins anew, and unpaused: the client remembers pauses across assignments
		begin = append(begin, tp)
		if old := e.partitions[tp]; old != nil { // its offsets are fetched a second time
			e.drop(old)
		}
		a := e.ledger.Assign(r, time.Now())
		e.partitions[tp] = a.Partition
		if positions[i].Fresh && e.settings.startLatest {
			// Committed before it is read: after a crash in between, "latest" would be a later offset, and what lies between would be skipped.
			e.fresh[a.Partition] = struct{}{}
			hold = append(hold, tp)
		}
		out[i] = kafka.Beginning{Offset: a.Partition.Head(), Epoch: a.Partition.Epoch()}
		e.reportAssigned(a, positions[i])
	}
	e.consumer.Resume(begin...)
	e.consumer.Pause(hold...)
	e.metrics.partitions(len(e.partitions))
	e.notify()
	return out, nil
}

// timedStarts returns how to find the first offset after a time, when some mapping starts at one.
func (e *engine) timedStarts(ctx context.Context, tp kafka.TopicPartition, set *mapping.Set) (func(time.Time) int64, error) {
	found := map[time.Time]int64{}
	for _, m := range set.Mappings() {
		if s := laneStart(m); s.Kind == lane.StartTime {
			offset, err := e.admin.OffsetAt(ctx, tp, s.Time)
			if err != nil {
				return nil, fmt.Errorf("finding where mapping %q starts: %w", m.Name, err)
			}
			found[s.Time] = offset
		}
	}
	return func(t time.Time) int64 { return found[t] }, nil
}

func (e *engine) reportAssigned(a lane.Assigned, p kafka.Position) {
	log := e.log.With("topic", p.Topic, "partition", p.Partition)
	log.Info("partition assigned", "committed", p.Offset, "reading_from", a.Partition.Head(), "new_to_the_group", p.Fresh)
	switch {
	case a.Foreign:
		log.Error("the committed offset is not of this log: the topic was deleted and created again, or Kafka has lost its end; every mapping begins with the oldest record",
			"reason", a.Reset)
	case a.Reset != nil:
		log.Warn("the lanes' progress cannot be used: every mapping goes on at the committed offset, some events may be delivered again", "reason", a.Reset)
	}
	for _, i := range a.Started {
		if i < len(e.couriers)-1 {
			log.Info("mapping is new on this partition", "mapping", e.couriers[i].name, "start", e.couriers[i].startText())
		}
	}
	if a.Lost.Offsets > 0 {
		e.reportTruncated(a.Partition, a.Lost)
	}
	if len(a.Frozen) > 0 {
		log.Warn("progress of mappings that are not configured here is kept for a while and holds the committed offset back",
			"mappings", len(a.Frozen), "for", e.settings.orphanGrace)
	}
}

// Revoked gives partitions up: what is in flight may finish, then their progress is committed for the last time.
func (e *engine) Revoked(ctx context.Context, tps []kafka.TopicPartition) {
	e.gate <- struct{}{}
	defer func() { <-e.gate }()
	e.mu.Lock()
	ps := e.close(tps)
	if !e.drainInFlight(ps, e.settings.drain) {
		e.log.Warn("giving partitions up with deliveries still in flight: they may be delivered again", "waited", e.settings.drain)
		if e.cutOff(ps) {
			e.drainInFlight(ps, cutOffTimeout)
		}
	}
	commits := make([]lane.Commit, len(ps))
	for i, p := range ps {
		commits[i] = e.ledger.Snapshot(p, e.limit.current)
	}
	e.mu.Unlock()
	gone := map[string]bool{}
	if len(ps) > 0 {
		ctx, cancel := context.WithTimeoutCause(ctx, finalCommitTimeout, errCommitTimeout)
		gone = e.deletedTopics(ctx, e.commit(ctx, commits))
		cancel()
	}
	e.mu.Lock()
	for _, p := range ps {
		if gone[p.Topic] {
			e.report(p, lostWithTopic, p.Unsettled(), deletedMessage)
		}
		e.drop(p)
	}
	e.metrics.partitions(len(e.partitions))
	e.notify()
	e.mu.Unlock()
}

const (
	finalCommitTimeout = 10 * time.Second
	cutOffTimeout      = time.Second // for a request to end that was cut off
)

// Lost forgets partitions that another member has already. Nothing may be committed for them.
func (e *engine) Lost(tps []kafka.TopicPartition) {
	e.gate <- struct{}{}
	defer func() { <-e.gate }()
	e.mu.Lock()
	defer e.mu.Unlock()
	ps := e.close(tps)
	e.cutOff(ps)
	for _, p := range ps {
		e.log.Warn("partition was lost: the group went on without this member", "topic", p.Topic, "partition", p.Number)
		e.drop(p)
	}
	e.metrics.partitions(len(e.partitions))
	e.notify()
}

// close ends the taking of events from partitions, and gives back what is taken and not sent yet. The lock is held.
func (e *engine) close(tps []kafka.TopicPartition) []*lane.Partition {
	var ps []*lane.Partition
	for _, tp := range tps {
		if p := e.partitions[tp]; p != nil {
			e.ledger.Close(p)
			ps = append(ps, p)
		}
	}
	e.discard()
	e.notify()
	return ps
}

// discard takes events that are not to be sent any more out of the open batches. The lock is held.
func (e *engine) discard() {
	for _, c := range e.couriers {
		c.discardClosing()
	}
}

// drainInFlight waits until nothing of the partitions is in flight, for a bounded time, and says whether it is so. The lock is held.
func (e *engine) drainInFlight(ps []*lane.Partition, atMost time.Duration) bool {
	over := false
	timer := time.AfterFunc(atMost, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		over = true
		e.settled.Broadcast()
	})
	defer timer.Stop()
	for !over {
		inFlight := 0
		for _, p := range ps {
			inFlight += p.InFlight()
		}
		if inFlight == 0 {
			return true
		}
		e.settled.Wait()
	}
	return false
}

// cutOff ends the requests under way of partitions that are given up, where events wait for each other: the next owner sends them again, and one of
// these must not arrive after what it sends then. It says whether there were any. The lock is held.
func (e *engine) cutOff(ps []*lane.Partition) bool {
	found := false
	for s, end := range e.sending {
		if slices.ContainsFunc(s.events, func(ev *lane.Event) bool { return slices.Contains(ps, ev.Partition()) }) {
			end()
			found = true
		}
	}
	return found
}

// drop forgets a partition. The lock is held.
func (e *engine) drop(p *lane.Partition) {
	e.ledger.Drop(p)
	delete(e.fresh, p)
	if tp := name(p); e.partitions[tp] == p {
		delete(e.partitions, tp)
	}
	e.settled.Broadcast()
}
