package connector

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"segment-webhooks/connector/config"
	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/tracing"
	"segment-webhooks/connector/web"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
	"segment-webhooks/sink"
)

// Options are what an embedding program may set besides the configuration. The zero value is what the command uses.
type Options struct {
	Log      *slog.Logger         // nil: nothing is logged
	Build    Build                // which program this is
	Registry *prometheus.Registry // where the metrics are; nil: in one that only /metrics knows
	Tracer   *tracing.Tracer      // nil: none, unless the OTEL_ variables ask for one

	// Networks other than the system's, for tests.
	DialKafka          func(ctx context.Context, network, address string) (net.Conn, error)
	DialEndpoint       func(ctx context.Context, network, address string) (net.Conn, error)
	DialSchemaRegistry func(ctx context.Context, network, address string) (net.Conn, error)

	Reload Reload // where changed mappings come from

	// Listener is where the page, health and metrics are served, in place of the address in the configuration; Run closes it.
	Listener net.Listener

	Probe *Probe // for simulations
}

// Build says which program this is, in metrics and traces.
type Build struct{ Version, Revision, Go string }

// Run reads events and delivers them until ctx ends; then it finishes what is in flight, commits, leaves the group and returns nil. That takes at
// most about cfg.ShutdownGrace. An error means that it could not start, or cannot go on.
func Run(ctx context.Context, cfg *config.Config, set *mapping.Set, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Tracer == nil {
		tracer, err := tracing.FromEnvironment(ctx, o.Build.Version, o.Log)
		if err != nil {
			return err
		}
		defer closeTracer(ctx, tracer, o.Log)
		o.Tracer = tracer
	}
	kafkaOptions := KafkaOptions(cfg, o)
	kafkaOptions.Metrics = o.Registry
	admin, err := kafka.NewAdmin(kafkaOptions)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := checkKafka(ctx, cfg, admin, o.Log); err != nil {
		if ctx.Err() != nil { // told to stop, which is no failure of Kafka's
			o.Log.Info("stopping before anything has been read")
			return nil
		}
		return err
	}
	e, err := assemble(cfg, set, o)
	if err != nil {
		return err
	}
	defer e.release()
	e.admin = admin
	return e.serve(ctx, cfg, kafkaOptions, o)
}

// closeTracer sends the last spans, if that does not take long: the work is done.
func closeTracer(ctx context.Context, tracer *tracing.Tracer, log *slog.Logger) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSpans)
	defer cancel()
	if err := tracer.Close(within); err != nil {
		log.Warn("the last traces could not be sent", "error", err)
	}
}

const lastSpans = 2 * time.Second

// assemble makes an engine that can read events and send requests. What it takes to follow a group comes with serve.
func assemble(cfg *config.Config, set *mapping.Set, o Options) (*engine, error) {
	sender, err := newSender(cfg, set, o)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(newSettings(cfg, set, o), set, o.Log, newMetrics(o.Registry, mappingNames(set)))
	if err != nil {
		sender.Close()
		return nil, err
	}
	decoder, err := NewDecoder(&cfg.Events, o)
	if err != nil {
		sender.Close()
		return nil, err
	}
	e.sender, e.decoder, e.tracer = sender, decoder, o.Tracer
	e.senders = func(set *mapping.Set) ([]Sender, error) { return newSenders(cfg, sender, set, o.Log) }
	senders, err := e.senders(set)
	if err != nil {
		e.release()
		return nil, err
	}
	e.equip(senders)
	e.prepare()
	return e, nil
}

// equip hands the couriers of a set their senders.
func (e *engine) equip(senders []Sender) {
	for i, s := range senders {
		e.couriers[i].sender = s
	}
}

func (e *engine) release() {
	for _, c := range e.couriers {
		c.sender.TLS.Close()
	}
	e.sender.Close()
	e.decoder.Close()
}

// serve does what the connector is for, until ctx ends.
func (e *engine) serve(ctx context.Context, cfg *config.Config, kafkaOptions *kafka.Options, o Options) error {
	e.metrics.registry.MustRegister(newGauges(e))
	e.metrics.connections(e.sender)

	var services sync.WaitGroup
	defer services.Wait()
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	listener := o.Listener
	if listener == nil && cfg.HTTPAddr != "" {
		var err error
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.HTTPAddr); err != nil {
			return fmt.Errorf("listening for health checks (CONNECTOR_HTTP_ADDR): %w", err)
		}
	}
	if listener != nil {
		var ui *web.UI
		if cfg.UI == "on" {
			ui = newPage(cfg, e, time.Now())
		}
		handler := web.Handler(web.Endpoints{
			Ready:   e.status.ready,
			Metrics: promhttp.HandlerFor(e.metrics.registry, promhttp.HandlerOpts{}),
			UI:      ui,
		})
		services.Go(func() {
			if err := web.Serve(serving, listener, handler); err != nil {
				o.Log.Error("health and metrics are no longer served", "error", err)
			}
		})
	}
	consumer, err := kafka.NewConsumer(kafkaOptions, e.admin, e)
	if err != nil {
		return err
	}
	e.start(consumer)
	return e.run(ctx)
}

// mappingNames are what the lanes of a set are called in metrics; that of undecodable records has no name.
func mappingNames(set *mapping.Set) []string {
	names := make([]string, 0, len(set.Mappings())+1)
	for _, m := range set.Mappings() {
		names = append(names, m.Name)
	}
	return append(names, "")
}

// mappingIDs are the identities of the same lanes.
func mappingIDs(set *mapping.Set) []string {
	ids := make([]string, 0, len(set.Mappings())+1)
	for _, m := range set.Mappings() {
		ids = append(ids, m.ID)
	}
	return append(ids, undecodableLane)
}

func newSettings(cfg *config.Config, set *mapping.Set, o Options) settings {
	d := cfg.Delivery
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return settings{
		window:         d.RetryWindow,
		backoff:        sink.Backoff{Min: d.RetryMin, Max: d.RetryMax},
		inFlight:       d.MaxInFlight,
		compression:    d.Compression,
		linger:         d.BatchLinger,
		batchMaxBytes:  int(d.BatchMaxBytes),
		commitInterval: cfg.CommitInterval,
		drain:          rebalanceDrain,
		shutdownGrace:  cfg.ShutdownGrace,
		orphanGrace:    cfg.OrphanGrace,
		deadLetters:    d.DLQTopic,
		budget:         o.Probe.budget(newBudget(int(cfg.MemoryBudget), len(set.Mappings()))),
		probe:          o.Probe,
		reload:         o.Reload,
		name:           cfg.Kafka.Group + "@" + host,
		startLatest:    cfg.Kafka.Start == "latest",
		validate:       cfg.Events.Validate,
		giveUpLate:     cfg.OnLag == "dead-letter",
		memory:         int(cfg.MemoryBudget),
		build:          o.Build,
	}
}

// rebalanceDrain is how long partitions that move may finish what is in flight. Everything stands still meanwhile but deliveries.
const rebalanceDrain = 5 * time.Second

// KafkaOptions says how to reach Kafka with this configuration. o.Log must not be nil.
func KafkaOptions(cfg *config.Config, o Options) *kafka.Options {
	k := cfg.Kafka
	// What franz-go holds of the head comes from the budget too; a fetch of 1 MiB may become several once decompressed.
	perFetch := min(max(int32(int64(cfg.MemoryBudget)/16), 1<<20), 16<<20)
	if o.Probe != nil && o.Probe.FetchBytes > 0 {
		perFetch = o.Probe.FetchBytes
	}
	return &kafka.Options{
		Brokers: k.Brokers, ClientID: "segment-webhooks",
		TLS: k.TLS, CAFile: k.CAFile, CertFile: k.CertFile, KeyFile: k.KeyFile,
		SASLMechanism: k.SASL.Mechanism, Username: k.SASL.Username, Password: k.SASL.Password.Reveal(),
		Token:  func() (string, error) { return token(k.SASL.Token, k.SASL.TokenFile) },
		Topics: k.Topics, Group: k.Group, InstanceID: k.InstanceID, SessionTimeout: k.SessionTimeout,
		ConsumerGroups: k.GroupProtocol == "consumer", Start: k.Start,
		FetchMaxBytes: perFetch, FetchMaxPartitionBytes: min(perFetch, 256<<10),
		Log: o.Log, Dial: o.DialKafka,
	}
}

func newSender(cfg *config.Config, set *mapping.Set, o Options) (*sink.Client, error) {
	inFlight := 0 // all mappings may send to one host
	for _, m := range set.Mappings() {
		inFlight += cmp.Or(m.Delivery.MaxInFlight, cfg.Delivery.MaxInFlight)
	}
	so := sink.Options{
		Timeout:   cfg.Delivery.RequestTimeout,
		InFlight:  inFlight,
		UserAgent: cfg.Delivery.UserAgent,
		Transport: sink.Transport(cfg.Delivery.Transport),
		HTTP2:     cfg.Delivery.HTTP2,
		Dial:      o.DialEndpoint,
	}
	var err error
	if so.RootCAs, err = authorities(cfg.Delivery.CAFile); err != nil {
		return nil, fmt.Errorf("reading the CA for endpoints: %w", err)
	}
	return sink.NewClient(so)
}

// authorities are the system's and those in a file of PEM certificates; nil, which stands for the system's, where there is no file.
func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", path)
	}
	return pool, nil
}

// NewDecoder makes the decoder that this configuration asks for.
func NewDecoder(events *config.Events, o Options) (*schemas.Decoder, error) {
	so := schemas.Options{Format: schemas.Format(events.Format), CamelNames: events.FieldNames == "camel"}
	if r := &events.Registry; len(r.URLs) > 0 {
		roots, err := authorities(r.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the CA of the schema registry: %w", err)
		}
		so.Registry = &schemas.Registry{URLs: r.URLs, Username: r.Username, Password: r.Password.Reveal(), RootCAs: roots, Dial: o.DialSchemaRegistry}
		if r.Token.IsSet() || r.TokenFile != "" {
			so.Registry.Token = func() (string, error) { return token(r.Token, r.TokenFile) }
		}
	}
	return schemas.New(so)
}

// token is a fixed one, or what a file holds now: another program may keep it fresh.
func token(fixed config.Secret, path string) (string, error) {
	if path == "" {
		return fixed.Reveal(), nil
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// checkKafka finds out before the group is joined whether the work can be done: the brokers answer, the dead-letter topic is there.
func checkKafka(ctx context.Context, cfg *config.Config, admin *kafka.Admin, log *slog.Logger) error {
	within, cancel := context.WithTimeoutCause(ctx, startTimeout, errNoBroker)
	defer cancel()
	if err := admin.Ping(within); err != nil {
		return fmt.Errorf("reaching Kafka at %s (CONNECTOR_KAFKA_BROKERS): %w", strings.Join(cfg.Kafka.Brokers, ", "), errors.Join(err, context.Cause(within)))
	}
	var sources []string
	for _, t := range cfg.Kafka.Topics {
		if strings.HasPrefix(t, "^") {
			continue
		}
		sources = append(sources, t)
		if err := admin.CheckTopic(within, t); errors.Is(err, kafka.ErrNoTopic) {
			log.Warn("the topic does not exist: nothing is read from it until it does; check the name in CONNECTOR_KAFKA_TOPICS, or create it", "topic", t)
		}
		if keeps, ok := admin.Retention(within, t); ok && keeps < cfg.Delivery.RetryWindow+time.Hour {
			log.Warn("the topic deletes records before the retry window is over: events behind a failing endpoint may be lost; raise retention.ms, or lower CONNECTOR_RETRY_WINDOW",
				"topic", t, "retention", keeps, "retry_window", cfg.Delivery.RetryWindow)
		}
	}
	created, err := prepareDeadLetters(within, admin, cfg.Delivery.DLQTopic, cfg.Delivery.DLQCreate, sources)
	switch {
	case errors.Is(err, kafka.ErrNoTopic):
		return fmt.Errorf("the dead-letter topic %q does not exist: create it, or let the connector do so with CONNECTOR_DLQ_CREATE=true", cfg.Delivery.DLQTopic)
	case err != nil:
		return fmt.Errorf("preparing the dead-letter topic %q (CONNECTOR_DLQ_TOPIC): %w", cfg.Delivery.DLQTopic, err)
	case created:
		log.Info("created the dead-letter topic", "topic", cfg.Delivery.DLQTopic)
	}
	return nil
}

const startTimeout = 30 * time.Second

var errNoBroker = errors.New("no broker answered in time")
