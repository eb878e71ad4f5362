//go:build torture && linux

package torture

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

type rawMessage = json.RawMessage

// check fails the test for whatever must not have happened.
func (v *verdict) check(t *testing.T, open []string) {
	t.Helper()
	if len(open) > 0 {
		t.Errorf("not delivered and not dead-lettered three minutes after everything worked again, such as:\n  %s", strings.Join(open, "\n  "))
	}
	for _, x := range []struct {
		what string
		list []string
	}{
		{"requests with a wrong signature", v.unsigned},
		{"events with other bytes than were produced", v.mangled},
		{"deliveries of what nobody produced for that mapping", v.strangers},
		{"deliveries of aborted transactions", v.revived},
		{"deliveries after a dead letter, with no fault in between", v.afterLetter},
	} {
		if n := len(x.list); n > 0 {
			t.Errorf("%d %s, such as:\n  %s", n, x.what, strings.Join(x.list[:min(n, 10)], "\n  "))
		}
	}
}

// text is the report.
func (r *run) text(v verdict, took time.Duration) string {
	var b strings.Builder
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	fmt.Fprintf(&b, "### Seed %d, %v\n\nCommit %s, %s, Apache Kafka 4.3, three nodes; %d faults in %v, %d events a second.\n\n", *seed, *duration, commit, runtime.Version(), len(r.history.all), took.Round(time.Second), *perSec)
	fmt.Fprintf(&b, "| | |\n|---|---|\n")
	line := func(what string, n int) { fmt.Fprintf(&b, "| %s | %d |\n", what, n) }
	line("events produced", v.events)
	line("of these acknowledged by Kafka", v.acknowledged)
	line("of these in aborted transactions", v.aborted)
	line("deliveries owed (events × mappings they are for)", v.pairs)
	line("**lost**", len(v.lost))
	line("**wrong signature**", len(v.unsigned))
	line("**wrong body**", len(v.mangled))
	line("**delivered from an aborted transaction**", len(v.revived))
	line("**delivered to a mapping it is not for**", len(v.strangers))
	line("**delivered after its dead letter**, no fault in between", len(v.afterLetter))
	line("delivered after its dead letter, a fault in between", v.afterLetterWithFault)
	line("delivered", v.deliveries)
	line("requests", v.requests)
	line("of these not answered with 200", v.refused)
	for _, reason := range slices.Sorted(maps.Keys(v.byReason)) {
		line("dead letters, "+reason, v.byReason[reason])
	}
	line("dead letters that are there twice", v.lettersTwice)
	line("duplicates", v.duplicatesInAll)
	line("of these because the endpoint took an event and did not say so", v.unheard)
	count := map[string]int{}
	for _, d := range r.history.all {
		count[d.name]++
	}
	b.WriteString("\n| fault | times | deliveries before or during it that came again |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", name, count[name], v.duplicates[name])
	}
	if n := v.duplicates[noFault]; n > 0 {
		fmt.Fprintf(&b, "| %s | 0 | %d |\n", noFault, n)
	}
	var exits []string
	for _, m := range append(r.members, r.guest) {
		exits = append(exits, m.exits...)
	}
	if len(exits) > 0 {
		fmt.Fprintf(&b, "\nProcesses that ended by themselves, and were started again:\n\n- %s\n", strings.Join(exits, "\n- "))
	}
	return b.String() + "\n"
}
