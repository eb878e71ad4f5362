package tracing_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"segment-webhooks/connector/tracing"
)

// clean removes what the machine says about traces.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range []string{"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_HEADERS"} {
		t.Setenv(name, "")
	}
}

func record(headers map[string]string) tracing.Record {
	return tracing.Record{Topic: "events", Partition: 3, Offset: 17, Header: func(name string) string { return headers[name] }}
}

// Without the variables there is no tracer; what cannot be done is said, and not left undone.
func TestFromEnvironment(t *testing.T) {
	for _, c := range []struct {
		environ map[string]string
		on      bool
		err     string
	}{
		{nil, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1"}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:1/v1/traces"}, true, ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_SDK_DISABLED": "true"}, false, ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, `OTEL_TRACES_EXPORTER is "zipkin": use otlp or none`},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, `use http/protobuf`},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, false, `OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL`},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, false, `give a number of milliseconds`},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_HEADERS": "abc"}, false, `write name=value`},
	} {
		clean(t)
		for name, value := range c.environ {
			t.Setenv(name, value)
		}
		tracer, err := tracing.FromEnvironment(t.Context(), "v1", slog.New(slog.DiscardHandler))
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%v: error %v, want %q", c.environ, err, c.err)
		case c.err == "" && err != nil:
			t.Errorf("%v: %v", c.environ, err)
		case (tracer != nil) != c.on:
			t.Errorf("%v: tracer %v, want one: %v", c.environ, tracer, c.on)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		_ = tracer.Close(ended) // nobody listens
	}
}

// A collector gets the spans, over HTTP, with what the variables say about the service.
func TestSpansArrive(t *testing.T) {
	clean(t)
	got := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var request tracepb.TracesData
		if err := proto.Unmarshal(body, &request); err != nil {
			t.Errorf("the collector cannot read %q: %v", body, err)
		}
		got <- r.URL.Path + " " + r.Header.Get("Authorization") + " " + r.Header.Get("Content-Type") + " " + request.String()
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_SERVICE_NAME", "ours")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20abc")
	tracer, err := tracing.FromEnvironment(t.Context(), "v1.2.3", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	tracer.Decode(record(nil)).End("")
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	request := <-got
	for _, want := range []string{"/v1/traces Bearer abc application/x-protobuf ", "decode", "ours", "v1.2.3", "segment-webhooks"} {
		if !strings.Contains(request, want) {
			t.Errorf("the collector got %q, which lacks %q", request, want)
		}
	}
}

// All spans of a record are in one trace: the one its headers name, or one that its place in Kafka stands for.
func TestOneTraceForARecord(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracer, err := tracing.To(exporter)
	if err != nil {
		t.Fatal(err)
	}
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	named := record(map[string]string{"traceparent": "00-" + trace + "-" + parent + "-01"})
	tracer.Decode(named).End("")
	tracer.Map(named, "m").End("")
	attempt := tracer.Attempt([]tracing.Record{named}, "m", "POST", "https://a/")
	if h := attempt.Headers(); len(h) != 1 || h[0].Name != "traceparent" || !strings.HasPrefix(h[0].Value, "00-"+trace+"-") || strings.Contains(h[0].Value, parent) {
		t.Errorf("the request carries %v, want the trace of the record and the span of the attempt", h)
	}
	attempt.End("")
	for _, s := range exporter.GetSpans() {
		if s.SpanContext.TraceID().String() != trace || s.Parent.SpanID().String() != parent {
			t.Errorf("span %s is in trace %s below %s", s.Name, s.SpanContext.TraceID(), s.Parent.SpanID())
		}
	}
	exporter.Reset()
	tracer.Decode(record(nil)).End("")
	tracer.Attempt([]tracing.Record{record(nil)}, "m", "POST", "https://a/").End("status 503")
	spans := exporter.GetSpans()
	if len(spans) != 2 || spans[0].SpanContext.TraceID() != spans[1].SpanContext.TraceID() || spans[0].SpanContext.SpanID() == spans[1].SpanContext.SpanID() {
		t.Errorf("two spans of one record are %v and %v", spans[0].SpanContext, spans[1].SpanContext)
	}
	exporter.Reset()
	tracer.Attempt([]tracing.Record{named, record(nil)}, "m", "POST", "https://a/").End("")
	if links := exporter.GetSpans()[0].Links; len(links) != 2 || links[0].SpanContext.TraceID().String() != trace || links[1].SpanContext.TraceID() != spans[0].SpanContext.TraceID() {
		t.Errorf("the span of a batch links to %v, want to the traces of its events", links)
	}
}

// Without a tracer, everything is a comparison.
func TestNoTracerCostsNothing(t *testing.T) {
	var tracer *tracing.Tracer
	var span *tracing.Span
	if n := testing.AllocsPerRun(100, func() {
		if tracer != nil {
			span = tracer.Decode(record(nil))
		}
		if span.Headers() != nil {
			t.Error("no span has headers")
		}
		span.Answer("delivered", 200, 1)
		span.End("")
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if err := tracer.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// What spans cost an event that is delivered alone: nothing where nobody wants them.
func BenchmarkSpans(b *testing.B) {
	on, err := tracing.To(tracetest.NewNoopExporter())
	if err != nil {
		b.Fatal(err)
	}
	for name, tracer := range map[string]*tracing.Tracer{"off": nil, "on": on} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var decode, resolve, attempt *tracing.Span
				if tracer != nil {
					decode = tracer.Decode(record(nil))
				}
				decode.End("")
				if tracer != nil {
					resolve = tracer.Map(record(nil), "m")
				}
				resolve.End("")
				if tracer != nil {
					attempt = tracer.Attempt([]tracing.Record{record(nil)}, "m", http.MethodPost, "https://a/")
				}
				_ = attempt.Headers()
				attempt.Answer("delivered", http.StatusOK, 1)
				attempt.End("")
			}
		})
	}
}
