//go:build simulation && synctests

package simulation

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

var (
	firstSeed = flag.Uint64("seed", 1, "first seed of the simulation")
	seeds     = flag.Uint64("seeds", 3, "how many seeds to simulate")
	full      = flag.Bool("full", false, "simulate the outage in its full length, hours")
	trace     = flag.Bool("trace", false, "print the processes' logs")
)

const (
	topic   = "events"
	letters = "events-dlq"
	group   = "connector"

	requestTimeout = 2 * time.Second
)

// scenario is what a world is made of.
type scenario struct {
	seed       uint64
	partitions int32
	brokers    int
	latency    time.Duration
	window     time.Duration
	consumer   bool // the consumer protocol of KIP-848
	static     bool // membership
	memory     connector.Probe
	hooks      []*hook
	retired    string        // the hook that goes away in the end, if there is one
	settings   []string      // more variables of the connector
	slack      time.Duration // how long after its window an event may be tried or given up
	decoding   time.Duration // how long that takes at most, now and then; 0: 400 ms in one of a hundred
}

// world is a cluster, endpoints, producers and processes of the connector, in one bubble of virtual time.
type world struct {
	scenario

	t         *testing.T
	rnd       *rand.Rand
	net       network
	cluster   *kfake.Cluster
	recorder  *recorder
	endpoints map[string]*endpoint
	client    *kgo.Client // of the tests themselves
	admin     *kadm.Client
	alive     map[string]*process // by name
	processes []*process          // all there ever were
	writable  atomic.Int32        // partitions that producers write to
	began     time.Time
	happened  map[string]int
}

func newWorld(t *testing.T, s scenario) *world {
	t.Helper()
	w := &world{
		scenario: s, t: t, rnd: rand.New(rand.NewPCG(s.seed, 1)), net: network{latency: s.latency}, recorder: newRecorder(),
		endpoints: map[string]*endpoint{}, alive: map[string]*process{}, began: time.Now(), happened: map[string]int{},
	}
	w.writable.Store(s.partitions)
	var err error
	w.cluster, err = kfake.NewCluster(
		kfake.NumBrokers(s.brokers), kfake.Ports([]int{9092, 9093, 9094}[:s.brokers]...), kfake.ListenFn(w.net.Listen),
		kfake.SeedTopics(s.partitions, topic), kfake.SeedTopics(2, letters),
		kfake.BrokerConfigs(map[string]string{
			"group.consumer.heartbeat.interval.ms": "3000",
			"group.consumer.session.timeout.ms":    "15000",
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	w.cluster.ControlKey(int16(kmsg.Fetch), func(q kmsg.Request) (kmsg.Response, error, bool) {
		w.cluster.KeepControl()
		// When this limit ends an answer, kfake forgets to list the aborted transactions in it. The limit per partition stays.
		if fetch, ok := q.(*kmsg.FetchRequest); ok {
			fetch.MaxBytes = math.MaxInt32
		}
		return nil, nil, false
	})
	for _, name := range []string{topic, letters} {
		w.recorder.topics[w.cluster.TopicInfo(name).TopicID] = name
	}
	w.client = w.newClient("tests", kgo.MetadataMinAge(time.Second))
	w.admin = kadm.NewClient(w.client)
	for _, h := range allHooks() {
		w.endpoints[h.name] = newEndpoint(&w.net, h, s.seed, w.recorder)
	}
	return w
}

// newClient makes a client with an undisturbed network of its own.
func (w *world) newClient(name string, opts ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	k := &nic{net: &w.net, name: name}
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(w.cluster.ListenAddrs()...), kgo.Dialer(k.DialContext), kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0), kgo.DisableClientMetrics(),
	}, opts...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// close ends what is left. The processes have ended by then.
func (w *world) close() {
	w.client.Close()
	for _, e := range w.endpoints {
		e.close()
	}
	w.cluster.Close()
}

// note counts what happened, and says so in a trace.
func (w *world) note(what string) {
	w.happened[what]++
	if *trace {
		fmt.Fprintf(os.Stderr, "%s === %s\n", w.clock(), what)
	}
}

func (w *world) clock() string { return time.Since(w.began).Round(time.Millisecond).String() }

// process is one run of the connector, from its start to its end or its crash.
type process struct {
	name    string
	hooks   []*hook
	nic     *nic
	cancel  context.CancelFunc
	done    chan struct{}
	err     error
	commits map[kmsg.Request][]*commit // sent and not answered; the recorder's lock guards it

	mu      sync.Mutex
	rnd     *rand.Rand
	trap    map[int16]verdict
	peak    connector.Memory
	windows int // most bytes that all mappings held at a time
}

// trapEndpoint stands for the key of a request to an endpoint, among Kafka's keys.
const trapEndpoint int16 = -1

// trapped says what becomes of a request with this key: now and then the process dies with it.
func (p *process) trapped(key int16) verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.trap[key]
	if v != pass {
		p.trap = nil
	}
	return v
}

func (p *process) set(key int16, v verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap = map[int16]verdict{key: v}
}

// start runs the connector with the hooks as its mappings.
func (w *world) start(name string, hooks []*hook) *process {
	w.t.Helper()
	p := &process{
		name: fmt.Sprintf("%s%d", name, len(w.processes)), hooks: hooks, done: make(chan struct{}),
		commits: map[kmsg.Request][]*commit{}, rnd: rand.New(rand.NewPCG(w.seed, uint64(len(w.processes)))),
	}
	p.nic = &nic{net: &w.net, name: p.name, tap: func(remote string) tap {
		if strings.HasSuffix(remote, ":80") {
			return &endpointTap{process: p, now: w.recorder.tick}
		}
		return newKafkaTap(p, w.recorder.see)
	}}
	set, _, err := mapping.LoadText("mappings.yaml", []byte(mappings(hooks)), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	memory := w.memory
	memory.Memory = p.remember
	memory.Decoded = func() { p.decode(w.decoding) }
	options := connector.Options{DialKafka: p.nic.DialContext, DialEndpoint: p.nic.DialContext, Probe: &memory}
	if *trace {
		options.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{
			Level: slog.LevelInfo,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					a.Value = slog.StringValue(w.clock() + " " + p.name)
				}
				return a
			},
		}))
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	p.cancel = cancel
	cfg := w.config(name)
	go func() {
		defer close(p.done)
		p.err = connector.Run(ctx, cfg, set, options)
	}()
	w.alive[name] = p
	w.processes = append(w.processes, p)
	return p
}

func (w *world) config(name string) *config.Config {
	w.t.Helper()
	variables := append([]string{
		"CONNECTOR_KAFKA_BROKERS=" + strings.Join(w.cluster.ListenAddrs(), ","),
		"CONNECTOR_KAFKA_TOPICS=" + topic,
		"CONNECTOR_KAFKA_GROUP=" + group,
		"CONNECTOR_KAFKA_SESSION_TIMEOUT=15s",
		"CONNECTOR_DLQ_TOPIC=" + letters,
		"CONNECTOR_SHARED_SECRET=" + secret,
		"CONNECTOR_MAPPINGS=[]",
		"CONNECTOR_REQUEST_TIMEOUT=" + requestTimeout.String(),
		"CONNECTOR_RETRY_WINDOW=" + w.window.String(),
		"CONNECTOR_RETRY_MAX=" + min(5*time.Minute, w.window/24).String(),
	}, w.settings...)
	if w.consumer {
		variables = append(variables, "CONNECTOR_KAFKA_GROUP_PROTOCOL=consumer")
	}
	if w.static {
		variables = append(variables, "CONNECTOR_KAFKA_INSTANCE_ID="+name)
	}
	c, err := config.Load(variables)
	if err != nil {
		w.t.Fatal(err)
	}
	c.HTTPAddr = "" // a real socket would stop the virtual clock
	return c
}

// remember keeps the most that was ever held.
func (p *process) remember(m connector.Memory) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peak.Blocks = max(p.peak.Blocks, m.Blocks)
	windows := 0
	if p.peak.Lanes == nil {
		p.peak.Lanes = make([]connector.LaneMemory, len(m.Lanes))
	}
	for i, l := range m.Lanes {
		p.peak.Lanes[i].Events = max(p.peak.Lanes[i].Events, l.Events)
		p.peak.Lanes[i].Bytes = max(p.peak.Lanes[i].Bytes, l.Bytes)
		if l.Events > 1 { // one event may be of any size
			windows += l.Bytes
		}
	}
	p.windows = max(p.windows, windows)
}

// decode takes a moment, now and then a long one.
func (p *process) decode(slow time.Duration) {
	p.mu.Lock()
	d := time.Duration(p.rnd.Int64N(int64(2 * time.Millisecond)))
	switch n := p.rnd.IntN(100); {
	case slow > 0 && n < 50:
		d = time.Duration(p.rnd.Int64N(int64(slow)))
	case n == 0:
		d *= 200
	}
	p.mu.Unlock()
	time.Sleep(d) //nolint:forbidigo // virtual time
}

// running says whether the process works, as far as the world can tell.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// crash ends the process without a good-bye: no commit, no leaving of the group. Its goroutines learn of it soon, but nothing they do
// leaves the machine.
func (w *world) crash(name string, deliver bool) {
	p := w.alive[name]
	p.nic.crash(deliver)
	p.cancel()
	delete(w.alive, name)
}

// stop asks the process to end in good order and waits for it.
func (w *world) stop(name string) *process {
	p := w.alive[name]
	p.cancel()
	<-p.done
	delete(w.alive, name)
	return p
}

// reap buries processes that a trap has killed, or that have ended by themselves.
func (w *world) reap() {
	for name, p := range w.alive {
		p.nic.mu.Lock()
		cut := p.nic.cut
		p.nic.mu.Unlock()
		if cut {
			w.note("crash in the middle of something")
			w.crash(name, true)
		} else if !p.running() {
			w.note(fmt.Sprintf("process gave up: %v", p.err))
			delete(w.alive, name)
		}
	}
}

func (w *world) names() []string {
	var names []string
	for name := range w.alive {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// stopAll ends every process in good order.
func (w *world) stopAll() {
	w.reap()
	for _, name := range w.names() {
		w.stop(name)
	}
	for _, p := range w.processes { // also those that died long ago
		<-p.done
		p.nic.crash(false)
	}
	time.Sleep(time.Minute) //nolint:forbidigo // virtual time, for what their clients have left behind
}

// settle waits until the group has committed everything there is, and says whether it came to that.
func (w *world) settle(patience time.Duration) bool {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		if len(w.behind()) == 0 {
			return true
		}
		time.Sleep(5 * time.Second) //nolint:forbidigo // virtual time
		w.reap()
		if len(w.alive) == 0 { // it had found no broker when it started
			w.start("a", w.hooks)
		}
	}
	return false
}

// behind lists the partitions whose committed offset is not the end of the log.
func (w *world) behind() []string {
	info := w.cluster.GroupInfo(group)
	var out []string
	for _, p := range w.cluster.PartitionInfos(topic) {
		var at int64
		if info != nil {
			at = info.Commits[topic][p.Partition].Offset
		}
		if at < p.LastStableOffset || p.LastStableOffset < p.HighWatermark {
			out = append(out, fmt.Sprintf("partition %d: committed %d, stable %d, end %d", p.Partition, at, p.LastStableOffset, p.HighWatermark))
		}
	}
	return out
}

// read returns everything that is in a topic and committed.
func (w *world) read(name string) []*kgo.Record {
	w.t.Helper()
	left := map[int32]int64{}
	for _, p := range w.cluster.PartitionInfos(name) {
		if p.HighWatermark > p.LogStartOffset {
			left[p.Partition] = p.HighWatermark
		}
	}
	c := w.newClient("reader", kgo.ConsumeTopics(name), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer c.Close()
	var out []*kgo.Record
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for len(left) > 0 && ctx.Err() == nil {
		fetches := c.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	if len(left) > 0 {
		w.t.Logf("topic %s ends with aborted transactions in partitions %v", name, left)
	}
	return out
}
