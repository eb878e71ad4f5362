package connector_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
)

// registry is a schema registry at localhost:8081 that knows one schema under the id 7, if it answers at all.
type registry struct {
	down     atomic.Bool
	requests atomic.Int32
}

func (g *registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.requests.Add(1)
	switch {
	case g.down.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/schemas/ids/7":
		fmt.Fprintf(w, `{"schema":%q}`, `{"type":"record","name":"E","fields":[{"name":"type","type":"string"},{"name":"event","type":"string"},{"name":"messageId","type":"string"}]}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error_code":40403,"message":"Schema not found"}`)
	}
}

func (r *rig) schemaRegistry(cfg *config.Config) *registry {
	r.t.Helper()
	l, err := r.net.Listen("tcp", "localhost:8081")
	if err != nil {
		r.t.Fatal(err)
	}
	g := &registry{}
	server := &http.Server{Handler: g}
	go func() { _ = server.Serve(l) }()
	r.t.Cleanup(func() { _ = server.Close() })
	cfg.Events.Registry.URLs = []string{"http://localhost:8081"}
	return g
}

// avro makes what track makes, in Avro with a schema of that id.
func avro(id uint32, from, n int) (out []string) {
	for i := range n {
		value := binary.BigEndian.AppendUint32([]byte{0}, id)
		for _, text := range []string{"track", "e", fmt.Sprintf("m%d", from+i)} {
			value = append(append(value, byte(2*len(text))), text...)
		}
		out = append(out, string(value))
	}
	return out
}

// While the registry is away, however long, a partition stops at the first record that needs it, what comes before is delivered and committed, the other
// partitions go on, and nothing is given up. Afterwards everything is delivered once.
func TestPartitionsWaitForTheRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		j := r.journal()
		cfg := r.config()
		g := r.schemaRegistry(cfg)
		g.down.Store(true)
		cfg.Delivery.RetryWindow = 10 * time.Minute // it begins with the reading
		stop := r.start(cfg, oneMapping)
		pass(5 * time.Second)
		fetches := r.requests(kmsg.Fetch)
		r.produceAnew(0, track(0, 3)...)
		r.produceAnew(0, avro(7, 3, 3)...)
		r.produceAnew(0, track(6, 3)...)
		r.produceAnew(1, track(100, 3)...)
		pass(time.Hour)
		r.produceAnew(1, track(103, 3)...)
		pass(time.Minute)
		r.wantDelivered("/hook", 0, 3, 1)
		r.wantDelivered("/hook", 3, 6, 0)
		r.wantDelivered("/hook", 100, 6, 1)
		if n := value(t, r.registry, "connector_registry_waiting_partitions"); n != 1 {
			t.Errorf("%v partitions are said to wait, want 1", n)
		}
		if n := value(t, r.registry, "connector_ready"); n != 0 {
			t.Error("it is said to be ready")
		}
		if a, b := r.committed(0), r.committed(1); a.At != 3 || b.At != 6 {
			t.Errorf("committed %d and %d, want 3 and 6", a.At, b.At)
		}
		if said := j.with("schema registry does not answer", "503"); len(said) != 1 || len(j.lines) != 1 {
			t.Errorf("said %q, want one line about the registry", j.lines)
		}
		if n := g.requests.Load(); n > 60*60/5+100 {
			t.Errorf("%d requests to the registry in an hour", n)
		}
		if n := fetches.Hits(); n > 60*60*3 {
			t.Errorf("%d fetches in an hour", n)
		}
		g.down.Store(false)
		pass(10 * time.Second)
		r.wantDelivered("/hook", 0, 9, 1)
		if n := value(t, r.registry, "connector_registry_waiting_partitions"); n != 0 {
			t.Errorf("%v partitions are said to wait, want none", n)
		}
		if n := value(t, r.registry, "connector_ready"); n != 1 {
			t.Error("it is said not to be ready")
		}
		if o := r.committed(0); o.At != 9 {
			t.Errorf("committed %d, want 9", o.At)
		}
		g.down.Store(true) // what is known stays known
		r.produceAnew(0, avro(7, 9, 1)...)
		pass(10 * time.Second)
		r.wantDelivered("/hook", 9, 1, 1)
		stop()
		if letters := r.topic("segment-webhooks.dlq"); len(letters) > 0 {
			t.Errorf("%d dead letters", len(letters))
		}
	})
}

// An id that the registry does not know, and data that the schema does not describe, are the record's own fault: a dead letter says so.
func TestRecordsThatTheRegistryDoesNotExplain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		cfg := r.config()
		r.schemaRegistry(cfg)
		stop := r.start(cfg, oneMapping)
		r.produce(track(0, 1)...)
		r.produce(avro(99, 1, 1)...)
		r.produce(avro(7, 2, 1)...)
		r.produce("\x00\x00\x00\x00\x07\x0atrack\x02")
		r.produce(track(3, 1)...)
		pass(10 * time.Second)
		stop()
		r.wantDelivered("/hook", 0, 1, 1)
		r.wantDelivered("/hook", 2, 2, 1)
		var reasons []string
		for _, l := range r.topic("segment-webhooks.dlq") {
			for _, h := range l.Headers {
				if h.Key == "dlq.error" {
					reasons = append(reasons, string(h.Value))
				}
			}
		}
		got := strings.Join(reasons, "\n")
		for _, want := range []string{"schema 99: the registry does not know this id", "not what schema 7 describes"} {
			if len(reasons) != 2 || !strings.Contains(got, want) {
				t.Errorf("dead letters say %q, want two, one with %q", got, want)
			}
		}
		if o := r.committed(0); o.At != 5 {
			t.Errorf("committed %d, want 5", o.At)
		}
	})
}

// A lane that is behind waits for the registry as well, and holds up neither the lanes of other partitions nor the head.
func TestLanesBehindWaitForTheRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		cfg := r.config()
		g := r.schemaRegistry(cfg)
		well := r.sickAndWell()
		stop := r.start(cfg, twoMappings)
		r.produceAnew(0, avro(7, 0, 5)...)
		r.produceAnew(0, track(5, 5)...)
		r.produceAnew(1, track(10, 10)...)
		pass(10 * time.Second)
		stop()
		r.wantDelivered("/well", 0, 20, 1)

		g.down.Store(true) // and this process knows no schema yet
		well()
		j := r.journal()
		stop = r.start(cfg, twoMappings)
		r.produceAnew(1, track(20, 5)...)
		pass(20 * time.Minute)
		r.wantDelivered("/well", 0, 25, 1)
		r.wantDelivered("/sick", 0, 10, 0)
		r.wantDelivered("/sick", 10, 15, 1)
		if n := value(t, r.registry, "connector_registry_waiting_partitions"); n != 1 {
			t.Errorf("%v partitions are said to wait, want 1", n)
		}
		if said := j.with("schema registry does not answer"); len(said) != 1 || len(j.lines) != 1 {
			t.Errorf("said %q, want one line about the registry", j.lines)
		}
		if n := g.requests.Load(); n > 20*60/5+100 {
			t.Errorf("%d requests to the registry in twenty minutes", n)
		}
		g.down.Store(false)
		pass(10 * time.Second)
		stop()
		r.wantDelivered("/well", 0, 25, 1)
		r.wantDelivered("/sick", 0, 25, 1)
		if letters := r.topic("segment-webhooks.dlq"); len(letters) > 0 {
			t.Errorf("%d dead letters", len(letters))
		}
	})
}

// A partition that moves to another member while it waits waits there, and one that comes back as well. Stopping does not wait for the registry.
func TestPartitionsMoveWhileTheyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 4)
		defer r.close()
		cfg := r.config()
		g := r.schemaRegistry(cfg)
		g.down.Store(true)
		first := r.start(cfg, oneMapping)
		for p := range int32(4) {
			r.produceAnew(p, track(100*int(p), 2)...)
			r.produceAnew(p, avro(7, 100*int(p)+2, 3)...)
		}
		pass(time.Minute)
		second := r.start(cfg, oneMapping)
		pass(time.Minute)
		before := time.Now()
		second() // what it had goes back to the first
		if took := time.Since(before); took > cfg.ShutdownGrace {
			t.Errorf("stopping took %v", took)
		}
		pass(time.Minute)
		third := r.start(cfg, oneMapping)
		pass(time.Minute)
		first()
		pass(time.Minute)
		g.down.Store(false)
		pass(30 * time.Second)
		third()
		for p := range 4 {
			r.wantDelivered("/hook", 100*p, 5, 1)
			if o := r.committed(int32(p)); o.At != 5 {
				t.Errorf("partition %d: committed %d, want 5", p, o.At)
			}
		}
	})
}

// Records that wait for a schema may be deleted meanwhile, or the memory may be full: reading goes on all the same.
func TestWaitingForTheRegistryWithLittleMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.probe = &connector.Probe{WindowEvents: 4, CacheBytes: 2 << 10, FetchBytes: 1 << 10}
		cfg := r.config()
		g := r.schemaRegistry(cfg)
		g.down.Store(true)
		var slow atomic.Bool
		slow.Store(true)
		r.answer = func(*http.Request) int {
			if slow.Load() {
				pass(time.Second)
			}
			return http.StatusOK
		}
		stop := r.start(cfg, oneMapping)
		for i := range 20 {
			r.produce(track(20*i, 10)...)
			r.produce(avro(7, 20*i+10, 10)...)
		}
		pass(time.Minute)
		if err := r.cluster.DeleteRecords("events", 0, 15); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		slow.Store(false)
		g.down.Store(false)
		pass(5 * time.Minute)
		stop()
		r.wantDelivered("/hook", 0, 10, 1)
		r.wantDelivered("/hook", 10, 5, 0)
		r.wantDelivered("/hook", 15, 385, 1)
	})
}
