//go:build differential

package mapping

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/reference"
)

var flags = reference.DefineFlags()

// question is one case for answers.mjs.
type question struct {
	Mapping string `json:"mapping"`
	Event   string `json:"event"`
}

type answer struct {
	OK     bool
	Output *string
	Error  string
}

// TestDifferential asks Segment's mapping kit what it makes of random mappings and of recorded ones that were changed,
// each with an event. The directives have to give the same output, or refuse what it refuses. So does what an event
// really goes through: loading, reading and resolving with the quick ways that there are.
func TestDifferential(t *testing.T) {
	if flags.Packages == "" {
		t.Fatal("needs the folder of Segment's packages; run it with make differential")
	}
	questions := randomQuestions(t)
	lines := make([][]byte, len(questions))
	for i, q := range questions {
		lines[i] = []byte(`{"mapping":` + quotedText(q.Mapping) + `,"event":` + quotedText(q.Event) + `}`)
	}
	answers, err := reference.Ask(t.Context(), lines, "testdata/differential/answers.mjs", flags.Packages, "mappings")
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	_, patterns := differences(t)
	outcomes := map[string]int{}
	for i, q := range questions {
		var a answer
		if err := json.Unmarshal(answers[i], &a); err != nil {
			t.Fatal(err)
		}
		outcome, problem := q.check(a)
		if problem != "" {
			if outcome = named(patterns, q.Mapping, q.Event); outcome == "" {
				t.Errorf("case %d\nmapping %s\nevent   %s\nSegment %s\n%s", i, q.Mapping, q.Event, a, problem)
				outcome = "differs"
			}
		}
		outcomes[outcome]++
	}
	for outcome, n := range outcomes {
		t.Logf("%6d %s", n, outcome)
	}
}

func randomQuestions(t *testing.T) []question {
	t.Helper()
	a := author{Rand: rand.New(rand.NewPCG(flags.Seed, 2))}
	corners, err := os.ReadFile("liquid/testdata/corners.txt")
	if err != nil {
		t.Fatal(err)
	}
	a.templates = strings.Split(strings.TrimSpace(string(corners)), "\n")
	var recorded []vector
	for _, v := range rows[vector](t, "mappings.jsonl.gz") {
		if len(v.Mapping) < 2000 && len(v.Event) < 10_000 {
			recorded = append(recorded, v)
		}
	}
	questions := make([]question, flags.Cases)
	for i := range questions {
		q := question{a.whole(), a.event()}
		switch a.IntN(10) {
		case 0, 1:
			mapping, err := document.Parse([]byte(pick(a.Rand, recorded...).Mapping))
			if err != nil {
				t.Fatal(err)
			}
			q = question{string(a.changed(mapping).AppendJSON(nil)), pick(a.Rand, recorded...).Event}
		case 2:
			q.Event = pick(a.Rand, recorded...).Event
		}
		questions[i] = q
	}
	return questions
}

// String returns the answer for messages.
func (a answer) String() string {
	switch {
	case !a.OK:
		return "refuses: " + strings.TrimSpace(a.Error)
	case a.Output == nil:
		return "(nothing)"
	}
	return *a.Output
}

// check returns an outcome, or what is not as Segment has it.
func (q question) check(a answer) (outcome, problem string) {
	want := vector{OK: a.OK, Output: a.Output, Stage: "refused"}.want()
	got := resolveWhole(q.Mapping, q.Event)
	switch {
	case (got.stage == "") != a.OK:
		return "", fmt.Sprintf("here    %+v", got)
	case a.OK && got.output != want.output:
		return "", "here    " + got.output
	}
	if problem := checkLoaded(q.Mapping, q.Event, want); problem != "" {
		return "", problem
	}
	if a.OK {
		return "the same output", ""
	}
	return "refused by both", ""
}
