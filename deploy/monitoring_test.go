package deploy_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Whoever renames a metric is told here which alert and which panel would go blind. That the expressions parse, make manifests checks.
func TestAlertsAndDashboardNameMetricsThatExist(t *testing.T) {
	golden := string(read(t, "connector/testdata/metrics.golden"))
	exist := regexp.MustCompile(`(?m)^connector_\w+`).FindAllString(golden, -1)
	for _, file := range []string{"deploy/prometheus/rules.yaml", "deploy/grafana/dashboard.json"} {
		names := regexp.MustCompile(`connector_\w+`).FindAllString(string(read(t, file)), -1)
		if len(names) < 10 {
			t.Errorf("%s names %d metrics, want more", file, len(names))
		}
		for _, name := range names {
			base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
			if !slices.Contains(exist, name) && !slices.Contains(exist, base) {
				t.Errorf("%s names %s, which /metrics does not have", file, name)
			}
		}
	}
}

// Every number that is there can be looked at.
func TestDashboardShowsEveryMetric(t *testing.T) {
	dashboard := string(read(t, "deploy/grafana/dashboard.json"))
	if !json.Valid([]byte(dashboard)) {
		t.Fatal("deploy/grafana/dashboard.json is no JSON")
	}
	for _, name := range regexp.MustCompile(`(?m)^connector_\w+`).FindAllString(string(read(t, "connector/testdata/metrics.golden")), -1) {
		if !strings.Contains(dashboard, name) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}
