package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Position is what is known about a partition that has just been assigned.
type Position struct {
	TopicPartition
	TopicID  [16]byte // zero on brokers without topic ids
	Offset   int64    // committed, or where to begin
	Epoch    int32    // leader epoch of Offset, -1 when unknown
	Metadata string   // of the commit
	Fresh    bool     // nothing was committed: Offset comes from the start policy
	LogStart int64
}

// Beginning says where the reading of a partition starts.
type Beginning struct {
	Offset int64
	Epoch  int32 // with it the broker can tell that the log was truncated (KIP-320); -1 when unknown
}

// Owner is told which partitions are ours. The calls never overlap.
type Owner interface {
	// Assigned is called with new partitions before the first record is read. It answers, in the same order, where to begin.
	Assigned(ctx context.Context, positions []Position) ([]Beginning, error)
	// Revoked is called before partitions move to another member. They may still be committed until it returns, never after.
	// Nothing is polled meanwhile.
	Revoked(ctx context.Context, partitions []TopicPartition)
	// Lost is called when partitions are gone already: a commit would be refused.
	Lost(partitions []TopicPartition)
}

// Consumer is the member of the consumer group.
type Consumer struct {
	group *kgo.Client
	name  string // of the group
	admin *Admin
	start string
	owner Owner
	log   *slog.Logger

	mu      sync.Mutex
	fetched map[TopicPartition]Position // between the two callbacks of an assignment
}

// NewConsumer joins the group. The admin client must outlive it.
func NewConsumer(o *Options, admin *Admin, owner Owner) (*Consumer, error) {
	c := &Consumer{name: o.Group, admin: admin, start: o.Start, owner: owner, log: o.Log, fetched: map[TopicPartition]Position{}}
	opts, err := o.client()
	if err != nil {
		return nil, err
	}
	opts = append(opts,
		kgo.ConsumerGroup(o.Group),
		kgo.ConsumeTopics(o.Topics...),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.KeepControlRecords(), // so that the position moves over transaction markers
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(500*time.Millisecond), // a resumed partition waits for the next fetch
		kgo.FetchMaxBytes(o.FetchMaxBytes),
		kgo.FetchMaxPartitionBytes(o.FetchMaxPartitionBytes),
		kgo.MaxDecompressBatchBytes(maxBatchBytes),
		kgo.SessionTimeout(o.SessionTimeout),
		kgo.RebalanceTimeout(60*time.Second),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), // not used: Assigned resolves every start
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.OnOffsetsFetched(c.offsetsFetched),
		kgo.AdjustFetchOffsetsFn(c.adjustOffsets),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) {
			if tps := list(m); len(tps) > 0 {
				owner.Revoked(ctx, tps)
			}
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, m map[string][]int32) {
			if tps := list(m); len(tps) > 0 {
				owner.Lost(tps)
			}
		}),
	)
	if len(o.Topics) == 1 && strings.HasPrefix(o.Topics[0], "^") {
		opts = append(opts, kgo.ConsumeRegex())
	}
	if o.InstanceID != "" {
		opts = append(opts, kgo.InstanceID(o.InstanceID))
	}
	if o.ConsumerGroups {
		opts = append(opts, kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	} else {
		opts = append(opts, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	if c.group, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("creating the Kafka client: %w", err)
	}
	return c, nil
}

// maxBatchBytes bounds what one compressed batch may become: one batch must not take the process.
const maxBatchBytes = 64 << 20

func list(m map[string][]int32) []TopicPartition {
	var out []TopicPartition
	for t, ps := range m {
		for _, p := range ps {
			out = append(out, TopicPartition{t, p})
		}
	}
	return out
}

// offsetsFetched keeps the commits of newly assigned partitions: only here the metadata can be had. It may run again for a
// partition whose first fetch of offsets was interrupted.
func (c *Consumer) offsetsFetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := func(topic string, id [16]byte, partition int32, offset int64, epoch int32, metadata *string) {
		p := Position{TopicPartition: TopicPartition{topic, partition}, TopicID: id, Offset: offset, Epoch: epoch, LogStart: -1}
		if metadata != nil {
			p.Metadata = *metadata
		}
		c.fetched[p.TopicPartition] = p
	}
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				keep(t.Topic, t.TopicID, p.Partition, p.Offset, p.LeaderEpoch, p.Metadata)
			}
		}
	}
	for _, t := range resp.Topics { // brokers before 3.0
		for _, p := range t.Partitions {
			keep(t.Topic, [16]byte{}, p.Partition, p.Offset, p.LeaderEpoch, p.Metadata)
		}
	}
	return nil
}

// adjustOffsets tells the owner about the new partitions and answers where their reading begins.
func (c *Consumer) adjustOffsets(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	var positions []Position
	c.mu.Lock()
	for topic, partitions := range offsets {
		for partition, offset := range partitions {
			tp := TopicPartition{topic, partition}
			p, ok := c.fetched[tp]
			if !ok {
				p = Position{TopicPartition: tp, Offset: offset.EpochOffset().Offset, Epoch: -1, LogStart: -1}
			}
			delete(c.fetched, tp)
			positions = append(positions, p)
		}
	}
	c.mu.Unlock()
	if err := c.resolve(ctx, positions); err != nil {
		return nil, err
	}
	begin, err := c.owner.Assigned(ctx, positions)
	if err != nil {
		return nil, err
	}
	for i, p := range positions {
		offsets[p.Topic][p.Partition] = kgo.NewOffset().At(begin[i].Offset).WithEpoch(begin[i].Epoch)
	}
	return offsets, nil
}

// resolve fills in topic ids, the logs' starts, and where partitions without a commit begin.
func (c *Consumer) resolve(ctx context.Context, positions []Position) error {
	topics := map[string]bool{}
	for _, p := range positions {
		topics[p.Topic] = true
	}
	names := make([]string, 0, len(topics))
	for t := range topics {
		names = append(names, t)
	}
	ids, err := c.admin.topicIDs(ctx, names)
	if err != nil {
		return fmt.Errorf("looking up topics: %w", err)
	}
	starts, err := c.admin.LogStarts(ctx, names)
	if err != nil {
		return fmt.Errorf("listing start offsets: %w", err)
	}
	var first map[TopicPartition]int64
	for i := range positions {
		p := &positions[i]
		p.TopicID = ids[p.Topic]
		if s, ok := starts[p.TopicPartition]; ok {
			p.LogStart = s
		}
		if p.Offset >= 0 {
			continue
		}
		if first == nil {
			if first, err = c.admin.startOffsets(ctx, c.name, names, c.start, starts); err != nil {
				return fmt.Errorf("finding where to start: %w", err)
			}
		}
		p.Fresh, p.Epoch, p.Metadata = true, -1, ""
		if p.Offset, err = lookup(first, p.TopicPartition); err != nil {
			return err
		}
	}
	return nil
}

func lookup(m map[TopicPartition]int64, tp TopicPartition) (int64, error) {
	o, ok := m[tp]
	if !ok {
		return 0, fmt.Errorf("no offset known for %s/%d", tp.Topic, tp.Partition)
	}
	return o, nil
}

// Fetch is what one poll brought for one partition: records, or an error.
type Fetch struct {
	TopicPartition
	Records       []*Record
	LogStart      int64
	HighWatermark int64
	Err           error
}

// Next returns the offset after the last record.
func (f *Fetch) Next() int64 { return f.Records[len(f.Records)-1].Offset + 1 }

// ErrClosed is returned by Poll when the consumer is closed.
var ErrClosed = errors.New("consumer is closed")

// Poll waits for records and calls each for every partition that has some, or has an error. Partitions do not move while it runs, so
// each must be quick and must not commit. An error in a Fetch comes back at every poll until the partition is paused.
func (c *Consumer) Poll(ctx context.Context, each func([]Fetch)) error {
	fetches := c.group.PollFetches(ctx)
	defer c.group.AllowRebalance()
	if fetches.IsClientClosed() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var out []Fetch
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if p.Err != nil || len(p.Records) > 0 {
			out = append(out, Fetch{TopicPartition{p.Topic, p.Partition}, p.Records, p.LogStartOffset, p.HighWatermark, p.Err})
		}
	})
	if len(out) > 0 {
		each(out)
	}
	return nil
}

// Commit is an offset to commit, with its metadata.
type Commit struct {
	TopicPartition
	Offset   int64
	Metadata string
}

// Commit commits, and returns the outcome of each in the same order. It must not run while Poll's callback does.
func (c *Consumer) Commit(ctx context.Context, commits []Commit) []error {
	errs := make([]error, len(commits))
	index := make(map[TopicPartition]int, len(commits))
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for i, x := range commits {
		index[x.TopicPartition] = i
		errs[i] = errNoAnswer
		if offsets[x.Topic] == nil {
			offsets[x.Topic] = map[int32]kgo.EpochOffset{}
		}
		offsets[x.Topic][x.Partition] = kgo.EpochOffset{Epoch: -1, Offset: x.Offset}
	}
	ctx = kgo.PreCommitFnContext(ctx, func(req *kmsg.OffsetCommitRequest) error {
		for i := range req.Topics {
			t := &req.Topics[i]
			for j := range t.Partitions {
				p := &t.Partitions[j]
				p.Metadata = &commits[index[TopicPartition{t.Topic, p.Partition}]].Metadata
			}
		}
		return nil
	})
	c.group.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			for i := range errs {
				errs[i] = err
			}
			return
		}
		for i, t := range resp.Topics {
			topic := t.Topic
			if topic == "" && i < len(req.Topics) { // by topic id since Kafka 4.1; answers keep the order
				topic = req.Topics[i].Topic
			}
			for _, p := range t.Partitions {
				if j, ok := index[TopicPartition{topic, p.Partition}]; ok {
					errs[j] = kerr.ErrorForCode(p.ErrorCode)
				}
			}
		}
	})
	return errs
}

var errNoAnswer = errors.New("the broker's answer does not mention the partition")

// IsMetadataTooLarge says that the broker allows less metadata (offset.metadata.max.bytes).
func IsMetadataTooLarge(err error) bool { return errors.Is(err, kerr.OffsetMetadataTooLarge) }

// IsCommitTooLarge says that the request as a whole was too large for the offsets topic.
func IsCommitTooLarge(err error) bool { return errors.Is(err, kerr.InvalidCommitOffsetSize) }

// IsOutOfRange says that an offset is not in the log: below its start, or above its end.
func IsOutOfRange(err error) bool { return errors.Is(err, kerr.OffsetOutOfRange) }

// Pause stops fetching partitions. What is buffered of them is thrown away and fetched again later.
func (c *Consumer) Pause(tps ...TopicPartition) {
	if len(tps) > 0 {
		c.group.PauseFetchPartitions(byTopic(tps))
	}
}

// Resume fetches paused partitions again.
func (c *Consumer) Resume(tps ...TopicPartition) {
	if len(tps) > 0 {
		c.group.ResumeFetchPartitions(byTopic(tps))
	}
}

// Seek moves the reading of a partition.
func (c *Consumer) Seek(tp TopicPartition, offset int64) {
	c.group.SetOffsets(map[string]map[int32]kgo.EpochOffset{tp.Topic: {tp.Partition: {Epoch: -1, Offset: offset}}})
}

// Close leaves the group: the owner's Revoked is called with every partition first.
func (c *Consumer) Close() { c.group.CloseAllowingRebalance() }

func byTopic(tps []TopicPartition) map[string][]int32 {
	m := map[string][]int32{}
	for _, tp := range tps {
		m[tp.Topic] = append(m[tp.Topic], tp.Partition)
	}
	return m
}
