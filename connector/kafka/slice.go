package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Slice is a stretch of a partition's log, read by position.
type Slice struct {
	Records  []*Record
	Next     int64 // the offset after everything read, control records and gaps included
	LogStart int64
	TopicID  [16]byte // of the topic that was read; zero on brokers without topic ids
}

// sliceReader reads any offset of any partition without a consumer: a consumer has one position per partition, and lanes that lag
// stand at many.
type sliceReader struct {
	client *kgo.Client

	mu     sync.Mutex
	topics map[string]topicLeaders
}

type topicLeaders struct {
	id      [16]byte
	leaders map[int32]leader
}

type leader struct{ broker, epoch int32 }

// ReadAt reads about maxBytes (compressed) of the partition's log from offset on; at least one batch. It does not wait for
// records to come: at the end of the log it returns an empty slice whose Next is offset.
// When the offset is no longer in the log the error satisfies IsOutOfRange, and Slice.LogStart says where the log begins now.
func (a *Admin) ReadAt(ctx context.Context, tp TopicPartition, offset int64, maxBytes int32) (Slice, error) {
	s, err := a.slices.readAt(ctx, tp, offset, maxBytes)
	if IsOutOfRange(err) { // what the answer says about the log's start is -1 at Apache Kafka
		logs, listErr := a.Extents(ctx, []TopicPartition{tp})
		if listErr != nil {
			return Slice{}, fmt.Errorf("%s/%d: %w", tp.Topic, tp.Partition, listErr)
		}
		log, ok := logs[tp]
		if !ok {
			return Slice{}, fmt.Errorf("listing the start of %s/%d: %w", tp.Topic, tp.Partition, errShape)
		}
		s.LogStart = log.Start
	}
	return s, err
}

func (r *sliceReader) readAt(ctx context.Context, tp TopicPartition, offset int64, maxBytes int32) (Slice, error) {
	const tries = 5
	var last error
	for try := range tries {
		if try > 0 {
			select {
			case <-time.After(time.Duration(try) * 50 * time.Millisecond):
			case <-ctx.Done():
				return Slice{}, context.Cause(ctx)
			}
		}
		id, l, err := r.leader(ctx, tp)
		if err != nil {
			return Slice{}, fmt.Errorf("finding the leader of %s/%d: %w", tp.Topic, tp.Partition, err)
		}
		s, err := r.fetch(ctx, tp, id, l, offset, maxBytes)
		s.TopicID = id
		if err == nil || IsOutOfRange(err) || ctx.Err() != nil {
			return s, err
		}
		last = err
		r.forget(tp.Topic)
	}
	return Slice{}, fmt.Errorf("reading %s/%d at %d: %w", tp.Topic, tp.Partition, offset, last)
}

func (r *sliceReader) forget(topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.topics, topic)
}

func (r *sliceReader) leader(ctx context.Context, tp TopicPartition) ([16]byte, leader, error) {
	r.mu.Lock()
	t, ok := r.topics[tp.Topic]
	r.mu.Unlock()
	if !ok {
		req := kmsg.NewPtrMetadataRequest()
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = &tp.Topic
		req.Topics = append(req.Topics, rt)
		resp, err := req.RequestWith(ctx, r.client)
		if err != nil {
			return [16]byte{}, leader{}, err
		}
		if len(resp.Topics) != 1 {
			return [16]byte{}, leader{}, errShape
		}
		if err := kerr.ErrorForCode(resp.Topics[0].ErrorCode); err != nil {
			return [16]byte{}, leader{}, err
		}
		t = topicLeaders{id: resp.Topics[0].TopicID, leaders: map[int32]leader{}}
		for _, p := range resp.Topics[0].Partitions {
			t.leaders[p.Partition] = leader{p.Leader, p.LeaderEpoch}
		}
		r.mu.Lock()
		if r.topics == nil {
			r.topics = map[string]topicLeaders{}
		}
		r.topics[tp.Topic] = t
		r.mu.Unlock()
	}
	l, ok := t.leaders[tp.Partition]
	if !ok || l.broker < 0 {
		r.forget(tp.Topic)
		return [16]byte{}, leader{}, kerr.LeaderNotAvailable
	}
	return t.id, l, nil
}

var errShape = errors.New("the broker's answer does not fit the request")

func (r *sliceReader) fetch(ctx context.Context, tp TopicPartition, id [16]byte, l leader, offset int64, maxBytes int32) (Slice, error) {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = 0
	req.MinBytes = 0
	req.MaxBytes = maxBytes
	req.IsolationLevel = 1 // read committed, like the group's reader
	req.SessionEpoch = -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = tp.Topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition = tp.Partition
	p.CurrentLeaderEpoch = l.epoch
	p.FetchOffset = offset
	p.PartitionMaxBytes = maxBytes
	p.LastFetchedEpoch = -1
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	answer, err := r.client.Broker(int(l.broker)).RetriableRequest(ctx, req)
	if err != nil {
		return Slice{}, err
	}
	resp, ok := answer.(*kmsg.FetchResponse)
	if !ok {
		return Slice{}, errShape
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return Slice{}, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return Slice{}, errShape
	}
	rp := &resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(rp.ErrorCode); err != nil {
		return Slice{}, err
	}
	out, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: offset, IsolationLevel: kgo.ReadCommitted(), Topic: tp.Topic, Partition: tp.Partition,
	}, rp, kgo.DefaultDecompressor(), nil)
	if out.Err != nil {
		return Slice{}, out.Err
	}
	return Slice{Records: out.Records, Next: next, LogStart: out.LogStartOffset}, nil
}
