package connector_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"segment-webhooks/connector/tracing"
)

// An event is followed from its record to the webhook's answer, and the webhook is told; nothing of the event, no credentials and no query are in the spans.
func TestTracing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		exporter := tracetest.NewInMemoryExporter()
		tracer, err := tracing.To(exporter)
		if err != nil {
			t.Fatal(err)
		}
		r.tracer = tracer
		var asked atomic.Int64
		r.answer = func(*http.Request) int {
			if asked.Add(1) <= 3 { // the first attempt, with its quick second tries
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		stop := r.start(r.config(), strings.Replace(oneMapping, "http://localhost/hook", "http://user:hunter1@localhost/hook?key=hunter2", 1))
		defer stop()
		const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
		record := &kgo.Record{
			Value:   []byte(`{"type":"track","event":"hunter3"}`),
			Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-" + trace + "-00f067aa0ba902b7-01")}},
		}
		if err := r.client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		var names []string
		for _, s := range exporter.GetSpans() {
			names = append(names, s.Name)
			if got := s.SpanContext.TraceID().String(); got != trace {
				t.Errorf("span %s is in trace %s, want the record's", s.Name, got)
			}
			if text := fmt.Sprintf("%+v", s); strings.Contains(text, "hunter") {
				t.Errorf("span %s says too much: %s", s.Name, text)
			}
		}
		if got := strings.Join(names, " "); got != "decode map attempt map attempt" {
			t.Errorf("spans %s, want those of two attempts", got)
		}
		d := r.deliveries(http.StatusOK)
		if len(d) != 1 {
			t.Fatalf("%d deliveries, want 1", len(d))
		}
		if got := d[0].header.Get("Traceparent"); !strings.HasPrefix(got, "00-"+trace+"-") {
			t.Errorf("the webhook got traceparent %q, want one of the record's trace", got)
		}
	})
}

// Without tracing, requests are Segment's, byte for byte, whatever headers the record has.
func TestNoTracingAddsNoHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		defer r.start(r.config(), oneMapping)()
		record := &kgo.Record{
			Value:   []byte(`{"type":"track","event":"e"}`),
			Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}},
		}
		if err := r.client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		d := r.deliveries(http.StatusOK)
		if len(d) != 1 || d[0].header.Get("Traceparent") != "" {
			t.Errorf("%d deliveries, traceparent %q; want one without", len(d), d[0].header.Get("Traceparent"))
		}
	})
}
