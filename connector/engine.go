package connector

import (
	"cmp"
	"context"
	"log/slog"
	"math/bits"
	"runtime"
	"sync"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
	"segment-webhooks/sink"
)

// engine is the running connector. One lock guards the ledger; it is never held across I/O. Goroutines:
//
//	read      polls the head of every partition and appends what it brings to the ledger
//	readBack  (a few) read slices of the log for lanes that are behind
//	commit    commits the ledger's progress
//	couriers  (per mapping, as many as it may have requests in flight) take events from the ledger and deliver them
//	bury      one per outcome that has to be dead-lettered, until the brokers have acknowledged it
//	repair    one per poll that has brought errors, until the partitions are read again; one per partition that waits for a schema
//	schema    one per schema that is being asked for, until the registry has answered
type engine struct {
	settings settings
	log      *slog.Logger
	metrics  *metrics
	set      *mapping.Set
	admin    *kafka.Admin
	consumer *kafka.Consumer
	sender   *sink.Client
	senders  func(*mapping.Set) ([]Sender, error) // how the mappings of a set send
	decoder  *schemas.Decoder
	status   *status
	tracer   *tracing.Tracer // nil: nobody wants spans

	mu          sync.Mutex
	ledger      *lane.Ledger
	partitions  map[kafka.TopicPartition]*lane.Partition
	fresh       map[*lane.Partition]struct{} // wait for their first commit before they are read
	repairs     map[kafka.TopicPartition]*repair
	suspects    map[string]bool                  // topics that are being looked for
	schemas     map[frame]chan struct{}          // that are being asked for; closed when they are there
	waiting     map[*lane.Partition]int          // reads that wait for a schema
	sending     map[*shipment]context.CancelFunc // requests of events that wait for each other
	couriers    []*courier
	wanted      *sync.Cond        // a lane may want a slice read back
	settled     *sync.Cond        // events in flight have become fewer
	stopped     bool              // no more taking
	hard        context.Context   // ends when nothing may go on; nil before run
	uncommitted int               // events settled since the last commit
	clean       time.Time         // when all progress was committed for the last time
	former      map[uint32]string // names of mappings that were removed while running, by lane

	swap    sync.RWMutex  // held while the mappings are replaced, and shared while partitions are taken over
	started chan struct{} // closed once consumer is set
	gate    chan struct{} // held by whoever commits, or gives partitions up
	flow    chan struct{} // partitions may be resumed
	much    chan struct{} // much is settled and not committed
	limit   metadataLimit
	readers chan *ingester
	invalid seldom
	tasks   sync.WaitGroup // couriers, burials and repairs
}

// settings are the numbers the engine works with.
type settings struct {
	window         time.Duration // RETRY_WINDOW
	backoff        sink.Backoff
	inFlight       int // requests of one mapping at a time, where it does not say
	compression    string
	linger         time.Duration
	batchMaxBytes  int
	commitInterval time.Duration
	drain          time.Duration // how long revoked partitions may finish what is in flight
	shutdownGrace  time.Duration
	orphanGrace    time.Duration
	deadLetters    string // topic
	budget         budget // the shares of a mapping are for the number of mappings at the start: see budgetOf
	reload         Reload
	probe          *Probe
	name           string // of this connector, in dead letters
	startLatest    bool
	validate       string // VALIDATE: off, warn or dead-letter
	giveUpLate     bool   // ON_LAG=dead-letter
	memory         int    // MEMORY_BUDGET
	build          Build
}

// inFlightOf is how many requests of a mapping may be under way at a time.
func (s *settings) inFlightOf(m *mapping.Mapping) int {
	return cmp.Or(m.Delivery.MaxInFlight, s.inFlight)
}

// budget divides MEMORY_BUDGET in quarters: for the tails of the partitions; for events that are being delivered or wait for a
// retry; for the bodies of their requests; for slices that are read back, what franz-go holds of the head, and room for garbage. Of the second quarter one
// half is the mappings' own, in equal parts; the other is for those that are busy.
type budget struct {
	cacheBytes   int
	windowBytes  int // per mapping, for certain
	sharedBytes  int // what mappings may hold beyond that, all together
	windowEvents int // per mapping
	sliceBytes   int
	slices       int // per mapping
}

func newBudget(memory, mappings int) budget {
	b := budget{
		cacheBytes:   memory / 4,
		windowBytes:  max(512<<10, memory/8/max(1, mappings)),
		sharedBytes:  memory / 8,
		windowEvents: 20_000,
		sliceBytes:   256 << 10,
	}
	b.slices = max(1, memory/16/b.sliceBytes/max(1, mappings))
	return b
}

// budgetOf is the budget with so many mappings.
func (s *settings) budgetOf(mappings int) budget {
	return s.probe.budget(newBudget(s.memory, mappings))
}

const slowSliceReaders = 4

func newEngine(s settings, set *mapping.Set, log *slog.Logger, m *metrics) (*engine, error) {
	e := &engine{
		settings: s, log: log, metrics: m, set: set,
		partitions: map[kafka.TopicPartition]*lane.Partition{},
		fresh:      map[*lane.Partition]struct{}{},
		repairs:    map[kafka.TopicPartition]*repair{},
		suspects:   map[string]bool{},
		former:     map[uint32]string{},
		schemas:    map[frame]chan struct{}{},
		waiting:    map[*lane.Partition]int{},
		sending:    map[*shipment]context.CancelFunc{},
		started:    make(chan struct{}),
		gate:       make(chan struct{}, 1),
		flow:       make(chan struct{}, 1),
		much:       make(chan struct{}, 1),
		limit:      newMetadataLimit(),
		status:     newStatus(),
		clean:      time.Now(),
	}
	e.wanted, e.settled = sync.NewCond(&e.mu), sync.NewCond(&e.mu)
	e.couriers = e.newCouriers(set)
	var err error
	e.ledger, err = lane.New(lane.Settings{
		Lanes: s.identities(set), Window: s.window, CacheBytes: s.budget.cacheBytes, SharedBytes: s.budget.sharedBytes, OrphanGrace: s.orphanGrace,
	})
	if err != nil {
		return nil, err
	}
	n := runtime.GOMAXPROCS(0)
	e.readers = make(chan *ingester, n+slowSliceReaders)
	return e, nil
}

// identities describes the lanes of a set: one for each mapping, and one for records that are no events.
func (s *settings) identities(set *mapping.Set) []lane.Identity {
	mappings := set.Mappings()
	budget := s.budgetOf(len(mappings))
	out := make([]lane.Identity, 0, len(mappings)+1)
	for _, m := range mappings {
		id := lane.Identity{Name: m.ID, Start: laneStart(m), Events: budget.windowEvents, Bytes: budget.windowBytes, MaxSlices: budget.slices, Order: laneOrder(m)}
		if m.Batch { // a window always holds a few whole batches
			id.Events = max(id.Events, 4*m.BatchSize)
		}
		out = append(out, id)
	}
	return append(out, lane.Identity{
		Name: undecodableLane, Events: 1000, Bytes: budget.windowBytes, MaxSlices: 1, Background: len(mappings) > 0,
	})
}

// newCouriers makes the couriers of a set, by lane. Mappings that send to one host have the health of an endpoint each: behind a gateway one
// path may fail while the others are well, and no mapping is to wait for another.
func (e *engine) newCouriers(set *mapping.Set) []*courier {
	couriers := make([]*courier, 0, len(set.Mappings())+1)
	for i, m := range set.Mappings() {
		c := newCourier(e, i, m)
		c.endpoint = newEndpoint(endpointName(m), e.settings.backoff)
		couriers = append(couriers, c)
	}
	return append(couriers, newCourier(e, len(couriers), nil))
}

// endpointName is what the place that a mapping sends to is called.
func endpointName(m *mapping.Mapping) string {
	if name := m.Endpoint(); name != "" && !m.Classic {
		return name
	}
	return "mapping " + m.Name
}

// undecodableLane is the lane of records that are no events. Its only delivery is the dead letter, so that the offset waits for it
// like for any other. The name cannot be a mapping's: those are never empty.
const undecodableLane = lane.Undecodable

// prepare makes the ingesters, once the decoder is there.
func (e *engine) prepare() {
	for range cap(e.readers) {
		in := newIngester(e.set, e.decoder, e.validator())
		in.tracer = e.tracer
		e.readers <- in
	}
}

// validator returns what is asked about each event beside being one; nil for nothing. It says why an event is refused.
func (e *engine) validator() func([]byte) error {
	switch e.settings.validate {
	case "dead-letter":
		return schemas.Validate
	case "warn":
		return func(event []byte) error {
			if err := schemas.Validate(event); err != nil {
				if n, now := e.invalid.may(1); now {
					e.log.Warn("events are not as Segment's spec has them; they are delivered all the same (CONNECTOR_VALIDATE=warn)", "events", n, "example", err)
				}
			}
			return nil
		}
	default:
		return nil
	}
}

// start hands the engine its consumer. Partitions may have been assigned already.
func (e *engine) start(c *kafka.Consumer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.consumer = c
	close(e.started)
}

// run works until ctx ends, then gives the partitions up in good order: what is in flight may finish, progress is committed.
func (e *engine) run(ctx context.Context) error {
	// Deliveries outlive ctx by the drain; hard ends them.
	hard, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(errStopped)
	for _, c := range e.couriers {
		c.ctx = hard //nolint:fatcontext // each courier gets the same one; nothing nests
	}
	e.mu.Lock()
	e.hard = hard
	e.mu.Unlock()
	var loops sync.WaitGroup
	var readErr error
	reading := make(chan struct{})
	loops.Go(func() {
		defer close(reading)
		readErr = e.read(hard)
	})
	loops.Go(func() { e.commitLoop(hard) })
	loops.Go(func() { e.resumeLoop(hard) })
	loops.Go(func() { e.reloadLoop(ctx, e.settings.reload) })
	loops.Go(func() { e.pingLoop(hard) })
	for range slowSliceReaders {
		loops.Go(func() { e.readBack(hard) })
	}
	select {
	case <-ctx.Done():
	case <-reading:
	}
	e.log.Info("stopping: finishing what is in flight", "grace", e.settings.shutdownGrace)
	e.mu.Lock()
	e.settings.drain = e.settings.shutdownGrace / 2 // the rest is for the last commit and leaving the group
	e.mu.Unlock()
	e.leave()
	end(errStopped)
	e.mu.Lock()
	e.stopped = true
	e.wanted.Broadcast()
	for _, c := range e.couriers {
		c.stop()
	}
	e.mu.Unlock()
	loops.Wait()
	e.tasks.Wait()
	return readErr
}

// leave gives every partition up, in Revoked, and leaves the group. When the brokers do not answer it is not waited for longer than the
// grace: what then is not committed is delivered again, as after a crash.
func (e *engine) leave() {
	left := make(chan struct{})
	go func() {
		defer close(left)
		e.consumer.Close()
	}()
	select {
	case <-left:
	case <-time.After(e.settings.shutdownGrace):
		e.log.Warn("Kafka did not answer within the grace: stopping without the last commit, some events may be delivered again")
	}
}

// notify passes on what the ledger's last change made possible. The lock is held.
func (e *engine) notify() {
	e.settings.probe.tell(e)
	woken, reads := e.ledger.Woken()
	for ; woken != 0; woken &= woken - 1 {
		e.couriers[bits.TrailingZeros64(woken)].wake()
	}
	if reads {
		e.wanted.Signal()
	}
	if e.ledger.MayResume() {
		select {
		case e.flow <- struct{}{}:
		default:
		}
	}
}

// settle records finished events.
func (e *engine) settle(events []*lane.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range events {
		e.ledger.Settle(ev)
	}
	e.settled.Broadcast()
	e.notify()
	if e.uncommitted += len(events); e.uncommitted >= commitSoon {
		select {
		case e.much <- struct{}{}:
		default:
		}
	}
}
