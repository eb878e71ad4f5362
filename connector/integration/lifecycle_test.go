//go:build integration

package integration

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

// orderEvents are n events that single sends, from a number on.
func orderEvents(from, n int) (events, ids []string) {
	for i := range n {
		events = append(events, event(7*(from+i)))
		ids = append(ids, id(7*(from+i)))
	}
	return events, ids
}

// produceAnew produces to one partition, through a client that has not known the topic before.
func (s *system) produceAnew(partition int32, events ...string) {
	s.t.Helper()
	c := s.cluster.Client(s.t, kgo.DefaultProduceTopic(s.topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for _, e := range events {
		if err := c.ProduceSync(s.t.Context(), &kgo.Record{Value: []byte(e), Partition: partition}).FirstErr(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// recreate deletes the topic and creates it again.
func (s *system) recreate(partitions int32) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if _, err := s.admin.DeleteTopic(ctx, s.topic); err != nil {
		s.t.Fatal(err)
	}
	for {
		_, err := s.admin.CreateTopic(ctx, partitions, 1, nil, s.topic)
		if err == nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond): // deleting takes a moment
		case <-ctx.Done():
			s.t.Fatalf("creating the topic again: %v", err)
		}
	}
}

// lost reads connector_events_lost_total by reason from a connector's metrics.
func lost(t *testing.T, address string) map[string]int {
	t.Helper()
	_, text := get(t, "http://"+address+"/metrics")
	out := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^connector_events_lost_total\{reason="(\w+)"\} (\d+)$`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		out[m[1]] = n
	}
	return out
}

func wantLost(t *testing.T, address, reason string, want int, ready string) {
	t.Helper()
	for r, n := range lost(t, address) {
		if r == reason && n != want || r != reason && n != 0 {
			t.Errorf("connector_events_lost_total{reason=%q} is %d, want %d for %q and 0 for others", r, n, want, reason)
		}
	}
	if status, said := get(t, "http://"+address+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(said, ready) {
		t.Errorf("readiness is %d %q, want 503 and %q", status, said, ready)
	}
}

// A topic that is deleted and created again while the connector runs is read from its beginning, also under "latest".
func TestTopicCreatedAgain(t *testing.T) {
	for _, c := range []struct{ protocol, start string }{{"classic", "earliest"}, {"classic", "latest"}, {"consumer", "latest"}} {
		t.Run(c.protocol+", "+c.start, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, kafkatest.Start(t), 2)
			r := newReceiver(t)
			address := freeAddress(t)
			stop := s.start(single(r.url), "CONNECTOR_KAFKA_GROUP_PROTOCOL="+c.protocol, "CONNECTOR_KAFKA_START="+c.start,
				"CONNECTOR_COMMIT_INTERVAL=100ms", "CONNECTOR_HTTP_ADDR="+address)
			r.await(t, "the first commit", time.Minute, func() bool {
				offsets, err := s.admin.FetchOffsets(t.Context(), s.group)
				_, first := offsets.Lookup(s.topic, 0)
				_, second := offsets.Lookup(s.topic, 1)
				return err == nil && first && second
			})
			old, _ := orderEvents(0, 10)
			s.produceAnew(0, old...)
			r.await(t, "the events of the old topic", time.Minute, func() bool { return r.distinct("/orders") == 10 })
			r.answer("/orders", http.StatusServiceUnavailable)
			undelivered, _ := orderEvents(10, 5)
			s.produceAnew(1, undelivered...)
			r.await(t, "an attempt", time.Minute, func() bool { return r.asked("/orders") > 10 })

			s.recreate(3)
			var want []string
			for p := range 3 {
				events, ids := orderEvents(100+100*p, 20)
				s.produceAnew(int32(p), events...)
				want = append(want, ids...)
			}
			r.answer("/orders", http.StatusOK)
			begin := time.Now()
			r.await(t, "the events of the new topic", 2*time.Minute, func() bool {
				missing, _ := r.missing("/orders", want)
				return len(missing) == 0
			})
			t.Logf("the new topic was read after %v", time.Since(begin).Round(time.Millisecond))
			if _, duplicates := r.missing("/orders", want); duplicates > 0 {
				t.Errorf("%d events of the new topic came twice", duplicates)
			}
			n := lost(t, address)["topic_deleted"]
			t.Logf("%d of 5 events of the old topic were lost", n)
			if n > 0 {
				wantLost(t, address, "topic_deleted", n, strconv.Itoa(n)+" offsets had not been delivered when their topic was deleted")
			}
			stop()
			if committed, end := s.committed(); committed != end || end != 60 {
				t.Errorf("committed offsets add up to %d, end offsets to %d, want 60", committed, end)
			}
		})
	}
}

// Partitions that are added are read from their beginning, also under "latest".
func TestPartitionsAddedUnderLatest(t *testing.T) {
	t.Parallel()
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	before, ids := orderEvents(0, 5)
	s.produceAnew(0, before...)
	s.start(single(r.url), "CONNECTOR_KAFKA_START=latest", "CONNECTOR_COMMIT_INTERVAL=100ms")
	r.await(t, "the first commit", time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
	if answer, err := s.admin.UpdatePartitions(t.Context(), 3, s.topic); err != nil || answer.Error() != nil {
		t.Fatal(err, answer.Error())
	}
	var want []string
	for p := range int32(3) {
		events, ids := orderEvents(100+100*int(p), 20)
		s.produceAnew(p, events...)
		want = append(want, ids...)
	}
	begin := time.Now()
	r.await(t, "the events of all partitions", 3*time.Minute, func() bool { // metadata is a minute old at most
		missing, _ := r.missing("/orders", want)
		return len(missing) == 0
	})
	t.Logf("the new partitions were read after %v", time.Since(begin).Round(time.Millisecond))
	if missing, _ := r.missing("/orders", ids); len(missing) != len(ids) {
		t.Error("events from before the group were delivered, though it starts at the latest")
	}
}

func (s *system) deleteRecords(before int64) {
	s.t.Helper()
	deleted := kadm.Offsets{}
	deleted.AddOffset(s.topic, 0, before, -1)
	if answer, err := s.admin.DeleteRecords(s.t.Context(), deleted); err != nil || answer.Error() != nil {
		s.t.Fatalf("deleting records: %v, %v", err, answer.Error())
	}
}

// Records that Kafka deleted before the group had read them are counted exactly.
func TestDeletedBeforeTheyWereRead(t *testing.T) {
	t.Parallel()
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	stop := s.start(single(r.url), "CONNECTOR_COMMIT_INTERVAL=100ms")
	events, _ := orderEvents(0, 30)
	s.produceAnew(0, events[:10]...)
	r.await(t, "the first events", time.Minute, func() bool { return r.distinct("/orders") == 10 })
	stop()
	s.produceAnew(0, events[10:]...)
	s.deleteRecords(25)
	address := freeAddress(t)
	s.start(single(r.url), "CONNECTOR_COMMIT_INTERVAL=100ms", "CONNECTOR_HTTP_ADDR="+address)
	r.await(t, "the commit", time.Minute, func() bool {
		committed, _ := s.committed()
		return committed == 30
	})
	if got := r.distinct("/orders"); got != 15 {
		t.Errorf("%d events arrived, want the first 10 and the last 5", got)
	}
	wantLost(t, address, "retention", 15, "15 offsets were deleted")
}

// Retention that overtakes a lane while it waits for its endpoint is that lane's loss, counted exactly, and nobody else's.
func TestDeletedWhileALaneLagged(t *testing.T) {
	t.Parallel()
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.answer("/lake", http.StatusServiceUnavailable)
	const n = 20_000 // of 4 KB: more than the memory that the connector may use
	mappings := strings.Replace(three(r.url), "batch_size: 1000", "batch_size: 100", 1)
	address := freeAddress(t)
	s.start(mappings, "CONNECTOR_MEMORY_BUDGET=32MiB", "CONNECTOR_COMMIT_INTERVAL=100ms", "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=1s",
		"CONNECTOR_HTTP_ADDR="+address)
	large := all(n)
	for i, e := range large {
		large[i] = strings.Replace(e, `"userId"`, `"anonymousId":"`+strings.Repeat("x", 4000)+`","userId"`, 1)
	}
	s.produce(large...)
	orders, lake := wanted(n)
	r.await(t, "the healthy mapping's events", 2*time.Minute, func() bool { return r.distinct("/orders") == len(orders) })
	const kept = 1000
	s.deleteRecords(n - kept)
	r.answer("/lake", http.StatusOK)
	r.await(t, "the commit", 2*time.Minute, func() bool {
		committed, _ := s.committed()
		return committed == n
	})
	arrived := map[string]bool{}
	missing, _ := r.missing("/lake", lake)
	for _, id := range lake {
		arrived[id] = true
	}
	first, last := n, 0
	for _, m := range missing {
		delete(arrived, m)
		i, err := strconv.Atoi(strings.TrimPrefix(m, "m-"))
		if err != nil {
			t.Fatal(err)
		}
		first, last = min(first, i), max(last, i)
	}
	if len(missing) == 0 || last >= n-kept {
		t.Fatalf("%d events were lost, up to %d; want some, below %d", len(missing), last, n-kept)
	}
	// What is counted are offsets, from where the lane stood up to where the log begins; between them all of its events are missing.
	counted := lost(t, address)["retention"]
	if counted < last-first+1 || counted > last-first+1+2 { // every seventh event is not for this mapping, at either end
		t.Errorf("%d offsets are counted as lost, those missing are %d to %d", counted, first, last)
	}
	if matching := len(missing); matching < counted*6/7-2 {
		t.Errorf("%d events are missing of %d offsets that are counted as lost: some of these were delivered", matching, counted)
	}
	wantLost(t, address, "retention", counted, strconv.Itoa(counted)+" offsets were deleted")
	if again, _ := r.missing("/orders", orders); len(again) > 0 {
		t.Errorf("the healthy mapping misses %d events", len(again))
	}
}
