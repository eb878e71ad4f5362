package connector_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/mapping"
)

// rig is a whole world in one process and in virtual time: brokers, an endpoint and the connector, over in-memory connections. It must be
// made inside a synctest bubble. Hours pass in seconds.
type rig struct {
	t        *testing.T
	net      kfake.VirtualNetwork
	cluster  *kfake.Cluster
	client   *kgo.Client
	server   *http.Server
	mu       sync.Mutex
	received []delivery
	answer   func(*http.Request) int
	reply    func(w http.ResponseWriter, q *http.Request, body []byte) (status int) // in place of answer; writes the head itself
	log      *slog.Logger                                                           // of the connector; nil for none
	probe    *connector.Probe                                                       // nil for none
	registry *prometheus.Registry
	tracer   *tracing.Tracer // nil for none
	reload   connector.Reload
	cables   cables
}

// cables are the connector's connections to Kafka.
type cables struct {
	mu        sync.Mutex
	open      []net.Conn
	unplugged bool
}

// unplug cuts the connector off from Kafka, or lets it back.
func (r *rig) unplug(yes bool) {
	r.cables.mu.Lock()
	defer r.cables.mu.Unlock()
	r.cables.unplugged = yes
	for _, c := range r.cables.open {
		_ = c.Close()
	}
	r.cables.open = nil
}

var errUnplugged = errors.New("the cable is unplugged")

func (r *rig) dialKafka(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := r.net.DialContext(ctx, network, address)
	r.cables.mu.Lock()
	defer r.cables.mu.Unlock()
	switch {
	case err != nil:
	case r.cables.unplugged:
		_ = c.Close()
		return nil, errUnplugged
	default:
		r.cables.open = append(r.cables.open, c)
	}
	return c, err
}

type delivery struct {
	at     time.Time
	path   string
	body   string
	status int
	header http.Header
}

func newRig(t *testing.T, partitions int32) *rig {
	t.Helper()
	return newRigOn(t, 1, partitions)
}

func newRigOn(t *testing.T, brokers int, partitions int32) *rig {
	t.Helper()
	r := &rig{t: t, answer: func(*http.Request) int { return http.StatusOK }}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.Ports([]int{9092, 9093, 9094}[:brokers]...), kfake.SeedTopics(partitions, "events"), kfake.ListenFn(r.net.Listen))
	if err != nil {
		t.Fatal(err)
	}
	r.cluster = cluster
	if r.client, err = kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.Dialer(r.net.DialContext), kgo.DefaultProduceTopic("events")); err != nil {
		t.Fatal(err)
	}
	l, err := r.net.Listen("tcp", "localhost:80")
	if err != nil {
		t.Fatal(err)
	}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(l) }()
	return r
}

func (r *rig) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	var status int
	if r.reply != nil {
		status = r.reply(w, q, body)
	} else {
		status = r.answer(q)
	}
	r.mu.Lock()
	r.received = append(r.received, delivery{time.Now(), q.URL.Path, string(body), status, q.Header})
	r.mu.Unlock()
	if r.reply == nil {
		w.WriteHeader(status)
	}
}

func (r *rig) close() {
	r.client.Close()
	_ = r.server.Close()
	r.cluster.Close()
}

func (r *rig) config() *config.Config {
	c, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=" + r.cluster.ListenAddrs()[0],
		"CONNECTOR_KAFKA_TOPICS=events",
		"CONNECTOR_SHARED_SECRET=s3cr3t",
		"CONNECTOR_MAPPINGS=[]",
	})
	if err != nil {
		r.t.Fatal(err)
	}
	c.HTTPAddr = "" // no real socket inside the bubble
	return c
}

// start runs the connector with the mappings; the function it returns stops it and waits.
func (r *rig) start(cfg *config.Config, mappings string) (stop func()) {
	r.t.Helper()
	set, _, err := mapping.LoadText("mappings.yaml", []byte(mappings), noEnvironment, mapping.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.deliver(cfg, set)
}

// deliver runs the connector with a set.
func (r *rig) deliver(cfg *config.Config, set *mapping.Set) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	r.registry = prometheus.NewRegistry()
	options := connector.Options{ // read here: the next connector has another registry, and may be started beside this one
		Log: r.log, Probe: r.probe, Reload: r.reload, Registry: r.registry, Tracer: r.tracer,
		DialKafka: r.dialKafka, DialEndpoint: r.net.DialContext, DialSchemaRegistry: r.net.DialContext,
	}
	go func() { done <- connector.Run(ctx, cfg, set, options) }()
	return func() {
		r.t.Helper()
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
}

func noEnvironment(string) (string, bool) { return "", false }

func (r *rig) produce(values ...string) {
	r.t.Helper()
	for _, v := range values {
		if err := r.client.ProduceSync(r.t.Context(), &kgo.Record{Value: []byte(v)}).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// topic reads everything that is in a topic now.
func (r *rig) topic(name string) []*kgo.Record {
	r.t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.Dialer(r.net.DialContext), kgo.ConsumeTopics(name),
		kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
	defer cancel()
	var out []*kgo.Record
	for ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(rec *kgo.Record) { out = append(out, rec) })
	}
	return out
}

// refuseCommits makes the broker refuse every commit until release is called.
func (r *rig) refuseCommits() (release func()) {
	var over atomic.Bool
	r.cluster.ControlKey(int16(kmsg.OffsetCommit), func(q kmsg.Request) (kmsg.Response, error, bool) {
		if over.Load() {
			return nil, nil, false
		}
		r.cluster.KeepControl()
		commit, ok := q.(*kmsg.OffsetCommitRequest)
		if !ok {
			return nil, nil, false
		}
		response, ok := commit.ResponseKind().(*kmsg.OffsetCommitResponse)
		if !ok {
			return nil, nil, false
		}
		for _, t := range commit.Topics {
			rt := kmsg.NewOffsetCommitResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewOffsetCommitResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.GroupAuthorizationFailed.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			response.Topics = append(response.Topics, rt)
		}
		return response, nil, true
	})
	return func() { over.Store(true) }
}

func (r *rig) deliveries(status int) (out []delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.received {
		if d.status == status {
			out = append(out, d)
		}
	}
	return out
}

const oneMapping = `
mappings:
  - name: all
    trigger: type = "track"
    fields:
      url: http://localhost/hook
      method: POST
      data: {"@path": "$."}
`

// The window of four hours is kept to the minute, in both directions.
func TestRetryWindow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		down      time.Duration
		delivered int
		dead      int
	}{
		{"an endpoint that is down for 3 h 59 min gets its event", 3*time.Hour + 59*time.Minute, 1, 0},
		{"an endpoint that is down for 4 h 1 min does not, the dead-letter topic does", 4*time.Hour + time.Minute, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				begin := time.Now()
				r.answer = func(*http.Request) int {
					if time.Since(begin) < c.down {
						return http.StatusServiceUnavailable
					}
					return http.StatusOK
				}
				stop := r.start(r.config(), oneMapping)
				r.produce(`{"type":"track","event":"e"}`)
				time.Sleep(4*time.Hour + 5*time.Minute) //nolint:forbidigo // virtual time
				stop()
				if got := len(r.deliveries(http.StatusOK)); got != c.delivered {
					t.Errorf("delivered %d times, want %d", got, c.delivered)
				}
				if got := len(r.topic("segment-webhooks.dlq")); got != c.dead {
					t.Errorf("%d dead letters, want %d", got, c.dead)
				}
				failed := r.deliveries(http.StatusServiceUnavailable)
				t.Logf("%d attempts failed, the last %v after the start", len(failed), failed[len(failed)-1].at.Sub(begin))
			})
		})
	}
}
