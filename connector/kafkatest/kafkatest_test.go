//go:build integration && unix

package kafkatest_test

import (
	"context"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

func TestRecordsGoThrough(t *testing.T) {
	t.Parallel()
	c := kafkatest.Start(t)
	topic := c.Topic(t, 3, map[string]string{"retention.ms": "3600000"})
	want := produce(t, c, topic, "a", "b", "c", "d", "e")
	if got := consume(t, c, topic, len(want)); !cmp.Equal(got, want) {
		t.Errorf("consumed %v, want %v", got, want)
	}
}

func TestGroupCommitsAndDisappears(t *testing.T) {
	t.Parallel()
	c := kafkatest.Start(t)
	topic := c.Topic(t, 1, nil)
	admin := kadm.NewClient(c.Client(t))
	var group string
	t.Run("commit", func(t *testing.T) {
		group = c.Group(t)
		var offsets kadm.Offsets
		offsets.AddOffset(topic, 0, 7, -1)
		if err := admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
			t.Fatalf("committing: %v", err)
		}
	})
	got, err := admin.ListGroups(t.Context())
	if err != nil {
		t.Fatalf("listing groups: %v", err)
	}
	if _, there := got[group]; there {
		t.Errorf("group %s outlived its test", group)
	}
}

func TestTopicsAreDistinctAndDeleted(t *testing.T) {
	t.Parallel()
	c := kafkatest.Start(t)
	var first, second string
	t.Run("create", func(t *testing.T) {
		first, second = c.Topic(t, 1, nil), c.Topic(t, 1, nil)
	})
	if first == second {
		t.Errorf("two topics are both called %s", first)
	}
	got, err := kadm.NewClient(c.Client(t)).ListTopics(t.Context())
	if err != nil {
		t.Fatalf("listing topics: %v", err)
	}
	if got.Has(first) || got.Has(second) {
		t.Errorf("topics %s and %s outlived their test", first, second)
	}
}

func TestDataOutlivesRestartAndKill(t *testing.T) {
	t.Parallel()
	c := kafkatest.StartNodes(t, 1)
	topic := c.Topic(t, 1, nil)
	produce(t, c, topic, "a, before the restart")

	c.Restart(t)
	produce(t, c, topic, "b, before the kill")
	c.Kill(t)
	c.Restart(t)

	want := []string{"a, before the restart", "b, before the kill"}
	if got := consume(t, c, topic, len(want)); !cmp.Equal(got, want) {
		t.Errorf("consumed %v, want %v", got, want)
	}
}

func TestStopFreezesUntilCont(t *testing.T) {
	t.Parallel()
	c := kafkatest.StartNodes(t, 1)
	topic := c.Topic(t, 1, nil)
	client := c.Client(t, kgo.DefaultProduceTopic(topic))
	if err := client.Ping(t.Context()); err != nil {
		t.Fatalf("ping before: %v", err)
	}

	c.Stop(t)
	acked := make(chan error, 1)
	client.Produce(t.Context(), kgo.StringRecord("x"), func(_ *kgo.Record, err error) { acked <- err })
	select {
	case err := <-acked:
		t.Fatalf("a frozen broker acknowledged a record (error %v)", err)
	case <-time.After(time.Second):
	}

	c.Cont(t)
	select {
	case err := <-acked:
		if err != nil {
			t.Fatalf("producing after Cont: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no acknowledgement within 30 s of Cont")
	}
}

func TestThreeNodesLoseOne(t *testing.T) {
	t.Parallel()
	c := kafkatest.StartNodes(t, 3)
	if got := len(c.Brokers()); got != 3 {
		t.Fatalf("%d brokers, want 3", got)
	}
	topic := c.Topic(t, 3, nil)
	c.Kill(t, 2)
	want := produce(t, c, topic, "one", "two", "three")
	c.Restart(t, 2)
	if got := consume(t, c, topic, len(want)); !cmp.Equal(got, want) {
		t.Errorf("consumed %v, want %v", got, want)
	}
}

// produce writes the values and returns them sorted, as consume does.
func produce(t *testing.T, c *kafkatest.Cluster, topic string, values ...string) []string {
	t.Helper()
	client := c.Client(t, kgo.DefaultProduceTopic(topic))
	for _, v := range values {
		if err := client.ProduceSync(within(t), kgo.StringRecord(v)).FirstErr(); err != nil {
			t.Fatalf("producing %q: %v", v, err)
		}
	}
	return slices.Sorted(slices.Values(values))
}

// consume reads n records from the start of a topic and returns their values sorted.
func consume(t *testing.T, c *kafkatest.Cluster, topic string, n int) []string {
	t.Helper()
	client := c.Client(t, kgo.ConsumeTopics(topic))
	ctx := within(t)
	var values []string
	for len(values) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("read %d of %d records: %v", len(values), n, err)
		}
		for r := range fetches.RecordsAll() {
			values = append(values, string(r.Value))
		}
	}
	return slices.Sorted(slices.Values(values))
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestDoorsCutOneClientOff(t *testing.T) {
	t.Parallel()
	c := kafkatest.StartBehindDoors(t, 1, 2)
	first, second := c.Client(t, kgo.SeedBrokers(c.Door(0)...)), c.Client(t, kgo.SeedBrokers(c.Door(1)...))
	ping := func(client *kgo.Client) error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return client.Ping(ctx)
	}
	for _, state := range []kafkatest.Doorway{kafkatest.Silent, kafkatest.Shut} {
		c.SetDoor(t, 0, state)
		if err := ping(first); err == nil {
			t.Errorf("a client reached the broker through a door in state %d", state)
		}
		if err := ping(second); err != nil {
			t.Errorf("a client at another door: %v", err)
		}
		c.SetDoor(t, 0, kafkatest.Open)
		if err := ping(first); err != nil {
			t.Errorf("after the door was opened: %v", err)
		}
	}
}

func TestDoorsLeadToAllNodes(t *testing.T) {
	t.Parallel()
	c := kafkatest.StartBehindDoors(t, 3, 2)
	for i := range 2 {
		answer, err := kadm.NewClient(c.Client(t, kgo.SeedBrokers(c.Door(i)[0]))).BrokerMetadata(within(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range answer.Brokers {
			got = append(got, net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
		}
		if want := c.Door(i); !cmp.Equal(got, want) {
			t.Errorf("through door %d the nodes are %v, want %v", i, got, want)
		}
	}
}
