//go:build differential

package trigger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"segment-webhooks/mapping/reference"
	"segment-webhooks/mapping/trigger"
)

var flags = reference.DefineFlags()

// question is one case for answers.mjs, with what is to be made of the answer.
type question struct {
	FQL   string   `json:"fql"`
	Event string   `json:"event"`
	Parts []string `json:"parts,omitempty"`

	kind  string
	holds func(parts []bool) bool // of a nested trigger
}

type answer struct {
	Valid, Match bool
	Parts        []bool
}

// TestDifferential asks Segment's parser and evaluator about three kinds of triggers. What its editor writes must give
// its answer. Conditions that it understands, in groups and negations that it does not, must mean what they say. Anything
// else, recorded triggers and the editor's with a few random edits, must end in one of the ways of judge.
func TestDifferential(t *testing.T) {
	if flags.Packages == "" {
		t.Fatal("needs the folder of Segment's packages; run it with make differential")
	}
	e := editor{rand.New(rand.NewPCG(flags.Seed, 1))}
	recorded := rows(t)
	questions := make([]question, flags.Cases)
	lines := make([][]byte, len(questions))
	for i := range questions {
		questions[i] = pick(e.Rand, e.edited, e.nested, func() question { return e.mutated(recorded) })()
		line, err := json.Marshal(questions[i])
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = line
	}
	answers, err := reference.Ask(t.Context(), lines, "../testdata/differential/answers.mjs", flags.Packages, "triggers")
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	outcomes := map[string]int{}
	for i, q := range questions {
		var a answer
		if err := json.Unmarshal(answers[i], &a); err != nil {
			t.Fatal(err)
		}
		outcome, ok := q.check(t, a)
		outcomes[q.kind+", "+outcome]++
		if !ok {
			t.Errorf("case %d, %s: %s; Segment gives %+v: %q on %s", i, q.kind, outcome, a, q.FQL, q.Event)
		}
	}
	tell(t, outcomes)
}

// check says how the package's answer relates to Segment's, and whether that may be.
func (q question) check(t *testing.T, a answer) (outcome string, ok bool) {
	t.Helper()
	switch q.kind {
	case "from the editor":
		outcome, _, _ = judge(t, q.FQL, q.Event, a.Valid, a.Match)
		return outcome, outcome == "agree"
	case "nested":
		tr, err := trigger.Parse(q.FQL)
		if err != nil {
			return "refused: " + err.Error(), false
		}
		want := q.holds(a.Parts)
		if run(t, tr, q.Event) != want {
			return fmt.Sprintf("not what it says, %t", want), false
		}
		if a.Valid && a.Match == want {
			return "as it says and as Segment", true
		}
		return "as it says", differences(tr) != nil
	}
	outcome, _, ok = judge(t, q.FQL, q.Event, a.Valid, a.Match)
	return outcome, ok
}

func (e editor) edited() question {
	return question{kind: "from the editor", FQL: e.trigger(), Event: e.event()}
}

// nested writes a trigger with groups and negations at will. Its parts are conditions that Segment understands.
func (e editor) nested() question {
	q := question{kind: "nested", Event: e.event()}
	q.FQL, _, q.holds = e.tree(3, &q.Parts)
	return q
}

// tree writes a condition, a negation or a list. single is set where that may stand in a list without parentheses.
func (e editor) tree(depth int, parts *[]string) (text string, single bool, holds func([]bool) bool) {
	k := e.IntN(5)
	if depth == 0 {
		k = 0
	}
	switch k {
	case 0, 1:
		text, function := e.condition()
		i := len(*parts)
		*parts = append(*parts, text)
		switch leaf := func(parts []bool) bool { return parts[i] }; e.IntN(6) {
		case 0:
			return crowded(text), true, leaf
		case 1:
			if function {
				text = "(" + text + ")" // without them it would be the negative test
			}
			return "not " + text, true, func(parts []bool) bool { return !parts[i] }
		default:
			return text, true, leaf
		}
	case 2:
		text, _, inner := e.tree(depth-1, parts)
		return pick(e.Rand, "!", "not ", "! ") + "(" + text + ")", true, func(parts []bool) bool { return !inner(parts) }
	}
	every := e.IntN(2) == 0
	var texts []string
	var all []func([]bool) bool
	for range 2 + e.IntN(2) {
		text, single, inner := e.tree(depth-1, parts)
		if !single || e.IntN(8) == 0 {
			text = "(" + text + ")"
		}
		texts, all = append(texts, text), append(all, inner)
	}
	return strings.Join(texts, map[bool]string{true: " and ", false: " or "}[every]), false, func(parts []bool) bool {
		return slices.ContainsFunc(all, func(holds func([]bool) bool) bool { return holds(parts) != every }) != every
	}
}

// crowded returns a condition without the blanks that Segment needs around signs.
func crowded(text string) string {
	for _, sign := range []string{"=", "!=", "<", "<=", ">", ">="} {
		text = strings.Replace(text, " "+sign+" ", sign, 1)
	}
	return text
}

// mutated takes a recorded trigger, or one of the editor's, and makes some edits without sense.
func (e editor) mutated(recorded []vector) question {
	row := pick(e.Rand, recorded...)
	q := question{kind: "mutated", FQL: row.FQL, Event: row.Event}
	if e.IntN(3) == 0 || len(row.FQL) > 300 {
		q.FQL = e.trigger()
	}
	if e.IntN(3) == 0 || len(row.Event) > 5000 {
		q.Event = e.event()
	}
	text := []rune(q.FQL)
	for range e.IntN(4) {
		from := e.IntN(len(text) + 1)
		to := min(len(text), from+e.IntN(4))
		insert := []rune(pick(e.Rand, "", " ", "!", "=", "(", ")", ",", ".", "\\", "\"", "'", "*", "-", "1", "a", "é", "\n", " and ", " or ", "not ",
			"null", "true", "contains(", "match(", "properties.", "event", "type = ", ">=", "5", "[0]", string(text[:min(len(text), 20)])))
		text = slices.Replace(text, from, to, insert...)
	}
	q.FQL = string(text)
	return q
}
