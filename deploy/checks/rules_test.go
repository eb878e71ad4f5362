package checks

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// read returns a file of the repository.
func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func promQL() parser.Parser { return parser.NewParser(parser.Options{}) }

func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse(read(t, "deploy/prometheus/rules.yaml"), false, model.UTF8Validation, promQL(), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) == 0 {
		t.Fatal("deploy/prometheus/rules.yaml holds no groups")
	}
	var all []rulefmt.Rule
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// What promtool check rules does, and that every alert says what to do.
func TestRules(t *testing.T) {
	runbooks := string(read(t, "deploy/docs/runbooks.md"))
	var names []string
	for _, r := range alerts(t) {
		names = append(names, r.Alert)
		if !strings.Contains(runbooks, "\n## "+r.Alert+"\n") {
			t.Errorf("deploy/docs/runbooks.md has no section %s", r.Alert)
		}
		if want := "deploy/docs/runbooks.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
			t.Errorf("the runbook of %s is %q, want %q", r.Alert, r.Annotations["runbook"], want)
		}
		if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("alert %s lacks a severity, a summary or a description", r.Alert)
		}
	}
	for _, section := range regexp.MustCompile(`(?m)^## (Connector\w+)$`).FindAllStringSubmatch(runbooks, -1) {
		if !slices.Contains(names, section[1]) {
			t.Errorf("deploy/docs/runbooks.md tells what to do about %s, which no rule raises", section[1])
		}
	}
}

// metrics are the names that /metrics has: ours, and those of the process that we use.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{"process_cpu_seconds_total": true, "process_resident_memory_bytes": true}
	for _, m := range regexp.MustCompile(`(?m)^(connector_\w+) (\w+) `).FindAllStringSubmatch(string(read(t, "connector/testdata/metrics.golden")), -1) {
		all[m[1]] = true
		if m[2] == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				all[m[1]+suffix] = true
			}
		}
	}
	return all
}

// uses checks an expression, and that the metrics in it exist.
func uses(t *testing.T, exist map[string]bool, where, expr string) {
	t.Helper()
	parsed, err := promQL().ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %s: %v", where, expr, err)
		return
	}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && !exist[v.Name] {
			t.Errorf("%s: there is no metric %q", where, v.Name)
		}
		return nil
	})
}

func TestEveryMetricExists(t *testing.T) {
	exist := metrics(t)
	for _, r := range alerts(t) {
		uses(t, exist, "alert "+r.Alert, r.Expr)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
	}
	if err := json.Unmarshal(read(t, "deploy/grafana/dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			n++
			uses(t, exist, "panel "+p.Title, strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$mapping", ".*").Replace(target.Expr))
		}
	}
	if n < 20 {
		t.Errorf("found %d queries in the dashboard, want all of them", n)
	}
	for _, v := range dashboard.Templating.List {
		if query, ok := v.Query.(map[string]any); ok {
			text, _ := query["query"].(string)
			uses(t, exist, "variable "+v.Name, strings.NewReplacer("label_values(", "", ", job)", "", ", mapping)", "", "$job", ".*").Replace(text))
		}
	}
}
