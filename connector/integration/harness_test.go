//go:build integration

package integration

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/connector/kafkatest"
	"segment-webhooks/mapping"
)

// system is one topic, one group and the connectors that read it.
type system struct {
	t       testing.TB
	cluster *kafkatest.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	topic   string
	group   string
}

func newSystem(t *testing.T, cluster *kafkatest.Cluster, partitions int32) *system {
	t.Helper()
	s := &system{t: t, cluster: cluster, topic: cluster.Topic(t, partitions, nil), group: cluster.Group(t)}
	s.client = cluster.Client(t, kgo.DefaultProduceTopic(s.topic), kgo.ProducerLinger(5*time.Millisecond))
	s.admin = kadm.NewClient(s.client)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		_, _ = s.admin.DeleteTopic(ctx, s.deadLetters()) // may not exist
	})
	return s
}

func (s *system) deadLetters() string { return s.group + ".dlq" }

// environment is the connector's configuration; more overrides it.
func (s *system) environment(mappings string, more ...string) []string {
	return append([]string{
		"CONNECTOR_KAFKA_BROKERS=" + strings.Join(s.cluster.Brokers(), ","),
		"CONNECTOR_KAFKA_TOPICS=" + s.topic,
		"CONNECTOR_KAFKA_GROUP=" + s.group,
		"CONNECTOR_SHARED_SECRET=" + secret,
		"CONNECTOR_MAPPINGS=" + mappings,
		"CONNECTOR_HTTP_ADDR=127.0.0.1:0",
		"CONNECTOR_SHUTDOWN_GRACE=10s",
		"CONNECTOR_LOG_LEVEL=warn",
	}, more...)
}

// start runs a connector in this process until stop is called or the test ends.
func (s *system) start(mappings string, more ...string) (stop func()) {
	s.t.Helper()
	cfg, err := config.Load(s.environment(mappings, more...))
	if err != nil {
		s.t.Fatal(err)
	}
	set, _, err := mapping.LoadText("mappings.yaml", []byte(mappings), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	log := &testLog{t: s.t}
	go func() {
		done <- connector.Run(ctx, cfg, set, connector.Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	}()
	var once sync.Once
	stop = func() {
		s.t.Helper()
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				s.t.Errorf("the connector ended with: %v", err)
			}
			log.end()
		})
	}
	s.t.Cleanup(stop)
	return stop
}

// testLog sends lines to the test's log for as long as that is allowed.
type testLog struct {
	mu    sync.Mutex
	t     testing.TB
	ended bool
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.t.Logf("connector: %s", bytes.TrimSpace(b))
	}
	return len(b), nil
}

func (l *testLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// produce writes events to the topic and returns once Kafka has them.
func (s *system) produce(events ...string) {
	s.t.Helper()
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		records[i] = &kgo.Record{Value: []byte(e)}
	}
	if err := s.client.ProduceSync(s.t.Context(), records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// offsets returns what the group has committed. A broker that has just started may have no coordinator for it yet.
func (s *system) offsets() kadm.OffsetResponses {
	s.t.Helper()
	within, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for {
		offsets, err := s.admin.FetchOffsets(within, s.group)
		switch {
		case err == nil:
			return offsets
		case within.Err() != nil || !kerr.IsRetriable(err):
			s.t.Fatal(err)
		}
		select {
		case <-within.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// committed returns the sum of the group's committed offsets, and of the topic's end offsets.
func (s *system) committed() (committed, end int64) {
	s.t.Helper()
	offsets := s.offsets()
	offsets.Each(func(o kadm.OffsetResponse) {
		if o.Topic == s.topic && o.At > 0 {
			committed += o.At
		}
	})
	ends, err := s.admin.ListEndOffsets(s.t.Context(), s.topic)
	if err != nil {
		s.t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) { end += o.Offset })
	return committed, end
}

// letters reads what is in the dead-letter topic now.
func (s *system) letters() []*kgo.Record {
	s.t.Helper()
	ends, err := s.admin.ListEndOffsets(s.t.Context(), s.deadLetters())
	if err != nil {
		s.t.Fatal(err)
	}
	var want int64
	ends.Each(func(o kadm.ListedOffset) { want += o.Offset })
	c := s.cluster.Client(s.t, kgo.ConsumeTopics(s.deadLetters()))
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	var out []*kgo.Record
	for int64(len(out)) < want && ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) { out = append(out, r) })
	}
	if int64(len(out)) < want {
		s.t.Fatalf("read %d of %d dead letters", len(out), want)
	}
	return out
}

// event makes an event of one of Segment's types, by number.
func event(n int) string {
	types := []string{"track", "identify", "page", "screen", "group", "alias", "delete"}
	kind := types[n%len(types)]
	more := ""
	if kind == "track" {
		more = fmt.Sprintf(`,"event":"Order Completed","properties":{"order_id":"A-%d","total":%d.5,"name":"Zürich \u003cé\u003e","tags":["a","b"]}`, n, n)
	}
	return fmt.Sprintf(`{"type":"%s","messageId":"%s","userId":"user-%d"%s}`, kind, id(n), n%1000, more)
}

func id(n int) string { return fmt.Sprintf("m-%06d", n) }

// process is a connector in a process of its own, to be killed.
type process struct {
	command *exec.Cmd
	output  *bytes.Buffer
	memory  int // the most that was resident, in bytes, once it has ended
}

var build struct {
	once sync.Once
	path string
	err  error
}

// binary builds the command once.
func binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		dir, err := os.MkdirTemp("", "connector-integration-") //nolint:usetesting // it outlives the test that builds it
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "connector")
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "build", "-o", build.path, "../cmd/connector").CombinedOutput(); err != nil {
			build.err = fmt.Errorf("building the command: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
	apicurio.end()
	os.Exit(code)
}

func (s *system) spawn(mappings string, more ...string) *process {
	s.t.Helper()
	p := &process{command: exec.CommandContext(context.WithoutCancel(s.t.Context()), binary(s.t)), output: &bytes.Buffer{}}
	p.command.Env = append(os.Environ(), s.environment(mappings, more...)...)
	p.command.Stdout, p.command.Stderr = p.output, p.output
	if err := p.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}
