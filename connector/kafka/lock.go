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

// Lock is held by one process at a time, and let go of by Kafka when that process dies. It is membership in a consumer group in which one member has
// every partition and the others have none; nothing is read and nothing is committed. Kafka notices a holder that has died after lockSession.
type Lock struct {
	client *kgo.Client

	mu     sync.Mutex
	held   bool
	closed bool
	err    error         // of joining
	got    chan struct{} // closed when Kafka has decided for the first time
	lost   chan struct{}
}

// lockSession is how long a holder may be silent: what it takes to get a lock whose holder was killed.
const lockSession = 10 * time.Second

// ErrHeld says that another process has the lock.
var ErrHeld = errors.New("somebody else has the lock")

// NewLock takes the lock called group, on a topic that exists, or returns ErrHeld. It waits for as long as Kafka takes to find out whether the holder
// still lives.
func NewLock(ctx context.Context, o *Options, group, topic string) (*Lock, error) {
	opts, err := o.client("lock")
	if err != nil {
		return nil, err
	}
	l := &Lock{got: make(chan struct{}), lost: make(chan struct{})}
	opts = append(opts,
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.Balancers(oneForAll{kgo.CooperativeStickyBalancer()}),
		kgo.SessionTimeout(lockSession),
		kgo.RebalanceTimeout(lockSession),
		kgo.HeartbeatInterval(lockSession/5),
		kgo.DisableAutoCommit(),
		kgo.WithHooks(l),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) { l.decided(len(added[topic]) > 0) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { l.gone(len(gone[topic]) > 0) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { l.gone(len(gone[topic]) > 0) }),
	)
	if l.client, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("creating the Kafka client: %w", err)
	}
	l.client.PauseFetchTopics(topic)
	select {
	case <-l.got:
	case <-ctx.Done():
		l.fail(context.Cause(ctx))
	}
	l.mu.Lock()
	err, held := l.err, l.held
	l.mu.Unlock()
	switch {
	case held:
		return l, nil
	case err != nil:
		err = fmt.Errorf("joining group %s: %w", group, err)
	default:
		err = ErrHeld
	}
	l.Close()
	return nil, err
}

// OnGroupManageError implements kgo.HookGroupManageError: the client tries again by itself, but permissions do not come by trying.
func (l *Lock) OnGroupManageError(err error) {
	if refused, ok := errors.AsType[*kerr.Error](err); ok && !refused.Retriable {
		l.fail(err)
	}
}

func (l *Lock) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.got:
	default:
		l.err = err
		close(l.got)
	}
}

func (l *Lock) decided(ours bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.got: // a rebalance, which takes nothing away from us
	default:
		l.held = ours
		close(l.got)
	}
}

func (l *Lock) gone(ours bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ours && l.held && !l.closed {
		l.held = false
		close(l.lost)
	}
}

// Held says whether the lock is ours, as far as is known.
func (l *Lock) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// Lost is closed when Kafka has given us up, and perhaps given the lock to somebody else.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

// Produce writes records to the partitions that they name, as Admin.Produce does.
func (l *Lock) Produce(ctx context.Context, records ...*Record) []error {
	return produce(ctx, l.client, records)
}

// Close lets go of the lock.
func (l *Lock) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.client.Close()
}

// oneForAll gives every partition to the member that has some already, or else to the first.
type oneForAll struct{ kgo.GroupBalancer }

// ProtocolName implements kgo.GroupBalancer.
func (oneForAll) ProtocolName() string { return "one-for-all" }

// MemberBalancer implements kgo.GroupBalancer.
func (b oneForAll) MemberBalancer(members []kmsg.JoinGroupResponseMember) (kgo.GroupMemberBalancer, map[string]struct{}, error) {
	all, err := kgo.NewConsumerBalancer(b, members)
	return all, all.MemberTopics(), err
}

// Balance implements kgo.ConsumerBalancerBalance.
func (oneForAll) Balance(all *kgo.ConsumerBalancer, topics map[string]int32) kgo.IntoSyncAssignment {
	plan := all.NewPlan()
	holder, _ := all.MemberAt(0)
	most := 0
	all.EachMember(func(m *kmsg.JoinGroupResponseMember, meta *kmsg.ConsumerMemberMetadata) {
		owned := 0
		for _, t := range meta.OwnedPartitions {
			owned += len(t.Partitions)
		}
		if owned > most {
			holder, most = m, owned
		}
	})
	for topic, partitions := range topics {
		for p := range partitions {
			plan.AddPartition(holder, topic, p)
		}
	}
	return plan
}
