//go:build unix

package kafkatest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answerTimeout bounds every wait for a broker: its start, its answer to an admin request, its end. A start takes 3 s on
// an idle machine with two cores.
const answerTimeout = time.Minute

// Cluster is a running Kafka. Its methods may be called from several tests at once, except where they say otherwise.
type Cluster struct {
	brokers []string
	nodes   *nodes // nil when KAFKA_BROKERS names the cluster
	private bool   // ends with one test, so nothing in it needs removing
}

// shared is the broker of this test process. It is variable at package level because a fixture that outlives a test has
// no other place to live.
var shared struct {
	mu      sync.Mutex
	cluster *Cluster
	err     error
}

// Start returns the cluster that the tests of this process share: the one KAFKA_BROKERS names (host:port, separated by
// commas), else a single broker started by the first call. It fails the test when there is neither.
func Start(t testing.TB) *Cluster {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = open(context.WithoutCancel(t.Context()), 1)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// StartNodes starts a cluster of n combined brokers and controllers for this test alone and stops it when the test ends.
// Topics are replicated over min(n, 3) nodes, with two in-sync replicas required of three. KAFKA_BROKERS does not count here:
// the test wants brokers that it may hurt.
func StartNodes(t testing.TB, n int) *Cluster {
	t.Helper()
	return StartBehindDoors(t, n, 0)
}

// StartBehindDoors starts nodes as [StartNodes] does, which can also be reached through doors: [Cluster.Door] has the addresses,
// and [Cluster.Shut] what may happen to them. A client that comes through one door is told of no other address, so that each client of a
// test can be cut off from each node. The nodes themselves do not talk through doors.
func StartBehindDoors(t testing.TB, n, doors int) *Cluster {
	t.Helper()
	c, err := launch(context.WithoutCancel(t.Context()), n, doors)
	if err != nil {
		t.Fatal(err)
	}
	c.private = true
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the brokers wrote:\n%s", c.nodes.logs())
		}
		c.nodes.end()
	})
	return c
}

// open answers with the cluster named by the environment, or launches n nodes.
func open(ctx context.Context, n int) (*Cluster, error) {
	named := os.Getenv("KAFKA_BROKERS")
	if named == "" {
		return launch(ctx, n, 0)
	}
	c := &Cluster{brokers: strings.Split(named, ",")}
	if err := c.wait(ctx, 1, func() error { return nil }); err != nil {
		return nil, fmt.Errorf("using KAFKA_BROKERS=%s: %w", named, err)
	}
	return c, nil
}

func launch(ctx context.Context, n, doors int) (*Cluster, error) {
	nodes, err := startNodes(ctx, n, doors)
	if err != nil {
		return nil, fmt.Errorf("starting Kafka: %w", err)
	}
	c := &Cluster{brokers: nodes.addresses(), nodes: nodes}
	if err := c.wait(ctx, n, nodes.alive); err != nil {
		err = fmt.Errorf("starting Kafka: %w\n%s", err, nodes.logs())
		nodes.end()
		return nil, err
	}
	return c, nil
}

// Brokers returns the addresses to seed a client with, host:port.
func (c *Cluster) Brokers() []string { return c.brokers }

// Client returns a client of the cluster that is closed when the test ends.
func (c *Cluster) Client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.brokers...)}, opts...)...)
	if err != nil {
		t.Fatalf("making a Kafka client: %v", err)
	}
	t.Cleanup(client.Close)
	return client
}

// Topic creates a topic under a name of its own, waits until every partition has a leader, and deletes it when the test
// ends. The configs are Kafka's topic settings, such as retention.ms; nil is fine.
func (c *Cluster) Topic(t testing.TB, partitions int32, configs map[string]string) string {
	t.Helper()
	name := unique(t)
	values := make(map[string]*string, len(configs))
	for k, v := range configs {
		values[k] = &v
	}
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	admin := kadm.NewClient(c.Client(t))
	if _, err := admin.CreateTopic(ctx, partitions, -1, values, name); err != nil {
		t.Fatalf("creating topic %s: %v", name, err)
	}
	if err := poll(ctx, func(ctx context.Context) error { return led(ctx, admin, name, int(partitions)) }); err != nil {
		t.Fatalf("waiting for the leaders of topic %s: %v", name, err)
	}
	c.undo(t, func(ctx context.Context, admin *kadm.Client) error {
		_, err := admin.DeleteTopic(ctx, name)
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			return nil // the test deleted it
		}
		return err
	})
	return name
}

// Group returns a name for a consumer group that no other test has. The group is deleted when the test ends, unless it
// still has members.
func (c *Cluster) Group(t testing.TB) string {
	t.Helper()
	name := unique(t)
	c.undo(t, func(ctx context.Context, admin *kadm.Client) error {
		_, err := admin.DeleteGroup(ctx, name)
		if errors.Is(err, kerr.GroupIDNotFound) || errors.Is(err, kerr.NonEmptyGroup) {
			return nil
		}
		return err
	})
	return name
}

// undo runs f when the test ends, on clusters that outlive the test.
func (c *Cluster) undo(t testing.TB, f func(context.Context, *kadm.Client) error) {
	if c.private {
		return
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		admin, err := kadm.NewOptClient(kgo.SeedBrokers(c.brokers...))
		if err != nil {
			t.Errorf("cleaning up after the test: %v", err)
			return
		}
		defer admin.Close()
		if err := f(ctx, admin); err != nil {
			t.Errorf("cleaning up after the test: %v", err)
		}
	})
}

// wait returns when every broker answers that it sees n. It gives up when alive says that there is no point.
//
// The brokers are asked directly because kadm answers from metadata that kgo has cached.
func (c *Cluster) wait(ctx context.Context, n int, alive func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("no answer within %v", answerTimeout))
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	return poll(ctx, func(ctx context.Context) error {
		if err := alive(); err != nil {
			return permanentError{err}
		}
		for _, broker := range client.SeedBrokers() {
			request := kmsg.NewPtrMetadataRequest()
			request.Topics = []kmsg.MetadataRequestTopic{} // no topic; nil would mean all
			answer, err := broker.Request(ctx, request)
			if err != nil {
				return err
			}
			if got := len(answer.(*kmsg.MetadataResponse).Brokers); got < n {
				return fmt.Errorf("%d of %d brokers are in the cluster", got, n)
			}
		}
		return nil
	})
}

// led reports a topic that does not have a leader for every partition yet.
func led(ctx context.Context, admin *kadm.Client, topic string, partitions int) error {
	topics, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	detail := topics[topic]
	if detail.Err != nil {
		return detail.Err
	}
	leaders := 0
	for _, p := range detail.Partitions {
		if p.Err == nil && p.Leader >= 0 {
			leaders++
		}
	}
	if leaders < partitions {
		return fmt.Errorf("%d of %d partitions have a leader", leaders, partitions)
	}
	return nil
}

// permanentError stops [poll].
type permanentError struct{ error }

// poll calls f, ten times a second, until it answers nil or the context ends; then the last answer is in the error.
func poll(ctx context.Context, f func(context.Context) error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := f(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if p, ok := errors.AsType[permanentError](err); ok {
			return p.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// unique makes a legal topic or group name out of the test's name and a random suffix.
func unique(t testing.TB) string {
	legal := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, t.Name())
	return legal[:min(len(legal), 200)] + "-" + strings.ToLower(rand.Text()[:8])
}
