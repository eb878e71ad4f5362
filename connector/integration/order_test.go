//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

// inOrder is an endpoint that fails now and then and knows, at each of its paths, which event of each chain must come next.
type inOrder struct {
	t  *testing.T
	mu sync.Mutex

	rnd        *rand.Rand
	next, last map[string]int // by path and chain: all before is accepted; what was accepted last
	accepted   int
	overtaken  int
}

// sequenced is the n-th event of a chain: of a key, or of a partition.
type sequenced struct {
	Event     string // the key
	Partition int
	OfKey     int `json:"of_key"`
	OfAll     int `json:"of_all"`
}

func (o *inOrder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	var events []sequenced
	if json.Unmarshal(body, &events) != nil {
		events = make([]sequenced, 1)
		if err := json.Unmarshal(body, &events[0]); err != nil {
			o.t.Errorf("body: %v", err)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := map[string]int{}
	place := func(ev sequenced) (string, int) {
		if q.URL.Path == "/partition" {
			return fmt.Sprint(q.URL.Path, ev.Partition), ev.OfAll
		}
		return q.URL.Path + ev.Event, ev.OfKey
	}
	for _, ev := range events {
		chain, n := place(ev)
		if _, ok := seen[chain]; !ok {
			seen[chain] = o.next[chain]
		}
		if n > seen[chain] {
			if o.overtaken++; o.overtaken < 10 {
				o.t.Errorf("%s: event %d comes before event %d was accepted", chain, n, seen[chain])
			}
		}
		seen[chain] = max(seen[chain], n+1)
	}
	switch o.rnd.IntN(50) {
	case 0:
		w.WriteHeader([]int{429, 500, 503, 408}[o.rnd.IntN(4)])
		return
	case 1:
		panic(http.ErrAbortHandler) // the connection ends without an answer
	}
	for _, ev := range events {
		chain, n := place(ev)
		o.next[chain] = max(o.next[chain], n+1)
		o.last[chain] = n
		o.accepted++
	}
}

func (o *inOrder) have() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.accepted
}

// complete reports whether every chain has come to its end, and ended with its last event.
func (o *inOrder) complete(want map[string]int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for chain, n := range want {
		if o.next[chain] != n || o.last[chain] != n-1 {
			return false
		}
	}
	return true
}

// Two members, one of which is killed again and again, and an endpoint that fails now and then: no event overtakes one that it has to wait for,
// and the last one arrives last.
func TestOrderSurvivesKillNine(t *testing.T) {
	const partitions, keys, n = 4, 40, 6000
	s := newSystem(t, kafkatest.Start(t), partitions)
	seed := uint64(time.Now().UnixNano())
	o := &inOrder{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), next: map[string]int{}, last: map[string]int{}}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	mappings := fmt.Sprintf(`
mappings:
  - name: by key
    trigger: type = "track"
    ordering: key
    fields: {url: "%[1]s/key", method: POST, data: {"@path": "$."}}
  - name: by key in batches
    trigger: type = "track"
    ordering: key
    fields: {url: "%[1]s/batch", method: POST, data: {"@path": "$."}, enable_batching: true, batch_size: 50}
  - name: by partition
    trigger: type = "track"
    ordering: partition
    fields: {url: "%[1]s/partition", method: POST, data: {"@path": "$."}, enable_batching: true, batch_size: 20}
`, server.URL)

	client := s.cluster.Client(t, kgo.DefaultProduceTopic(s.topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	want, ofKey, ofAll := map[string]int{}, [keys]int{}, [partitions]int{}
	producing, done := context.WithCancel(t.Context())
	defer done()
	produced := make(chan error, 1)
	var records []*kgo.Record
	for i := range n {
		k := i * 7 % keys
		p := k % partitions
		records = append(records, &kgo.Record{
			Partition: int32(p), Key: fmt.Append(nil, k),
			Value: fmt.Appendf(nil, `{"type":"track","event":"key %d","partition":%d,"of_key":%d,"of_all":%d}`, k, p, ofKey[k], ofAll[p]),
		})
		ofKey[k]++
		ofAll[p]++
		want[fmt.Sprint("/partition", p)] = ofAll[p]
		for _, path := range []string{"/key", "/batch"} {
			want[fmt.Sprint(path, "key ", k)] = ofKey[k]
		}
	}
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for rest := records; len(rest) > 0; rest = rest[min(60, len(rest)):] {
			if err := client.ProduceSync(producing, rest[:min(60, len(rest))]...).FirstErr(); err != nil {
				produced <- err
				return
			}
			<-tick.C
		}
		produced <- nil
	}()

	environment := []string{"CONNECTOR_KAFKA_SESSION_TIMEOUT=6s", "CONNECTOR_RETRY_MIN=50ms", "CONNECTOR_RETRY_MAX=1s", "CONNECTOR_BATCH_LINGER=50ms"}
	wait := func(what string, ok func() bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for !ok() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("%s: not in time; %d were accepted", what, o.have())
			}
		}
	}
	steady := s.spawn(mappings, environment...)
	for kill := range 3 {
		p := s.spawn(mappings, environment...)
		before := o.have()
		wait(fmt.Sprint("deliveries before kill ", kill+1), func() bool { return o.have() > before+500 })
		p.kill()
	}
	if err := <-produced; err != nil {
		t.Fatal(err)
	}
	wait("every event, in order", func() bool { return o.complete(want) })
	stopGracefully(t, steady)
	o.mu.Lock()
	defer o.mu.Unlock()
	t.Logf("seed %d: %d events for 3 mappings, %d accepted, %d sent too early", seed, n, o.accepted, o.overtaken)
	if !func() bool {
		for chain, n := range want {
			if o.last[chain] != n-1 {
				return false
			}
		}
		return true
	}() {
		t.Error("some chain has not ended with its last event")
	}
}
