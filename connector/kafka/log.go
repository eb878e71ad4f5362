package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Extent is what a partition's log holds: from the oldest offset up to but excluding End.
type Extent struct{ Start, End int64 }

// Extents returns what the logs of the partitions hold. A partition whose leader does not answer is left out.
func (a *Admin) Extents(ctx context.Context, tps []TopicPartition) (map[TopicPartition]Extent, error) {
	starts, err := a.list(ctx, tps, oldest, readUncommitted)
	if err != nil {
		return nil, fmt.Errorf("listing start offsets: %w", err)
	}
	ends, err := a.list(ctx, tps, newest, readUncommitted)
	if err != nil {
		return nil, fmt.Errorf("listing end offsets: %w", err)
	}
	out := make(map[TopicPartition]Extent, len(tps))
	for tp, start := range starts {
		if end, ok := ends[tp]; ok {
			out[tp] = Extent{start, max(start, end)} // records may have been deleted between the two answers
		}
	}
	return out, nil
}

// OffsetAt returns the first offset of the partition at or after t, its end when there is none.
func (a *Admin) OffsetAt(ctx context.Context, tp TopicPartition, t time.Time) (int64, error) {
	at, err := a.offsetsAt(ctx, []TopicPartition{tp}, t)
	if err != nil {
		return 0, err
	}
	return lookup(at, tp)
}

func (a *Admin) offsetsAt(ctx context.Context, tps []TopicPartition, t time.Time) (map[TopicPartition]int64, error) {
	at, err := a.list(ctx, tps, t.UnixMilli(), readCommitted)
	if err != nil {
		return nil, fmt.Errorf("listing offsets by time: %w", err)
	}
	var later []TopicPartition
	for tp, offset := range at {
		if offset < 0 {
			later = append(later, tp)
		}
	}
	if len(later) == 0 {
		return at, nil
	}
	ends, err := a.list(ctx, later, newest, readCommitted)
	if err != nil {
		return nil, fmt.Errorf("listing end offsets: %w", err)
	}
	for _, tp := range later {
		if end, ok := ends[tp]; ok {
			at[tp] = end
		} else {
			delete(at, tp)
		}
	}
	return at, nil
}

// What to ask ListOffsets for in place of a time in milliseconds.
const (
	newest int64 = -1
	oldest int64 = -2
)

// The isolation levels of ListOffsets: does the log end at the last stable offset?
const (
	readUncommitted int8 = 0
	readCommitted   int8 = 1
)

// list asks the partitions' leaders for offsets. Partitions whose leader does not answer are left out; the error is that of all of them.
func (a *Admin) list(ctx context.Context, tps []TopicPartition, at int64, isolation int8) (map[TopicPartition]int64, error) {
	if len(tps) == 0 {
		return map[TopicPartition]int64{}, nil
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	req.IsolationLevel = isolation
	for topic, partitions := range byTopic(tps) {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = topic
		for _, partition := range partitions {
			p := kmsg.NewListOffsetsRequestTopicPartition()
			p.Partition, p.Timestamp = partition, at
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	out := make(map[TopicPartition]int64, len(tps))
	var errs []error
	for _, shard := range a.client.RequestSharded(ctx, req) {
		resp, ok := shard.Resp.(*kmsg.ListOffsetsResponse)
		if shard.Err != nil || !ok {
			errs = append(errs, shard.Err)
			continue
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					errs = append(errs, fmt.Errorf("%s/%d: %w", t.Topic, p.Partition, err))
					continue
				}
				out[TopicPartition{t.Topic, p.Partition}] = p.Offset
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.Join(errs...)
	}
	return out, nil
}

func lookup(m map[TopicPartition]int64, tp TopicPartition) (int64, error) {
	o, ok := m[tp]
	if !ok {
		return 0, fmt.Errorf("no offset known for %s/%d", tp.Topic, tp.Partition)
	}
	return o, nil
}

// TopicID returns the id that the topic has now, zero on brokers without topic ids; ErrNoTopic when it does not exist.
func (a *Admin) TopicID(ctx context.Context, topic string) ([16]byte, error) {
	ids, err := a.topicIDs(ctx, []string{topic})
	if err != nil {
		return [16]byte{}, err
	}
	id, ok := ids[topic]
	if !ok {
		return id, fmt.Errorf("%w: %s", ErrNoTopic, topic)
	}
	return id, nil
}

// topicIDs asks a broker for the ids of the topics that exist. It does not go through the client's cache: a topic may just have been created
// again under the same name.
func (a *Admin) topicIDs(ctx context.Context, topics []string) (map[string][16]byte, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topic
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return nil, err
	}
	out := map[string][16]byte{}
	for _, t := range resp.Topics {
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case t.Topic == nil, errors.Is(err, kerr.UnknownTopicOrPartition):
		case err != nil:
			return nil, fmt.Errorf("topic %s: %w", *t.Topic, err)
		default:
			out[*t.Topic] = t.TopicID
		}
	}
	return out, nil
}

// startOffsets applies the start policy to partitions without a commit. A partition of a topic where the group has commits, or had some
// that this process has made, is new to the topic, and not the topic to the group: it begins at its start under every policy, or what was written before
// it was discovered would be skipped.
func (a *Admin) startOffsets(ctx context.Context, group string, tps []TopicPartition, policy string, logs map[TopicPartition]Extent, had map[string]bool) (map[TopicPartition]int64, error) {
	out := make(map[TopicPartition]int64, len(tps))
	var err error
	switch policy {
	case "", "earliest":
		for _, tp := range tps {
			if log, ok := logs[tp]; ok {
				out[tp] = log.Start
			}
		}
		return out, nil
	case "latest":
		out, err = a.list(ctx, tps, newest, readCommitted)
	default:
		var t time.Time
		if t, err = time.Parse(time.RFC3339, policy); err == nil {
			out, err = a.offsetsAt(ctx, tps, t)
		}
	}
	if err != nil {
		return nil, err
	}
	committed, err := a.admin.FetchOffsetsForTopics(ctx, group, topics(tps)...)
	if err != nil {
		return nil, fmt.Errorf("fetching the group's offsets: %w", err)
	}
	known := map[string]bool{}
	committed.Each(func(o kadm.OffsetResponse) {
		if o.Err == nil && o.At >= 0 {
			known[o.Topic] = true
		}
	})
	for _, tp := range tps {
		if log, ok := logs[tp]; ok && (known[tp.Topic] || had[tp.Topic]) {
			out[tp] = log.Start
		}
	}
	return out, nil
}

func topics(tps []TopicPartition) []string {
	var out []string
	seen := map[string]bool{}
	for _, tp := range tps {
		if !seen[tp.Topic] {
			seen[tp.Topic] = true
			out = append(out, tp.Topic)
		}
	}
	return out
}

// IsOutOfRange says that an offset is not in the log: below its start, or above its end.
func IsOutOfRange(err error) bool { return errors.Is(err, kerr.OffsetOutOfRange) }

// IsOtherTopic says that the topic that was asked for is not there: it was deleted, and perhaps created again, or the broker has not heard of
// it yet. TopicID tells.
func IsOtherTopic(err error) bool {
	return errors.Is(err, kerr.UnknownTopicID) || errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.InconsistentTopicID)
}

// CutOff says that the log turned out to end before the position that was being read, as it may after an unclean leader election: at
// end, after a record of that leader epoch.
func CutOff(err error) (end int64, epoch int32, ok bool) {
	loss, ok := errors.AsType[*kgo.ErrDataLoss](err)
	if !ok {
		return 0, -1, false
	}
	return loss.ResetTo, loss.ResetToEpoch, true
}
