//go:build bench && linux

package bench

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

var (
	wanted  = flag.String("scenario", ".*", "run the scenarios whose whole name this regular expression matches, and what they are compared with")
	rounds  = flag.Int("rounds", 5, "how often each cell is run; the table has medians")
	singles = flag.Int("singles", 200_000, "events that a cell of single requests reads")
	batches = flag.Int("batches", 800_000, "events that a cell of batches reads")
	fan     = flag.Int("fan", 160_000, "events that a cell with nine or ten firing mappings reads")
	timed   = flag.Duration("latency", 8*time.Second, "how long latency is measured")
	verify  = flag.Bool("verify", false, "check every signature; the figures mean little then")
	profile = flag.String("profile", "", "write a CPU profile of each of the connector's cells into this folder")
	report  = flag.String("report", "", "write the table to this file as well")
)

func TestBench(t *testing.T) {
	runtime.LockOSThread() // what is measured dies with the thread that has started it
	pattern, err := regexp.Compile("^(?:" + *wanted + ")$")
	check(t, err)
	all := scenarios()
	need := map[string]bool{}
	for _, s := range all {
		for name := s.name; pattern.MatchString(s.name) && name != ""; {
			need[name] = true
			next, _ := find(all, name)
			name = next.beside
		}
	}
	if len(need) == 0 {
		t.Fatalf("no scenario has a name that -scenario %s matches", *wanted)
	}
	b := &bench{
		t: t, kafka: kafkatest.Start(t), receiver: newReceiver(t, *verify), dead: deadEndpoint(t), connector: command(t),
		topics: map[load]string{}, results: map[string][]result{},
	}
	for round := range *rounds {
		for _, s := range all {
			if need[s.name] {
				r := b.run(s)
				b.results[s.name] = append(b.results[s.name], r)
				t.Logf("round %d  %-22s %s", round+1, s.name, r)
			}
		}
	}
	table := b.table(all)
	fmt.Println(table)
	if *report != "" {
		check(t, os.WriteFile(*report, []byte(table), 0o600))
	}
}

type bench struct {
	t         testing.TB
	kafka     *kafkatest.Cluster
	receiver  *receiver
	dead      string
	connector string          // path of the command
	topics    map[load]string // filled already
	results   map[string][]result
	groups    int
}

// load is what a topic is filled with.
type load struct {
	style style
	n     int
}

// result is one run of one cell.
type result struct {
	cost    float64       // CPU time for each event read, in µs
	rate    float64       // events read in a second
	memory  int           // most that was resident, in MiB
	batch   float64       // events in a request
	p50     time.Duration // from append to 2xx
	p99     time.Duration
	given50 time.Duration // from when the producer was given the event
	given99 time.Duration
	samples int
}

func (r result) String() string {
	if r.samples > 0 {
		return fmt.Sprintf("from append p50 %v  p99 %v, from produce p50 %v  p99 %v  of %d events at %.0f/s", r.p50, r.p99, r.given50, r.given99, r.samples, r.rate)
	}
	return fmt.Sprintf("%6.2f µs  %7.0f events/s  %4d MiB  %.0f a request", r.cost, r.rate, r.memory, r.batch)
}

// topic returns a topic of eight partitions that holds n events of a style.
func (b *bench) topic(l load) string {
	b.t.Helper()
	if name, ok := b.topics[l]; ok {
		return name
	}
	name := b.kafka.Topic(b.t, 8, nil)
	b.topics[l] = name
	if l.n == 0 {
		return name
	}
	producer := b.producer(name, kgo.ProducerLinger(20*time.Millisecond), kgo.MaxBufferedRecords(20_000))
	values, _ := events(b.t, l.style)
	failed := make(chan error, 1)
	for i := range l.n {
		producer.Produce(b.t.Context(), &kgo.Record{Value: values[i%distinct]}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	check(b.t, producer.Flush(b.t.Context()))
	select {
	case err := <-failed:
		b.t.Fatal(err)
	default:
	}
	return name
}

func (b *bench) producer(topic string, more ...kgo.Opt) *kgo.Client {
	return b.kafka.Client(b.t, append([]kgo.Opt{
		kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()),
	}, more...)...)
}

// expected is how many of the first n events of a topic are for the mappings.
func expected(t testing.TB, s style, n int) int {
	_, tracks := events(t, s)
	count := 0
	for i := range n {
		if tracks[i%distinct] {
			count++
		}
	}
	return count
}

// start runs what a scenario measures, on a topic.
func (b *bench) start(s scenario, topic string) *process {
	b.t.Helper()
	b.groups++
	group := fmt.Sprintf("%s-%d", topic, b.groups)
	addr := b.receiver.plain
	if s.secure {
		addr = b.receiver.secure
	}
	if s.limit {
		environment := []string{
			role + "=" + roleLimit, "LIMIT_BROKERS=" + strings.Join(b.kafka.Brokers(), ","), "LIMIT_TOPIC=" + topic, "LIMIT_GROUP=" + group, "LIMIT_ADDR=" + addr,
		}
		if s.batches {
			environment = append(environment, "LIMIT_BATCHES=1")
		}
		if s.secure {
			environment = append(environment, "LIMIT_CA="+b.receiver.ca)
		}
		return spawn(b.t, os.Args[0], environment)
	}
	environment := []string{
		"CONNECTOR_KAFKA_BROKERS=" + strings.Join(b.kafka.Brokers(), ","), "CONNECTOR_KAFKA_TOPICS=" + topic, "CONNECTOR_KAFKA_GROUP=" + group,
		"CONNECTOR_SHARED_SECRET=" + secret, "CONNECTOR_HTTP_ADDR=127.0.0.1:0", "CONNECTOR_LOG_LEVEL=warn", "CONNECTOR_SHUTDOWN_GRACE=1s",
		"CONNECTOR_MAPPINGS=" + s.mappings(addr, b.dead),
	}
	if s.secure {
		environment = append(environment, "CONNECTOR_ENDPOINT_CA_FILE="+b.receiver.ca)
	}
	if *profile != "" {
		check(b.t, os.MkdirAll(*profile, 0o750))
		return spawn(b.t, os.Args[0], append(environment, role+"="+roleProfile, fmt.Sprintf("BENCH_PROFILE=%s/%s.pprof", *profile, s.name)))
	}
	return spawn(b.t, b.connector, environment)
}

func (b *bench) run(s scenario) result {
	b.t.Helper()
	b.receiver.reset()
	if s.timed {
		return b.latency(s)
	}
	n := *singles
	switch {
	case s.firing > 1:
		n = *fan
	case s.batches:
		n = *batches
	}
	topic := b.topic(load{s.style, n})
	want := expected(b.t, s.style, n) * s.healthy
	p := b.start(s, topic)
	defer p.stop()
	return b.slope(s, p, n, want)
}

// sample is what was known at one moment.
type sample struct {
	at     time.Time
	cpu    time.Duration
	events int
}

// slope measures from a tenth to nine tenths of the events that are to come.
func (b *bench) slope(s scenario, p *process, n, want int) result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var from, to sample
	for arrived := 0; arrived < want; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("%s: %d of %d events arrived within two minutes\n%s", s.name, arrived, want, &p.output)
		}
		if p.ended() {
			b.t.Fatalf("%s ended by itself after %d of %d events\n%s", s.name, arrived, want, &p.output)
		}
		arrived = int(b.receiver.events.Load())
		cpu, ok := p.cpu()
		now := sample{time.Now(), cpu, arrived}
		switch {
		case !ok:
		case arrived < want/10:
		case from.at.IsZero():
			from = now
		case arrived <= want/10*9:
			to = now
		}
	}
	if to.events <= from.events {
		b.t.Fatalf("%s was over before it could be measured: raise -singles, -batches or -fan", s.name)
	}
	if wrong := b.receiver.wrong.Load(); wrong > 0 {
		b.t.Errorf("%s: %d requests had a wrong signature", s.name, wrong)
	}
	read := float64(to.events-from.events) / float64(want) * float64(n)
	return result{
		cost: float64((to.cpu - from.cpu).Microseconds()) / read, rate: read / to.at.Sub(from.at).Seconds(),
		memory: p.memory, batch: float64(b.receiver.events.Load()) / float64(b.receiver.requests.Load()),
	}
}
