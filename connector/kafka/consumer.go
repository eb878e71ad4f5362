package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
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
	Log      *Extent  // nil when it could not be had
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
	regex bool
	owner Owner
	log   *slog.Logger

	mu      sync.Mutex
	fetched map[TopicPartition]Position // between the two callbacks of an assignment
	granted map[TopicPartition]bool     // given to us by the group, and not to the owner yet
	had     map[string]bool             // topics for which this member has committed
}

// NewConsumer joins the group. The admin client must outlive it.
func NewConsumer(o *Options, admin *Admin, owner Owner) (*Consumer, error) {
	c := &Consumer{
		name: o.Group, admin: admin, start: o.Start, owner: owner, log: o.Log, regex: o.regex(),
		fetched: map[TopicPartition]Position{}, granted: map[TopicPartition]bool{}, had: map[string]bool{},
	}
	opts, err := o.client("group")
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
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, m map[string][]int32) { c.grant(list(m), true) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, m map[string][]int32) {
			if tps := list(m); len(tps) > 0 {
				c.grant(tps, false)
				owner.Revoked(ctx, tps)
			}
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, m map[string][]int32) {
			if tps := list(m); len(tps) > 0 {
				c.grant(tps, false)
				owner.Lost(tps)
			}
		}),
	)
	if c.regex {
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
		p := Position{TopicPartition: TopicPartition{topic, partition}, TopicID: id, Offset: offset, Epoch: epoch}
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
				p = Position{TopicPartition: tp, Offset: offset.EpochOffset().Offset, Epoch: -1}
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
		c.grant([]TopicPartition{p.TopicPartition}, false)
		offsets[p.Topic][p.Partition] = kgo.NewOffset().At(begin[i].Offset).WithEpoch(begin[i].Epoch)
	}
	return offsets, nil
}

// grant notes that the group has given partitions to us, or that this needs no watching any longer.
func (c *Consumer) grant(tps []TopicPartition, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, tp := range tps {
		if yes {
			c.granted[tp] = true
		} else {
			delete(c.granted, tp)
		}
	}
}

// resolve fills in topic ids, what the logs hold, and where partitions without a commit begin. It is patient: its failure costs the member all
// its partitions, and a partition that was just created may not have a leader yet.
func (c *Consumer) resolve(ctx context.Context, positions []Position) error {
	const tries = 6
	for try := range tries {
		if try > 0 {
			select {
			case <-time.After(100 * time.Millisecond << try):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		complete, err := c.tryResolve(ctx, positions, try == tries-1)
		if err == nil && complete || try == tries-1 {
			return err
		}
	}
	return nil
}

// tryResolve says whether every position is complete. At the last try only those are missed that have no commit to go on from.
func (c *Consumer) tryResolve(ctx context.Context, positions []Position, last bool) (complete bool, err error) {
	tps := make([]TopicPartition, len(positions))
	var fresh []TopicPartition
	for i, p := range positions {
		tps[i] = p.TopicPartition
		if p.Offset < 0 || p.Fresh {
			fresh = append(fresh, p.TopicPartition)
		}
	}
	ids, err := c.admin.topicIDs(ctx, topics(tps))
	if err != nil {
		return false, fmt.Errorf("looking up topics: %w", err)
	}
	logs, err := c.admin.Extents(ctx, tps)
	if err != nil {
		return false, err
	}
	var begin map[TopicPartition]int64
	if len(fresh) > 0 {
		c.mu.Lock()
		had := maps.Clone(c.had)
		c.mu.Unlock()
		if begin, err = c.admin.startOffsets(ctx, c.name, fresh, c.start, logs, had); err != nil {
			return false, fmt.Errorf("finding where to start: %w", err)
		}
	}
	complete = true
	for i := range positions {
		p := &positions[i]
		p.TopicID = ids[p.Topic]
		if log, ok := logs[p.TopicPartition]; ok {
			p.Log = &log
		} else {
			complete = false
		}
		if p.Offset >= 0 && !p.Fresh {
			continue
		}
		p.Fresh, p.Epoch, p.Metadata = true, -1, ""
		if p.Offset, err = lookup(begin, p.TopicPartition); err != nil {
			p.Offset = -1
			if last {
				return false, err
			}
			complete = false
		}
	}
	return complete, nil
}

// Fetch is what one poll brought for one partition: records, or an error.
type Fetch struct {
	TopicPartition
	Records []*Record
	Left    int64 // offsets behind the last record that could have been read as well, when the broker answered
	Err     error
	// Withheld says that the group has given us the partition and its offset could not be fetched, so that the owner does not have it. It stays like that
	// until the topic is subscribed to anew.
	Withheld bool
}

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
			f := Fetch{TopicPartition: TopicPartition{p.Topic, p.Partition}, Records: p.Records, Err: p.Err}
			if n := len(p.Records); n > 0 {
				f.Left = max(0, p.LastStableOffset-p.Records[n-1].Offset-1)
			}
			out = append(out, f)
		}
	})
	c.mu.Lock()
	for i := range out {
		out[i].Withheld = out[i].Err != nil && c.granted[out[i].TopicPartition]
	}
	c.mu.Unlock()
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
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, err := range errs {
		if err == nil {
			c.had[commits[i].Topic] = true
		}
	}
	return errs
}

var errNoAnswer = errors.New("the broker's answer does not mention the partition")

// IsMetadataTooLarge says that the broker allows less metadata (offset.metadata.max.bytes).
func IsMetadataTooLarge(err error) bool { return errors.Is(err, kerr.OffsetMetadataTooLarge) }

// IsCommitTooLarge says that the request as a whole was too large for the offsets topic.
func IsCommitTooLarge(err error) bool { return errors.Is(err, kerr.InvalidCommitOffsetSize) }

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

// Seek moves the reading of a partition, which must be paused and stay ours meanwhile. With the leader epoch of the record before offset the broker can tell that the
// log was cut off; -1 when unknown.
func (c *Consumer) Seek(tp TopicPartition, offset int64, epoch int32) {
	// The client does not move to where it thinks it is. After an error it may stand elsewhere: so it goes by way of another place.
	for _, to := range []kgo.EpochOffset{{Epoch: -1, Offset: offset + 1}, {Epoch: epoch, Offset: offset}} {
		c.group.SetOffsets(map[string]map[int32]kgo.EpochOffset{tp.Topic: {tp.Partition: to}})
	}
}

// Renew gives a topic up and subscribes to it anew. Nothing else makes the client go on with a topic that was created again, or with a partition that
// is Withheld. The owner must have let go of the topic's partitions; they are assigned again when, and if, the topic is there.
func (c *Consumer) Renew(topic string) {
	c.group.PurgeTopicsFromClient(topic)
	if c.regex {
		c.group.ForceMetadataRefresh()
		return
	}
	c.group.AddConsumeTopics(topic)
}

// Named says whether the topic was asked for by its name, and so is expected to be there.
func (c *Consumer) Named() bool { return !c.regex }

// Close leaves the group: the owner's Revoked is called with every partition first.
func (c *Consumer) Close() { c.group.CloseAllowingRebalance() }

func byTopic(tps []TopicPartition) map[string][]int32 {
	m := map[string][]int32{}
	for _, tp := range tps {
		m[tp.Topic] = append(m[tp.Topic], tp.Partition)
	}
	return m
}
