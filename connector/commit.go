package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
)

var (
	errStopped       = errors.New("the connector is stopping")
	errCommitTimeout = errors.New("the group's coordinator did not answer the commit in time")
)

// commitLoop commits the progress of every partition that has made some: at each interval, and sooner when much has been
// settled, because what is settled and not committed is what a crash repeats.
func (e *engine) commitLoop(ctx context.Context) {
	tick := time.NewTicker(e.settings.commitInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-e.much:
		}
		select {
		case e.gate <- struct{}{}: // also held while partitions are given up: a commit never carries one that has moved
		case <-ctx.Done():
			return
		}
		size := e.commitProgress(ctx)
		<-e.gate
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(commitPause, time.Duration(size)*time.Second/commitRate)):
		}
	}
}

// commitProgress commits, and returns about how many bytes that wrote to the offsets topic. The gate is held.
func (e *engine) commitProgress(ctx context.Context) (size int) {
	e.mu.Lock()
	e.uncommitted = 0
	var commits []lane.Commit
	for _, p := range e.ledger.Dirty(time.Now()) {
		c := e.ledger.Snapshot(p, e.limit.current)
		size += len(c.Metadata) + commitOverhead
		commits = append(commits, c)
	}
	began := time.Now()
	if len(commits) == 0 {
		e.clean = began
	}
	e.reportRetired()
	e.mu.Unlock()
	if len(commits) > 0 {
		within, cancel := context.WithTimeoutCause(ctx, commitTimeout, errCommitTimeout)
		refused := e.commit(within, commits)
		cancel()
		if len(refused) == 0 {
			e.mu.Lock()
			e.clean = began
			e.mu.Unlock()
		}
	}
	return size
}

// reportRetired says which mappings' places were given up, and what they had not delivered. The lock is held.
func (e *engine) reportRetired() {
	for _, r := range e.ledger.Retired() {
		mapping, known := e.former[r.ID]
		if !known {
			mapping = fmt.Sprintf("unknown, lane %08x", r.ID)
		}
		e.log.Warn("a mapping has been gone for longer than CONNECTOR_ORPHAN_GRACE: its place is given up, and what it had not delivered is not delivered any more",
			"mapping", mapping, "topic", r.Partition.Topic, "partition", r.Partition.Number, "offset", r.Cursor, "undelivered_at_most", r.Undelivered)
	}
}

const (
	commitSoon     = 200                   // settled events after which a commit need not wait for the interval
	commitPause    = 50 * time.Millisecond // between two commits, at least
	commitRate     = 256 << 10             // bytes a second that the commits may write, about
	commitOverhead = 100                   // bytes of a commit beside its metadata, about
)

const (
	commitTimeout = 20 * time.Second
	// commitChunk bounds the metadata of one request: it becomes one batch in the offsets topic, which has a limit of its own.
	commitChunk = 256 << 10
)

// commit sends commits in chunks and records which the broker has accepted; it returns the others. The gate is held.
func (e *engine) commit(ctx context.Context, commits []lane.Commit) (refused map[*lane.Partition]error) {
	refused = map[*lane.Partition]error{}
	for len(commits) > 0 {
		n, size := 0, 0
		for n < len(commits) && (n == 0 || size+len(commits[n].Metadata) <= commitChunk) {
			size += len(commits[n].Metadata) + commitOverhead
			n++
		}
		e.commitChunk(ctx, commits[:n], refused)
		commits = commits[n:]
	}
	return refused
}

func (e *engine) commitChunk(ctx context.Context, commits []lane.Commit, refused map[*lane.Partition]error) {
	requests := make([]kafka.Commit, len(commits))
	for i, c := range commits {
		requests[i] = kafka.Commit{TopicPartition: name(c.Partition), Offset: c.Offset, Metadata: c.Metadata}
	}
	errs := e.consumer.Commit(ctx, requests)
	var resume []kafka.TopicPartition
	var failure error
	e.mu.Lock()
	for i, err := range errs {
		if err != nil {
			failure = err
			refused[commits[i].Partition] = err
			switch {
			case kafka.IsMetadataTooLarge(err):
				e.limit.tooLarge()
			case kafka.IsOtherTopic(err):
				e.suspect(requests[i].Topic)
			}
			continue
		}
		e.ledger.Acked(commits[i])
		e.limit.accepted()
		if _, ok := e.fresh[commits[i].Partition]; ok {
			delete(e.fresh, commits[i].Partition)
			resume = append(resume, requests[i].TopicPartition)
		}
	}
	e.resume(resume)
	e.mu.Unlock()
	e.metrics.committed(failure)
	e.status.committed(failure)
	if failure != nil && ctx.Err() == nil {
		e.log.Warn("committing offsets fails, trying again: after a crash more events than usual would be delivered again", "error", failure)
	}
}

// metadataLimit finds out how much metadata the brokers accept (offset.metadata.max.bytes, 4096 by default), and goes back to the default
// after a while: a limit that only ever shrinks would cost duplicates after one odd answer.
type metadataLimit struct {
	current int
	good    int
}

const (
	fullMetadata = 4096
	minMetadata  = 1536 // 57 lanes far behind fit
)

func newMetadataLimit() metadataLimit { return metadataLimit{current: fullMetadata} }

func (l *metadataLimit) tooLarge() {
	l.current, l.good = max(l.current/2, minMetadata), 0
}

func (l *metadataLimit) accepted() {
	if l.good++; l.current < fullMetadata && l.good >= 20 {
		l.current, l.good = min(l.current*2, fullMetadata), 0
	}
}
