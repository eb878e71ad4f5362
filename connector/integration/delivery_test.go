//go:build integration

package integration

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

const events = 100_000

// three are three mappings: one that sends each event alone, one that batches, one that never fires.
func three(url string) string {
	return fmt.Sprintf(`
mappings:
  - name: orders
    trigger: type = "track" and event = "Order Completed"
    fields: {url: "%[1]s/orders", method: POST, data: {"@path": "$."}}
  - name: lake
    trigger: type != "delete"
    fields: {url: "%[1]s/lake", method: POST, data: {"@path": "$."}, enable_batching: true, batch_size: 1000}
  - name: never
    trigger: type = "track" and event = "Does Not Happen"
    fields: {url: "%[1]s/never", method: POST, data: {"@path": "$."}}
`, url)
}

// wanted are the messages that a path of three must get.
func wanted(n int) (orders, lake []string) {
	for i := range n {
		if i%7 == 0 {
			orders = append(orders, id(i))
		}
		if i%7 != 6 {
			lake = append(lake, id(i))
		}
	}
	return orders, lake
}

func all(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = event(i)
	}
	return out
}

// Every matching event arrives, with a signature that a receiver written in JavaScript accepts, and then all offsets are committed.
func TestEveryEventArrivesSigned(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 4)
	r := newReceiver(t)
	r.withNode(t)
	s.produce(all(events)...)
	begin := time.Now()
	stop := s.start(three(r.url), "CONNECTOR_REQUEST_TIMEOUT=1m") // an answer that comes too late is a duplicate, and the machine may be busy
	orders, lake := wanted(events)
	r.await(t, "all events", 4*time.Minute, func() bool {
		return r.distinct("/orders") == len(orders) && r.distinct("/lake") == len(lake)
	})
	t.Logf("%d events read, %d + %d delivered in %v", events, len(orders), len(lake), time.Since(begin).Round(time.Millisecond))
	stop()
	for path, want := range map[string][]string{"/orders": orders, "/lake": lake} {
		if missing, duplicates := r.missing(path, want); len(missing) > 0 || duplicates > 0 {
			t.Errorf("%s: %d missing, %d duplicates", path, len(missing), duplicates)
		}
	}
	if n := r.asked("/never"); n != 0 {
		t.Errorf("the mapping that never fires sent %d requests", n)
	}
	if r.unsigned > 0 {
		t.Errorf("%d requests had a signature that Node does not accept", r.unsigned)
	}
	if committed, end := s.committed(); committed != end {
		t.Errorf("committed offsets add up to %d, end offsets to %d", committed, end)
	}
	if got := len(s.letters()); got != 0 {
		t.Errorf("%d dead letters, want none", got)
	}
}

// Killing the process ten times in the middle of its work loses nothing, and repeats little.
func TestKillNineLosesNothing(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 4)
	r := newReceiver(t)
	producing, done := context.WithCancel(t.Context())
	defer done()
	produced := make(chan error, 1)
	go func() { produced <- s.trickle(producing, events, 40*time.Second) }()

	// As a static member it gets its partitions back at once; dynamic members wait for the session of the dead one to end.
	environment := []string{"CONNECTOR_KAFKA_INSTANCE_ID=one", "CONNECTOR_KAFKA_SESSION_TIMEOUT=10s"}
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 0))
	for kill := range 10 {
		p := s.spawn(three(r.url), environment...)
		before := r.distinct("/lake")
		r.await(t, fmt.Sprintf("deliveries before kill %d", kill+1), time.Minute, func() bool {
			return r.distinct("/lake") > before || p.command.ProcessState != nil
		})
		select {
		case <-time.After(time.Duration(rnd.IntN(3000)) * time.Millisecond):
		case <-t.Context().Done():
		}
		p.kill()
	}
	if err := <-produced; err != nil {
		t.Fatal(err)
	}
	p := s.spawn(three(r.url), environment...)
	orders, lake := wanted(events)
	r.await(t, "all events", 4*time.Minute, func() bool {
		return r.distinct("/orders") >= len(orders) && r.distinct("/lake") >= len(lake)
	})
	stopGracefully(t, p)
	for path, want := range map[string][]string{"/orders": orders, "/lake": lake} {
		missing, duplicates := r.missing(path, want)
		t.Logf("seed %d: %s: %d events, %d missing, %d duplicates (%.2f %%)", seed, path, len(want), len(missing), duplicates, 100*float64(duplicates)/float64(len(want)))
		if len(missing) > 0 {
			t.Errorf("%s: %d missing, such as %s", path, len(missing), missing[0])
		}
	}
	if committed, end := s.committed(); committed != end {
		t.Errorf("committed offsets add up to %d, end offsets to %d", committed, end)
	}
}

func stopGracefully(t *testing.T, p *process) {
	t.Helper()
	p.memory = resident(t, p.command.Process.Pid)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("stopping the connector: %v\n%s", err, p.output)
	}
}

// trickle produces n events spread over a time.
func (s *system) trickle(ctx context.Context, n int, over time.Duration) error {
	const steps = 200
	tick := time.NewTicker(over / steps)
	defer tick.Stop()
	for step := range steps {
		var records []*kgo.Record
		for i := step * n / steps; i < (step+1)*n/steps; i++ {
			records = append(records, &kgo.Record{Value: []byte(event(i))})
		}
		if err := s.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func single(url string) string {
	return fmt.Sprintf(`
mappings:
  - name: orders
    trigger: type = "track"
    fields: {url: "%s/orders?token=hidden", method: POST, data: {"@path": "$."}}
`, url)
}

// While the endpoint fails, the offset stays; when it recovers, the event is delivered and the offset moves.
func TestOffsetsWaitForRecovery(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.answer("/orders", http.StatusServiceUnavailable)
	s.start(single(r.url), "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=1s", "CONNECTOR_COMMIT_INTERVAL=100ms")
	s.produce(event(0), event(1), event(7)) // the first is the one that does not get through; the second matches nothing
	r.await(t, "several attempts", time.Minute, func() bool { return r.asked("/orders") >= 10 })
	if committed, _ := s.committed(); committed != 0 {
		t.Errorf("committed %d although the event at offset 0 is not delivered", committed)
	}
	r.answer("/orders", http.StatusOK)
	r.await(t, "the commit", time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
	if got := r.distinct("/orders"); got != 2 {
		t.Errorf("%d events arrived, want 2", got)
	}
}

// An event whose window ends goes to the dead-letter topic with its whole story, and only then the offset moves.
func TestWindowEndsInTheDeadLetterTopic(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.answer("/orders", http.StatusServiceUnavailable)
	s.start(single(r.url), "CONNECTOR_RETRY_WINDOW=5s", "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=1s", "CONNECTOR_COMMIT_INTERVAL=100ms")
	at := time.Now()
	record := &kgo.Record{Key: []byte("k"), Value: []byte(event(0)), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("abc")}}}
	if err := s.client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	r.await(t, "the commit", time.Minute, func() bool {
		committed, _ := s.committed()
		if committed > 0 && s.endOf(s.deadLetters()) == 0 {
			t.Fatal("the offset moved before the dead letter was written")
		}
		return committed == 1
	})
	if waited := time.Since(at); waited < 5*time.Second {
		t.Errorf("given up after %v, the window is 5 s", waited)
	}
	letters := s.letters()
	if len(letters) != 1 {
		t.Fatalf("%d dead letters, want 1", len(letters))
	}
	l := letters[0]
	if string(l.Key) != "k" || string(l.Value) != event(0) {
		t.Errorf("key %q, value %q are not the original's", l.Key, l.Value)
	}
	if l.Timestamp.Before(at.Add(5 * time.Second)) {
		t.Errorf("the letter is of %v, want when it was written: the topic's retention begins there", l.Timestamp)
	}
	headers := map[string]string{}
	for _, h := range l.Headers {
		headers[h.Key] = string(h.Value)
	}
	for key, want := range map[string]string{
		"trace": "abc", "dlq.timestamp": record.Timestamp.Truncate(time.Millisecond).UTC().Format(time.RFC3339Nano), "dlq.reason": "window_expired", "dlq.mapping": "orders", "dlq.topic": s.topic, "dlq.partition": "0", "dlq.offset": "0",
		"dlq.url": r.url + "/orders", "dlq.method": "POST", "dlq.status": "503", "dlq.response": "answer of the receiver",
	} {
		if headers[key] != want {
			t.Errorf("header %s is %q, want %q", key, headers[key], want)
		}
		delete(headers, key)
	}
	for _, key := range []string{"dlq.attempts", "dlq.first_attempt", "dlq.last_attempt", "dlq.connector"} {
		if headers[key] == "" {
			t.Errorf("header %s is missing", key)
		}
		delete(headers, key)
	}
	delete(headers, "dlq.error") // an answer came; it may be in words as well
	for key := range maps.Keys(headers) {
		t.Errorf("header %s is not documented", key)
	}
}

func (s *system) endOf(topic string) (end int64) {
	s.t.Helper()
	ends, err := s.admin.ListEndOffsets(s.t.Context(), topic)
	if err != nil {
		s.t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) { end += o.Offset })
	return end
}

// With the dead-letter topic unwritable nothing is given up: the offset stays until it can be written again.
func TestUnwritableDeadLetterTopicHoldsTheOffset(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.answer("/orders", http.StatusNotFound) // rejected at once
	if _, err := s.admin.CreateTopic(t.Context(), 1, 1, map[string]*string{"max.message.bytes": new("10")}, s.deadLetters()); err != nil {
		t.Fatal(err) // no record is that small
	}
	s.start(single(r.url), "CONNECTOR_COMMIT_INTERVAL=100ms")
	s.produce(event(0), event(7), "not an event")
	r.await(t, "both answers", time.Minute, func() bool { return r.asked("/orders") == 2 })
	for range 20 {
		if committed, _ := s.committed(); committed != 0 {
			t.Fatalf("committed %d although no dead letter could be written", committed)
		}
	}
	alter := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: new("1000000")}}
	if _, err := s.admin.AlterTopicConfigs(t.Context(), alter, s.deadLetters()); err != nil {
		t.Fatal(err)
	}
	r.await(t, "the commit", 2*time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
	reasons := map[string]int{}
	for _, l := range s.letters() {
		for _, h := range l.Headers {
			if h.Key == "dlq.reason" {
				reasons[string(h.Value)]++
			}
		}
	}
	if reasons["rejected"] != 2 || reasons["undecodable"] != 1 || len(reasons) != 2 {
		t.Errorf("dead letters by reason: %v, want 2 rejected and 1 undecodable", reasons)
	}
}

// A mapping whose endpoint is down does not hold up another, whatever the one group's committed offset says; and after a restart the
// healthy one is not told everything again.
func TestDeadEndpointCostsTheOthersNothing(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 2)
	r := newReceiver(t)
	r.answer("/lake", http.StatusServiceUnavailable)
	const n = 20_000
	mappings := strings.Replace(three(r.url), "batch_size: 1000", "batch_size: 100", 1)
	small := "CONNECTOR_MEMORY_BUDGET=32MiB" // less than the backlog
	stop := s.start(mappings, small)
	s.produce(all(n)...)
	orders, lake := wanted(n)
	r.await(t, "the healthy mapping's events", time.Minute, func() bool { return r.distinct("/orders") == len(orders) })
	stop()
	if committed, end := s.committed(); committed >= end {
		t.Errorf("committed offsets add up to %d of %d although one mapping has delivered nothing", committed, end)
	}
	r.answer("/lake", http.StatusOK)
	stop = s.start(mappings, small)
	r.await(t, "the backlog", time.Minute, func() bool { return r.distinct("/lake") == len(lake) })
	stop()
	if _, duplicates := r.missing("/orders", orders); duplicates > 0 {
		t.Errorf("the healthy mapping got %d events twice because the other one was stuck", duplicates)
	}
	if committed, end := s.committed(); committed != end {
		t.Errorf("committed offsets add up to %d, end offsets to %d", committed, end)
	}
}
