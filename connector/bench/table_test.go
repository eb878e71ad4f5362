//go:build bench && linux

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// median is the middle of what the rounds gave.
func median[T any, N int | float64 | time.Duration](rs []T, value func(T) N) N {
	var all []N
	for _, r := range rs {
		all = append(all, value(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func cost(r result) float64 { return r.cost }
func rate(r result) float64 { return r.rate }

// ratio is the median of what the rounds gave for one cell in relation to another.
func (b *bench) ratio(of, to string, value func(result) float64) (float64, bool) {
	x, y := b.results[of], b.results[to]
	if len(x) == 0 || len(x) != len(y) {
		return 0, false
	}
	var all []float64
	for i := range x {
		all = append(all, value(x[i])/value(y[i]))
	}
	slices.Sort(all)
	return all[len(all)/2], true
}

// table is what the benchmark prints.
func (b *bench) table(all []scenario) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s\n\n", machine(*rounds))
	t.WriteString("| scenario | | CPU µs an event | ÷ limit | events/s on one CPU | peak memory MiB |\n|---|---|---|---|---|---|\n")
	most := 0
	for _, s := range all {
		rs := b.results[s.name]
		if len(rs) == 0 {
			continue
		}
		memory := median(rs, func(r result) int { return r.memory })
		if !s.limit {
			for _, r := range rs {
				most = max(most, r.memory)
			}
		}
		if s.timed {
			fmt.Fprintf(&t, "| %s | %s | append to 2xx: p50 %.1f ms, p99 %.1f ms; with the producer's time: p50 %.1f ms, p99 %.1f ms | | %.0f | %d |\n", s.name, s.about,
				milliseconds(median(rs, func(r result) time.Duration { return r.p50 })), milliseconds(median(rs, func(r result) time.Duration { return r.p99 })),
				milliseconds(median(rs, func(r result) time.Duration { return r.given50 })), milliseconds(median(rs, func(r result) time.Duration { return r.given99 })), median(rs, rate), memory)
			continue
		}
		beside := ""
		if x, ok := b.ratio(s.name, s.beside, cost); ok {
			beside = fmt.Sprintf("%.2f", x)
		}
		fmt.Fprintf(&t, "| %s | %s | %.2f | %s | %.0f | %d |\n", s.name, s.about, median(rs, cost), beside, median(rs, rate), memory)
	}
	t.WriteString("\n| what | here | target |\n|---|---|---|\n")
	goal := func(what, of, to string, value func(result) float64, target string) {
		if x, ok := b.ratio(of, to, value); ok {
			fmt.Fprintf(&t, "| %s | %.2f | %s |\n", what, x, target)
		}
	}
	goal("single requests ÷ limit", "singles", "limit-singles", cost, "≤ 1.6")
	goal("batches ÷ limit", "batches", "limit-batches", cost, "≤ 1.6")
	goal("50 mappings, one fires ÷ 1 mapping, single requests", "singles-50", "singles", cost, "≤ 1.2")
	goal("50 mappings, one fires ÷ 1 mapping, batches", "batches-50", "batches", cost, "≤ 1.8")
	goal("JSON with blanks ÷ without, batches", "batches-spaced", "batches", cost, "≤ 2")
	goal("throughput of 9 mappings with a dead one beside them ÷ with a healthy one", "fan-10-dead", "fan-10", rate, "≥ 0.95")
	goal("the same ÷ without a tenth", "fan-10-dead", "fan-9", rate, "")
	goal("the same, in events for each second of CPU time", "fan-10-dead", "fan-10", func(r result) float64 { return 1 / r.cost }, "≥ 0.95")
	if rs := b.results["singles-latency"]; len(rs) > 0 {
		fmt.Fprintf(&t, "| p99 from append to 2xx at half load, single requests | %.1f ms | ≤ 50 ms |\n", milliseconds(median(rs, func(r result) time.Duration { return r.p99 })))
	}
	if most > 0 {
		fmt.Fprintf(&t, "| most memory in any cell, 8 partitions | %d MiB | ≤ 256 MiB |\n", most)
	}
	return t.String()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// machine says what the figures were taken on.
func machine(rounds int) string {
	model := "unknown CPU"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("Medians of %d rounds; commit %s; %s; %s, one of its CPUs for the connector.", rounds, commit, runtime.Version(), model)
}
