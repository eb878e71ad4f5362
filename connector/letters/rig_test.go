package letters_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/letters"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

const dlq = "hooks.dlq"

// rig is brokers with a topic of events and one of dead letters, and an endpoint.
type rig struct {
	t       testing.TB
	brokers []string
	client  *kgo.Client
	url     string
	admin   *kafka.Admin

	mu       sync.Mutex
	answer   func(path, body string) int // 200 where nothing is said
	items    func(body string) string    // the body of an answer 207; nil for no such answers
	requests []request
}

type request struct {
	path, body, key, signature string
	status                     int
}

func newRig(t testing.TB) *rig {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "events", dlq))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	r := &rig{t: t, brokers: cluster.ListenAddrs()}
	if r.client, err = kgo.NewClient(kgo.SeedBrokers(r.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	if r.admin, err = kafka.NewAdmin(r.options()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.admin.Close)
	return r
}

func (r *rig) options() *kafka.Options {
	return &kafka.Options{Brokers: r.brokers, Log: slog.New(slog.DiscardHandler)}
}

func (r *rig) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	status := http.StatusOK
	if r.answer != nil {
		status = r.answer(q.URL.Path, string(body))
	}
	r.requests = append(r.requests, request{q.URL.Path, string(body), q.Header.Get("Idempotency-Key"), q.Header.Get("X-Signature"), status})
	items := r.items
	r.mu.Unlock()
	if status == http.StatusOK && items != nil {
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, items(string(body)))
		return
	}
	w.WriteHeader(status)
}

func (r *rig) respond(f func(path, body string) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// delivered are the requests that were answered with success since the last call.
func (r *rig) delivered() (out []request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.requests {
		if q.status == http.StatusOK {
			out = append(out, q)
		}
	}
	r.requests = nil
	return out
}

func (r *rig) produce(records ...*kgo.Record) {
	r.t.Helper()
	if err := r.client.ProduceSync(r.t.Context(), records...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// letter makes a dead letter as the connector writes them; more are headers, as name and value by turns.
func letter(partition int32, mapping, reason string, sourceOffset int, value string, more ...string) *kgo.Record {
	rec := &kgo.Record{Topic: dlq, Partition: partition, Key: []byte("k"), Value: []byte(value)}
	headers := append([]string{
		"dlq.reason", reason, "dlq.mapping", mapping, "dlq.topic", "events", "dlq.partition", "1", "dlq.offset", strconv.Itoa(sourceOffset),
		"dlq.timestamp", "2026-01-31T12:00:00Z",
	}, more...)
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != "" {
			rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: headers[i], Value: []byte(headers[i+1])})
		}
	}
	return rec
}

func cut(l *kgo.Record, whole string) *kgo.Record {
	sum := sha256.Sum256([]byte(whole))
	l.Headers = append(l.Headers,
		kgo.RecordHeader{Key: "dlq.truncated_from", Value: []byte(strconv.Itoa(len(whole)))},
		kgo.RecordHeader{Key: "dlq.sha256", Value: []byte(hex.EncodeToString(sum[:]))})
	return l
}

func (r *rig) mappings(text string) *mapping.Set {
	r.t.Helper()
	set, _, err := mapping.LoadText("mappings.yaml", []byte(strings.ReplaceAll(text, "$URL", r.url)), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	return set
}

const twoMappings = `
mappings:
  - name: Orders
    trigger: type = "track"
    fields: {url: "$URL/orders?token=hidden", method: POST, data: {"@path": "$."}}
  - name: Lake
    trigger: type = "track"
    fields: {url: "$URL/lake", method: POST, data: {"@path": "$."}, enable_batching: true, batch_size: 10}
`

// replay runs one and returns what it prints; change makes it another.
func (r *rig) replay(ctx context.Context, mappings string, change func(*letters.Replay)) (string, error) {
	r.t.Helper()
	set := r.mappings(mappings)
	cfg, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=" + r.brokers[0], "CONNECTOR_KAFKA_TOPICS=events", "CONNECTOR_SHARED_SECRET=s3cr3t", "CONNECTOR_MAPPINGS=[]",
	})
	if err != nil {
		r.t.Fatal(err)
	}
	hard := context.WithoutCancel(ctx)
	to, err := connector.NewRedeliverer(hard, cfg, set, connector.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer to.Close()
	lock, err := kafka.NewLock(ctx, r.options(), dlq+".replay", dlq)
	if err != nil {
		r.t.Fatal(err)
	}
	defer lock.Close()
	o := letters.Replay{
		InFlight: 8, Timeout: 200 * time.Millisecond, Backoff: sink.Backoff{Min: 10 * time.Millisecond, Max: 50 * time.Millisecond}, MaxBytes: 1 << 20,
		Set: set, To: to, Lock: lock, Name: "test", Hard: hard,
	}
	if change != nil {
		change(&o)
	}
	var out bytes.Buffer
	err = (&letters.Tool{Admin: r.admin, Topic: dlq, Out: &out}).Replay(ctx, o)
	return out.String(), err
}

func (r *rig) list(f letters.Filter, v letters.View) string {
	r.t.Helper()
	var out bytes.Buffer
	if err := (&letters.Tool{Admin: r.admin, Topic: dlq, Out: &out}).List(r.t.Context(), f, v); err != nil {
		r.t.Fatal(err)
	}
	return out.String()
}

func track(n int) string { return `{"type":"track","n":` + strconv.Itoa(n) + `}` }
