// Package tracing writes spans with OpenTelemetry: what became of an event from the record to the webhook's answer. It is off unless the
// standard OTEL_ variables ask for it, and then a nil [Tracer], which costs a comparison.
//
// # Which trace an event belongs to
//
// The one that the record's headers name (traceparent and tracestate, W3C). A record without gets a trace of its own, whose id comes from topic, partition
// and offset: so the spans of all attempts, by whichever instance and after whichever restart, are found in one trace, and nothing
// has to be remembered for that. The span of a batch, which has many events, links to those of its events.
//
// A request carries the traceparent of its attempt, unless the mapping sets that header. Without tracing nothing is added to requests, also where the
// record has a traceparent: they are Segment's, byte for byte.
package tracing

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. A nil one makes none.
type Tracer struct {
	provider *trace.TracerProvider
	tracer   api.Tracer
	context  propagation.TraceContext
}

// FromEnvironment returns the tracer that the OTEL_ variables ask for, nil when they do not: traces are sent as OTLP over HTTP where
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, or OTEL_TRACES_EXPORTER is otlp; not where that is none, or OTEL_SDK_DISABLED
// is true. OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and OTEL_BSP_* mean what OpenTelemetry says, and so
// do OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT and _CERTIFICATE, and their twins for traces alone.
func FromEnvironment(ctx context.Context, version string, log *slog.Logger) (*Tracer, error) {
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	endpoint := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	switch {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && endpoint == "":
		return nil, nil
	case exporter != "" && exporter != "otlp":
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: use otlp or none", exporter)
	}
	protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf")
	if protocol != "http/protobuf" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: use http/protobuf, which collectors take on port 4318", protocol)
	}
	client, err := newCollector()
	if err != nil {
		return nil, err
	}
	otlp, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("sending traces: %w", err)
	}
	otel.SetErrorHandler(&complaints{log: log})
	return newTracer(trace.NewBatchSpanProcessor(otlp), version)
}

// To returns a tracer whose spans go to an exporter as soon as they end, for tests.
func To(exporter trace.SpanExporter) (*Tracer, error) {
	return newTracer(trace.NewSimpleSpanProcessor(exporter), "test")
}

func newTracer(processor trace.SpanProcessor, version string) (*Tracer, error) {
	ours := resource.NewSchemaless(attribute.String("service.name", "segment-webhooks"), attribute.String("service.version", version))
	// The operator's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
	environment, err := resource.New(context.Background(), resource.WithFromEnv(), resource.WithTelemetrySDK(), resource.WithHost()) //nolint:forbidigo // asks nobody
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	all, err := resource.Merge(ours, environment)
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(processor), trace.WithResource(all), trace.WithIDGenerator(generator{}))
	return &Tracer{provider: provider, tracer: provider.Tracer("segment-webhooks")}, nil
}

// Close sends what has not been sent, within the time that ctx leaves.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Record is what a span needs to know of a record.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	// Header returns the value of a header, empty when the record has none of that name.
	Header func(name string) string
}

// Get implements propagation.TextMapCarrier.
func (r Record) Get(name string) string { return r.Header(name) }

// Set implements propagation.TextMapCarrier. Records are only read.
func (r Record) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (r Record) Keys() []string { return nil }

// parent is the context that the spans of a record begin in.
func (t *Tracer) parent(r Record) context.Context {
	ctx := t.context.Extract(context.Background(), r) //nolint:forbidigo // what ends a delivery does not end its trace
	if api.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return context.WithValue(ctx, traceID{}, idOf(r))
}

// idOf is the id of the trace of a record whose headers name none.
func idOf(r Record) (id api.TraceID) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", r.Topic, r.Partition, r.Offset))
	copy(id[:], sum[:])
	return id
}

// traceID is the key of the trace id that a root span is to have.
type traceID struct{}

// generator makes ids, those of root spans as asked for.
type generator struct{}

// NewIDs implements trace.IDGenerator.
func (g generator) NewIDs(ctx context.Context) (api.TraceID, api.SpanID) {
	id, given := ctx.Value(traceID{}).(api.TraceID)
	if !given {
		_, _ = rand.Read(id[:]) // never fails
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements trace.IDGenerator.
func (generator) NewSpanID(context.Context, api.TraceID) (id api.SpanID) {
	for !id.IsValid() {
		_, _ = rand.Read(id[:]) // never fails
	}
	return id
}

// Span is something that takes time. A nil one is nothing.
type Span struct {
	span api.Span
	ctx  context.Context //nolint:containedctx // carries the span to Headers
	t    *Tracer
}

func (t *Tracer) start(ctx context.Context, name string, kind api.SpanKind, links []api.Link, attributes ...attribute.KeyValue) *Span {
	ctx, span := t.tracer.Start(ctx, name, api.WithSpanKind(kind), api.WithLinks(links...), api.WithAttributes(attributes...))
	return &Span{span: span, ctx: ctx, t: t}
}

func origin(r Record) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "kafka"), attribute.String("messaging.destination.name", r.Topic),
		attribute.Int64("messaging.destination.partition.id", int64(r.Partition)), attribute.Int64("messaging.kafka.offset", r.Offset),
	}
}

// Decode begins the span of decoding a record and evaluating the triggers.
func (t *Tracer) Decode(r Record) *Span {
	return t.start(t.parent(r), "decode", api.SpanKindConsumer, nil, origin(r)...)
}

// Map begins the span of resolving a mapping's fields on an event.
func (t *Tracer) Map(r Record, mapping string) *Span {
	return t.start(t.parent(r), "map", api.SpanKindInternal, nil, append(origin(r), attribute.String("segment.mapping", mapping))...)
}

// Attempt begins the span of a request with these events, at least one. The URL must be fit to be shown: without credentials and query.
func (t *Tracer) Attempt(records []Record, mapping, method, url string) *Span {
	about := []attribute.KeyValue{
		attribute.String("segment.mapping", mapping), attribute.Int("messaging.batch.message_count", len(records)),
		attribute.String("http.request.method", method), attribute.String("url.full", url),
	}
	if len(records) == 1 {
		return t.start(t.parent(records[0]), "attempt", api.SpanKindClient, nil, append(origin(records[0]), about...)...)
	}
	var links []api.Link
	for _, r := range records[:min(len(records), mostLinks)] {
		linked := api.SpanContextFromContext(t.parent(r))
		if !linked.IsValid() {
			id := idOf(r)
			linked = api.NewSpanContext(api.SpanContextConfig{TraceID: id, SpanID: api.SpanID(id[8:]), Remote: true})
		}
		links = append(links, api.Link{SpanContext: linked, Attributes: origin(r)})
	}
	return t.start(context.Background(), "attempt", api.SpanKindClient, links, about...) //nolint:forbidigo // a trace of its own
}

// mostLinks is how many events of a batch its span links to: as many as OpenTelemetry keeps by default.
const mostLinks = 128

// Header is a header of a request.
type Header struct{ Name, Value string }

// Headers are what tells the receiver of a request which span it belongs to.
func (s *Span) Headers() []Header {
	if s == nil {
		return nil
	}
	carrier := propagation.MapCarrier{}
	s.t.context.Inject(s.ctx, carrier)
	var all []Header
	for _, name := range s.t.context.Fields() {
		if value := carrier.Get(name); value != "" {
			all = append(all, Header{name, value})
		}
	}
	return all
}

// Answer tells what came of an attempt: the class of the answer, its status, 0 for none, and how many requests it took.
func (s *Span) Answer(class string, status, requests int) {
	if s == nil {
		return
	}
	s.span.SetAttributes(attribute.String("segment.class", class), attribute.Int("http.request.resend_count", max(0, requests-1)))
	if status != 0 {
		s.span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
}

// End ends the span. Problem says why it came to nothing, empty where it did not; it must hold nothing of the event.
func (s *Span) End(problem string) {
	if s == nil {
		return
	}
	if problem != "" {
		s.span.SetStatus(codes.Error, problem)
	}
	s.span.End()
}

// complaints writes what OpenTelemetry complains about to the log, at most once a minute: a collector that is down would fill it otherwise.
type complaints struct {
	log *slog.Logger

	mu    sync.Mutex
	last  time.Time
	since int
}

const complainEvery = time.Minute

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since++; time.Since(c.last) < complainEvery {
		return
	}
	c.log.Warn("traces cannot be sent; deliveries go on", "errors", c.since, "error", err)
	c.last, c.since = time.Now(), 0
}
