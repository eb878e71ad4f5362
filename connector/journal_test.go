package connector_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// journal keeps what the connector logs from warnings on.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (*journal) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	return nil
}

func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }
func (j *journal) WithGroup(string) slog.Handler      { return j }

// with returns the lines that hold every one of the texts.
func (j *journal) with(texts ...string) (out []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
lines:
	for _, line := range j.lines {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue lines
			}
		}
		out = append(out, line)
	}
	return out
}

func (r *rig) journal() *journal {
	j := &journal{}
	r.log = slog.New(j)
	return j
}

// pass lets virtual time pass.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // virtual time
}

// produceAnew produces through a client of its own, as somebody does who has not known the topic before.
func (r *rig) produceAnew(partition int32, values ...string) {
	r.t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.Dialer(r.net.DialContext), kgo.DefaultProduceTopic("events"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	for _, v := range values {
		if err := c.ProduceSync(r.t.Context(), &kgo.Record{Value: []byte(v), Partition: partition}).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// requests counts those that the brokers answer with a key.
func (r *rig) requests(key kmsg.Key) *kfake.FaultHandle {
	return r.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Observe: true, Count: -1})
}

// wantDelivered holds how often each message arrived at path against what is wanted, in the form of track.
func (r *rig) wantDelivered(path string, from, n, times int) {
	r.t.Helper()
	counts := map[string]int{}
	for _, d := range r.at(path, http.StatusOK) {
		counts[d.body]++
	}
	for _, event := range track(from, n) {
		if counts[event] != times {
			r.t.Errorf("%s got %s %d times, want %d", path, event, counts[event], times)
		}
	}
}

// sickAndWell answers with 503 at /sick for as long as it is asked to.
func (r *rig) sickAndWell() (heal func()) {
	r.also("localhost:81")
	var mu sync.Mutex
	sick := true
	r.answer = func(q *http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		if sick && q.URL.Path == "/sick" {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		sick = false
	}
}

func (r *rig) committed(partition int32) kadm.OffsetResponse {
	r.t.Helper()
	offsets, err := kadm.NewClient(r.client).FetchOffsets(r.t.Context(), "segment-webhooks")
	if err != nil {
		r.t.Fatal(err)
	}
	o, ok := offsets.Lookup("events", partition)
	if !ok {
		r.t.Fatal("nothing is committed")
	}
	return o
}
