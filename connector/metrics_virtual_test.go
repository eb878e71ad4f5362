package connector_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

// gather returns the metric families of a registry by name, without those of Go, of the process and of the Kafka client.
func gather(t *testing.T, r *prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]*dto.MetricFamily{}
	for _, f := range all {
		if name := f.GetName(); strings.HasPrefix(name, "connector_") && !strings.HasPrefix(name, "connector_kafka_") {
			ours[name] = f
		}
	}
	return ours
}

// value returns what a metric says; labels are name=value. It fails the test if there is no such series.
func value(t *testing.T, r *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	f := gather(t, r)[name]
	for _, m := range f.GetMetric() {
		var has []string
		for _, l := range m.GetLabel() {
			has = append(has, l.GetName()+"="+l.GetValue())
		}
		if !slices.Equal(has, slices.Sorted(slices.Values(labels))) {
			continue
		}
		switch f.GetType() {
		case dto.MetricType_COUNTER:
			return m.GetCounter().GetValue()
		case dto.MetricType_HISTOGRAM:
			return m.GetHistogram().GetSampleSum()
		default:
			return m.GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s%v", name, labels)
	return 0
}

// The names, types, labels and help texts are what dashboards and alerts of others rest on: a change shows here, and belongs into the
// change log. UPDATE_GOLDEN=1 writes them.
func TestMetricsAreStable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		defer r.start(r.config(), oneMapping)()
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
		families := gather(t, r.registry)
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(families)) {
			f := families[name]
			var labels []string
			for _, l := range f.GetMetric()[0].GetLabel() {
				labels = append(labels, l.GetName())
			}
			fmt.Fprintf(&b, "%s %s {%s}\n  %s\n", name, strings.ToLower(f.GetType().String()), strings.Join(labels, ","), f.GetHelp())
		}
		golden := filepath.Join("testdata", "metrics.golden")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("the metrics have changed; run UPDATE_GOLDEN=1 go test ./connector and tell it in CHANGELOG.md (-want +got):\n%s", diff)
		}
	})
}

// What promtool check metrics would say, by the library that it uses. The Kafka client's names are its own.
func TestMetricsFollowConventions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		defer r.start(r.config(), oneMapping)()
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
		names := []string{}
		for name := range gather(t, r.registry) {
			names = append(names, name)
		}
		problems, err := testutil.GatherAndLint(r.registry, names...)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	})
}

// However many URLs events lead to, the number of series is what it was at the start.
func TestCardinalityIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.answer = func(q *http.Request) int { // every status that there is
			var n int
			if _, err := fmt.Sscanf(q.URL.Path, "/%d", &n); err != nil {
				t.Error(err)
			}
			return 200 + n%400
		}
		var mappings strings.Builder
		mappings.WriteString("mappings:\n")
		for i := range 50 {
			fmt.Fprintf(&mappings, `  - name: mapping %d
    trigger: properties.of = %d
    fields:
      url: {"@template": "http://localhost/{{properties.n}}?secret={{properties.n}}"}
      method: POST
      data: {"@path": "$."}
`, i, i)
		}
		cfg := r.config()
		cfg.Delivery.RetryWindow = time.Minute
		defer r.start(cfg, mappings.String())()
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
		series := func() (n int) {
			for _, f := range gather(t, r.registry) {
				n += len(f.GetMetric())
			}
			return n
		}
		before := series()
		const events = 1000
		for i := range events {
			r.produce(fmt.Sprintf(`{"type":"track","event":"e","properties":{"n":%d,"of":%d}}`, i, i%50))
		}
		time.Sleep(3 * time.Minute) //nolint:forbidigo // virtual time; the retry window ends
		paths := map[string]bool{}
		r.mu.Lock()
		for _, d := range r.received {
			paths[d.path] = true
		}
		r.mu.Unlock()
		if len(paths) != events {
			t.Errorf("%d URLs were called, want %d", len(paths), events)
		}
		if after := series(); after != before {
			t.Errorf("%d series at the start, %d after events for %d URLs", before, after, events)
		}
		t.Logf("50 mappings are %d series of ours", before)
	})
}

// The numbers say what has happened.
func TestMetricsTellTheStory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var status atomic.Int64
		status.Store(http.StatusOK)
		r.answer = func(*http.Request) int { return int(status.Load()) }
		stop := r.start(r.config(), oneMapping)
		want := func(want float64, name string, labels ...string) {
			t.Helper()
			if got := value(t, r.registry, name, labels...); got != want {
				t.Errorf("%s%v is %v, want %v", name, labels, got, want)
			}
		}
		r.produce(track(0, 3)...)
		r.produce(`{"type":"page"}`, `no event`)
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		want(5, "connector_events_received_total")
		want(1, "connector_events_undecodable_total")
		want(3, "connector_events_matched_total", "mapping=all")
		want(1, "connector_events_filtered_total", "mapping=all")
		want(3, "connector_events_delivered_total", "mapping=all")
		want(1, "connector_events_dead_lettered_total", "mapping=", "reason=undecodable")
		want(0, "connector_backlog_offsets", "mapping=all")
		want(0, "connector_commit_age_seconds")
		want(3, "connector_requests_total")
		want(4*3600, "connector_expiry_seconds", "mapping=all")
		want(1, "connector_endpoint_state", "endpoint=http://localhost", "state=ok")

		status.Store(http.StatusForbidden)
		r.produce(track(3, 1)...)
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		want(1, "connector_events_rejected_total", "mapping=all", "reason=unauthorized")
		want(1, "connector_events_dead_lettered_total", "mapping=all", "reason=rejected")

		status.Store(http.StatusServiceUnavailable)
		began := time.Now()
		r.produce(track(4, 10)...)
		time.Sleep(2 * time.Hour) //nolint:forbidigo // virtual time
		want(1, "connector_endpoint_state", "endpoint=http://localhost", "state=failing")
		want(0, "connector_endpoint_state", "endpoint=http://localhost", "state=ok")
		want(10, "connector_backlog_offsets", "mapping=all")
		if since := value(t, r.registry, "connector_endpoint_failing_since_seconds", "endpoint=http://localhost"); since < float64(began.Unix()) || since > float64(began.Unix()+10) {
			t.Errorf("failing since %v, want about %d", since, began.Unix())
		}
		if left := value(t, r.registry, "connector_expiry_seconds", "mapping=all"); left < 2*3600-10 || left > 2*3600+10 {
			t.Errorf("%v s until the first event expires, want two hours", left)
		}
		if retried := value(t, r.registry, "connector_events_retried_total", "mapping=all"); retried < 10 {
			t.Errorf("events were retried %v times, want 10 at least", retried)
		}
		if failed := value(t, r.registry, "connector_attempt_failures_total", "mapping=all", "reason=server_error"); failed < 10 {
			t.Errorf("%v attempts failed with a status of 5xx, want 10 at least", failed)
		}
		stop()
	})
}

// What Kafka does not confirm grows old, and is seen to.
func TestCommitAgeGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		stop := r.start(r.config(), oneMapping)
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		release := r.refuseCommits()
		r.produce(track(0, 1)...)
		time.Sleep(10 * time.Minute) //nolint:forbidigo // virtual time
		if age := value(t, r.registry, "connector_commit_age_seconds"); age < 590 || age > 610 {
			t.Errorf("progress has waited for %v s, want about 600", age)
		}
		if ready := value(t, r.registry, "connector_ready"); ready != 0 {
			t.Error("a connector that has committed nothing for ten minutes calls itself ready")
		}
		release()
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		if age := value(t, r.registry, "connector_commit_age_seconds"); age != 0 {
			t.Errorf("progress has waited for %v s, want 0", age)
		}
		stop()
	})
}
