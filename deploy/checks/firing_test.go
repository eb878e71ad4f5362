//go:build firing

package checks

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/promqltest"
)

// Each alert fires when it should, and not on a day without trouble. The time of evaluation is one hour after the first sample.
func TestAlertsFire(t *testing.T) {
	const at = `{job="segment-webhooks", instance="a:8080"`
	well := map[string]string{
		`connector_build_info` + at + `, version="1"}`:                                    "1+0x60",
		`connector_ready` + at + `}`:                                                      "1+0x60",
		`connector_endpoint_state` + at + `, endpoint="https://a", state="failing"}`:      "0+0x60",
		`connector_expiry_seconds` + at + `, mapping="m"}`:                                "14390+0x60",
		`connector_retry_window_seconds` + at + `}`:                                       "14400+0x60",
		`connector_events_dead_lettered_total` + at + `, mapping="m", reason="rejected"}`: "0+0x60",
		`connector_commit_age_seconds` + at + `}`:                                         "1+0x60",
		`connector_events_lost_total` + at + `, reason="retention"}`:                      "0+0x60",
		`connector_partitions_paused` + at + `}`:                                          "0+0x60",
		`connector_registry_waiting_partitions` + at + `}`:                                "0+0x60",
		`connector_mapping_reloads_total` + at + `, result="error"}`:                      "0+0x60",
	}
	troubles := []struct {
		name   string
		series map[string]string // in place of those of a good day; empty removes
		fire   []string
	}{
		{"a good day", nil, nil},
		{"nothing runs", map[string]string{`connector_build_info` + at + `, version="1"}`: ""}, []string{"ConnectorAbsent"}},
		{"not ready", map[string]string{`connector_ready` + at + `}`: "0+0x60"}, []string{"ConnectorNotReady"}},
		{"an endpoint fails", map[string]string{`connector_endpoint_state` + at + `, endpoint="https://a", state="failing"}`: "1+0x60"}, []string{"ConnectorEndpointFailing"}},
		{"half of the window", map[string]string{`connector_expiry_seconds` + at + `, mapping="m"}`: "7100+0x60"}, []string{"ConnectorHalfOfWindowUsed"}},
		{"most of the window", map[string]string{`connector_expiry_seconds` + at + `, mapping="m"}`: "2800+0x60"}, []string{"ConnectorHalfOfWindowUsed", "ConnectorMostOfWindowUsed"}},
		{"dead letters", map[string]string{`connector_events_dead_lettered_total` + at + `, mapping="m", reason="rejected"}`: "0+0x55 1+0x5"}, []string{"ConnectorDeadLetters"}},
		{"no commits", map[string]string{`connector_commit_age_seconds` + at + `}`: "0+60x60"}, []string{"ConnectorNotCommitting"}},
		{"loss", map[string]string{`connector_events_lost_total` + at + `, reason="retention"}`: "0+0x30 7+0x30"}, []string{"ConnectorEventsLost"}},
		{"bad mappings", map[string]string{`connector_mapping_reloads_total` + at + `, result="error"}`: "0+0x55 1+0x5"}, []string{"ConnectorMappingsNotLoaded"}},
		{"too slow", map[string]string{`connector_partitions_paused` + at + `}`: "2+0x60"}, []string{"ConnectorReadingPaused"}},
		{"no schemas", map[string]string{`connector_registry_waiting_partitions` + at + `}`: "3+0x60"}, []string{"ConnectorWaitsForRegistry"}},
	}
	engine := promqltest.NewTestEngine(t, false, 0, 100_000)
	for _, c := range troubles {
		series := maps.Clone(well)
		maps.Copy(series, c.series)
		load := "load 1m\n"
		for name, values := range series {
			if values != "" {
				load += "  " + name + " " + values + "\n"
			}
		}
		storage := promqltest.LoadedStorage(t, load)
		var fired []string
		for _, r := range alerts(t) {
			q, err := engine.NewInstantQuery(context.Background(), storage, nil, r.Expr, time.Unix(3600, 0))
			if err != nil {
				t.Fatal(err)
			}
			result := q.Exec(context.Background())
			vector, err := result.Vector()
			if err != nil {
				t.Fatalf("%s: %v", r.Alert, err)
			}
			if len(vector) > 0 {
				fired = append(fired, r.Alert)
				if vector[0].Metric.Get("job") == "" && r.Alert != "ConnectorAbsent" {
					t.Errorf("%s does not say which job it is about", r.Alert)
				}
			}
			q.Close()
		}
		storage.Close()
		if !slices.Equal(fired, c.fire) {
			t.Errorf("%s: %v fire, want %v", c.name, fired, c.fire)
		}
	}
}
