package trigger_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/reference"
	"segment-webhooks/mapping/trigger"
)

// vector is one row of what Segment did, see the README beside the file.
type vector struct {
	ID       string `json:"id"`
	Category string `json:"cat"`
	FQL      string `json:"fql"`
	Event    string `json:"event"`
	Valid    bool   `json:"valid"`
	Match    bool   `json:"match"`
	Throws   bool   `json:"throws"`
}

func rows(t testing.TB) []vector {
	t.Helper()
	all, err := reference.Read[vector]("../testdata/vectors/triggers.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 3647 {
		t.Fatalf("only %d rows", len(all))
	}
	return all
}

// run compiles and evaluates a parsed trigger, and holds the tree, Explain and Requires to the answer.
func run(t testing.TB, tr *trigger.Trigger, event string) bool {
	t.Helper()
	var paths document.Paths
	conditions := trigger.NewConditions(&paths)
	program := tr.Compile(conditions)
	kind, name := paths.Add([]string{"type"}), paths.Add([]string{"event"})
	s := document.NewScanner(&paths)
	answers := conditions.NewAnswers(s)
	if err := answers.Scan([]byte(event)); err != nil {
		t.Fatalf("event %s: %v", event, err)
	}
	match := program.Match(answers)
	if why := program.Explain(answers); (why == "") != match {
		t.Errorf("%s on %s: match is %t, but Explain gives %q", tr, event, match, why)
	}
	if walked := program.Evaluate(answers); walked != match {
		t.Errorf("%s on %s: match is %t, but the tree gives %t", tr, event, match, walked)
	}
	types, events := tr.Requires()
	may := func(wanted []string, slot int) bool {
		return wanted == nil || slices.ContainsFunc(wanted, s.Slot(slot).Equal)
	}
	if match && (!may(types, kind) || !may(events, name)) {
		t.Errorf("%s matches %s, but Requires gives %q and %q", tr, event, types, events)
	}
	return match
}

// differences returns the reasons why a trigger may deliberately answer otherwise than Segment.
func differences(tr *trigger.Trigger) []trigger.Reason {
	var reasons []trigger.Reason
	for _, n := range tr.Notes() {
		if n.Reason.Class() == trigger.Difference {
			reasons = append(reasons, n.Reason)
		}
	}
	return reasons
}

// refusal returns the reason of the first fault.
func refusal(t testing.TB, err error) trigger.Reason {
	t.Helper()
	var faults trigger.Errors
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("error %v is no trigger.Errors", err)
	}
	return faults[0].Reason
}

// judge compares the package's answer with Segment's, which is no match where the text is not valid, and names the
// outcome. reason is that of a refusal. ok is false for an outcome that no named difference explains. It may be one of
// four: the same answer; refused for a reason that is a misreading of Segment's; accepted, with another answer, for a
// named difference; refused by both.
func judge(t testing.TB, fql, event string, valid, match bool) (outcome string, reason trigger.Reason, ok bool) {
	t.Helper()
	tr, err := trigger.Parse(fql)
	if err != nil {
		if reason = refusal(t, err); !valid {
			return "both refuse: " + reason.String(), reason, true
		}
		return "refused: " + reason.String(), reason, misread(reason)
	}
	got := run(t, tr, event)
	named := differences(tr)
	switch {
	case got == match && valid:
		return "agree", 0, true
	case valid:
		return "differs: " + join(named), 0, len(named) > 0
	}
	return "accepted though Segment refuses: " + join(named), 0, len(named) > 0
}

// TestVectors holds the package to Segment's recorded answers.
func TestVectors(t *testing.T) {
	outcomes := map[string]int{}
	refused := map[string]trigger.Reason{} // well-formed categories: text to reason
	for _, row := range rows(t) {
		outcome, reason, ok := judge(t, row.FQL, row.Event, row.Valid, row.Match)
		outcomes[outcome]++
		if !ok {
			t.Errorf("%s %s: %s; Segment gives %t (valid %t): %q on %s", row.ID, row.Category, outcome, row.Match, row.Valid, row.FQL, row.Event)
		}
		if reason != 0 && row.Valid && wellFormed(row.Category) {
			refused[row.FQL] = reason
		}
	}
	tell(t, outcomes)
	checkRefused(t, refused)
}

// tell logs how often each outcome was.
func tell(t *testing.T, outcomes map[string]int) {
	t.Helper()
	for _, outcome := range slices.Sorted(maps.Keys(outcomes)) {
		t.Logf("%6d %s", outcomes[outcome], outcome)
	}
}

func join(reasons []trigger.Reason) string {
	var names []string
	for _, r := range reasons {
		names = append(names, r.String())
	}
	return strings.Join(names, ", ")
}

// misread tells whether reason stands for something that Segment evaluates, but not as it reads.
func misread(reason trigger.Reason) bool {
	switch reason {
	case trigger.Empty, trigger.BadCharacter, trigger.Unclosed, trigger.TooLong, trigger.TooDeep:
		return false
	}
	return reason.Class() == trigger.Refusal
}

// wellFormed tells whether a category of rows holds conditions as the editor or a careful author writes them.
func wellFormed(category string) bool {
	head, _, _ := strings.Cut(category, ".")
	switch head {
	case "type", "event", "name", "userId", "ops", "compare", "contains", "not_contains", "match", "not_match", "and", "or", "paren":
		return category != "event.shape"
	}
	return false
}

// checkRefused holds the texts refused in well-formed categories to the list in refused_test.go.
func checkRefused(t *testing.T, refused map[string]trigger.Reason) {
	t.Helper()
	for _, fql := range slices.SortedFunc(maps.Keys(refused), cmp.Compare) {
		if want, listed := refusedRows[fql]; !listed || want != refused[fql] {
			t.Errorf("%q is refused for %s, listed %t as %s", fql, refused[fql], listed, want)
		}
	}
	for fql, want := range refusedRows {
		if _, seen := refused[fql]; !seen {
			t.Errorf("%q is listed as refused for %s but is not", fql, want)
		}
	}
}

// TestSecondReading holds the second reading of segment_test.go to the recorded answers, so that it may stand for Segment
// in the other tests.
func TestSecondReading(t *testing.T) {
	for _, row := range rows(t) {
		if row.Category == "path.inherited" {
			continue // left out on purpose
		}
		n, ok := segParse(row.FQL)
		event, err := document.Parse([]byte(row.Event))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(ok, ok && segMatch(n, event)); got != fmt.Sprint(row.Valid, row.Match) {
			t.Errorf("%s %s: got %s, want %t %t: %q on %s", row.ID, row.Category, got, row.Valid, row.Match, row.FQL, row.Event)
		}
	}
}
