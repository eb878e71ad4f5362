//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

// fifty are 50 mappings that each get every track event in batches: 48 healthy ones, and two that send to dead.
func fifty(healthy string, dead [2]string) string {
	var b strings.Builder
	b.WriteString("mappings:\n")
	for i := range 50 {
		url := fmt.Sprintf("%s/%d", healthy, i)
		if i < len(dead) {
			url = dead[i]
		}
		fmt.Fprintf(&b, "  - {name: \"m%d\", trigger: 'type = \"track\"', fields: {url: %q, method: POST, data: {\"@path\": \"$.\"}, enable_batching: true, batch_size: 500}}\n", i, url)
	}
	return b.String()
}

// hanging is an endpoint that accepts and never answers; refusing is one where nobody listens.
func hanging(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return "http://" + l.Addr().String() + "/hangs"
}

func refusing(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String() + "/refuses"
}

// resident is the most memory a process has had in RAM so far, in bytes.
func resident(t testing.TB, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("the kernel does not tell how much memory the process has had")
	return 0
}

func padded(n int) string {
	return fmt.Sprintf(`{"type":"track","event":"e","messageId":"%s","pad":%q}`, id(n), strings.Repeat("x", 400))
}

// With two of 50 endpoints dead, one that hangs and one that refuses, the 48 others get everything; memory stays within its budget; and a
// kill -9 repeats to the healthy ones only what was under way, although the committed offset has not moved.
func TestTwoDeadEndpointsOfFifty(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 8)
	r := newReceiver(t)
	const n, budget, inFlight, batch = 10_000, 256 << 20, 2, 500
	mappings := fifty(r.url, [2]string{hanging(t), refusing(t)})
	environment := []string{
		"CONNECTOR_MEMORY_BUDGET=256MiB", "CONNECTOR_KAFKA_INSTANCE_ID=one", "CONNECTOR_KAFKA_SESSION_TIMEOUT=10s",
		"CONNECTOR_MAX_IN_FLIGHT=" + strconv.Itoa(inFlight), // bounds what a crash repeats
		"CONNECTOR_REQUEST_TIMEOUT=30s",                     // a receiver that is out of breath would see batches again, which this is not about
	}
	p := s.spawn(mappings, environment...)
	defer p.kill()
	var wanted []string
	for from := 0; from < n; from += 1000 {
		var batch []string
		for i := from; i < from+1000; i++ {
			batch = append(batch, padded(i))
			wanted = append(wanted, id(i))
		}
		s.produce(batch...)
	}
	everywhere := func(count int) func() bool {
		return func() bool {
			for i := 2; i < 50; i++ {
				if r.distinct(fmt.Sprintf("/%d", i)) < count {
					return false
				}
			}
			return true
		}
	}
	begin := time.Now()
	r.await(t, "half of the events, everywhere", 4*time.Minute, everywhere(n/2))
	memory := resident(t, p.command.Process.Pid)
	p.kill()
	p = s.spawn(mappings, environment...)
	r.await(t, "all events, everywhere", 3*time.Minute, everywhere(n))
	memory = max(memory, resident(t, p.command.Process.Pid))
	p.kill()
	duplicates := 0
	for i := 2; i < 50; i++ {
		missing, again := r.missing(fmt.Sprintf("/%d", i), wanted)
		if len(missing) > 0 {
			t.Errorf("mapping %d: %d missing", i, len(missing))
		}
		duplicates += again
	}
	t.Logf("%d deliveries in %v, %d duplicates after kill -9 (%.2f %%), at most %d MiB resident", 48*n, time.Since(begin).Round(time.Millisecond),
		duplicates, 100*float64(duplicates)/(48*n), memory>>20)
	if committed, end := s.committed(); committed == end {
		t.Error("the committed offsets are at the end although two mappings have delivered nothing")
	}
	// For each mapping at most what it had in flight at the kill, and as much again settled since the last commit, tens of milliseconds before.
	if most := 48 * 2 * inFlight * batch; duplicates > most {
		t.Errorf("%d duplicates, want at most %d", duplicates, most)
	}
	if memory > budget+64<<20 {
		t.Errorf("%d MiB were resident, the budget is %d MiB", memory>>20, budget>>20)
	}
}

// BenchmarkDeadEndpoints compares the throughput of 48 healthy mappings with and without two dead ones beside them, in alternating runs. It
// reports the ratio of the medians; 1 means that the dead ones cost nothing.
func BenchmarkDeadEndpoints(b *testing.B) {
	cluster := kafkatest.Start(b)
	const n = 20_000
	topic := cluster.Topic(b, 8, nil)
	client := cluster.Client(b, kgo.DefaultProduceTopic(topic))
	for from := 0; from < n; from += 1000 {
		var records []*kgo.Record
		for i := from; i < from+1000; i++ {
			records = append(records, &kgo.Record{Value: []byte(padded(i))})
		}
		if err := client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
			b.Fatal(err)
		}
	}
	var with, without []float64
	dead := [2]string{hanging(b), refusing(b)}
	for range b.N {
		without = append(without, healthyThroughput(b, cluster, topic, n, nil))
		with = append(with, healthyThroughput(b, cluster, topic, n, &dead))
	}
	slices.Sort(with)
	slices.Sort(without)
	b.ReportMetric(with[len(with)/2], "ev/s-with")
	b.ReportMetric(without[len(without)/2], "ev/s-without")
	b.ReportMetric(with[len(with)/2]/without[len(without)/2], "ratio")
}

// healthyThroughput is how many events a second the 48 healthy mappings get, in a process of its own.
func healthyThroughput(b *testing.B, cluster *kafkatest.Cluster, topic string, n int, dead *[2]string) float64 {
	b.Helper()
	var mu sync.Mutex
	arrived := 0
	done := make(chan struct{})
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/spare") {
			return
		}
		body, err := io.ReadAll(q.Body) // whole: counted piece by piece, what lies across two pieces would be missed
		if err != nil {
			return
		}
		events := bytes.Count(body, []byte(`"pad"`))
		mu.Lock()
		defer mu.Unlock()
		if arrived += events; arrived >= 48*n && arrived-events < 48*n {
			close(done)
		}
	})}
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	url := "http://" + l.Addr().String()
	if dead == nil {
		dead = &[2]string{url + "/spare/1", url + "/spare/2"}
	}
	s := &system{t: b, cluster: cluster, topic: topic, group: cluster.Group(b)}
	begin := time.Now()
	p := s.spawn(fifty(url, *dead))
	defer p.kill()
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		b.Fatalf("%d of %d events arrived\n%s", arrived, 48*n, p.output)
	}
	return float64(48*n) / time.Since(begin).Seconds()
}
