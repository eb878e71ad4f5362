package trigger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

// editor writes triggers as Segment's editor does: all or any of some conditions, one group among them, a function only
// in last place of the group.
type editor struct{ *rand.Rand }

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func (e editor) trigger() string {
	joint := pick(e.Rand, " and ", " or ")
	parts := make([]string, 1+e.IntN(3))
	for i := range parts {
		parts[i], _ = e.condition()
	}
	if e.IntN(3) == 0 {
		var group []string
		for range 2 + e.IntN(2) {
			text, function := e.condition()
			if group = append(group, text); function {
				break
			}
		}
		parts = append(parts, "("+strings.Join(group, pick(e.Rand, " and ", " or "))+")")
	}
	return strings.Join(parts, joint)
}

// condition writes one, and tells whether it is a function call.
func (e editor) condition() (text string, function bool) {
	if e.IntN(4) == 0 {
		return fmt.Sprintf("type %s %s", pick(e.Rand, "=", "!="), e.text("track", "identify", "page", "")), false
	}
	field := pick(e.Rand, "event", "name", "userId")
	object := e.IntN(2) == 0
	if object {
		field = pick(e.Rand, "properties.", "traits.", "context.") + escapeName(pick(e.Rand, "x", "a.b", "items[0].sku", "product 1", "née", "x-y_z", "list.length", "$x"))
	}
	switch k := e.IntN(9); {
	case k < 3:
		return fmt.Sprintf("%s %s %s", field, pick(e.Rand, "=", "!="), e.text("x", "xy", "5", "true", "null", "Order Completed", "a?b[c]", `C:\`, "")), false
	case k == 3 && field != "event":
		return field + pick(e.Rand, " = null", " != null"), false
	case k == 4 && object:
		return field + pick(e.Rand, " = true", " = false"), false
	case k == 5 && object:
		return fmt.Sprintf("%s %s %s", field, pick(e.Rand, "=", "!=", "<", "<=", ">", ">="), pick(e.Rand, "5", "-1", "2.5", "0", "1000000000000000000000")), false
	case k < 8:
		return fmt.Sprintf("%scontains(%s, %s)", pick(e.Rand, "", "!"), field, e.text("x", "Order", "", "a?b", "é", `\`)), true
	default:
		return fmt.Sprintf("%smatch(%s, %s)", pick(e.Rand, "", "!"), field, pick(e.Rand, `"x*"`, `"*y"`, `"*"`, `"Order*"`, `"a?b[c]*"`, `"*\"`)), true
	}
}

func (e editor) text(values ...string) string { return `"` + pick(e.Rand, values...) + `"` }

// escapeName writes a property's name as the editor does.
func escapeName(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// event writes an event with something at most of the places that condition looks at.
func (e editor) event() string {
	value := func() any {
		return pick[any](e.Rand, "x", "xy", "Order Completed", "5", "", "true", "a?b[c]d", 5, 2.5, 0, -1, true, false, nil, []any{"x"}, map[string]any{"b": "x"})
	}
	object := func() any {
		if e.IntN(6) == 0 {
			return value()
		}
		members := map[string]any{}
		for _, key := range []string{"x", "a", "product 1", "née", "x-y_z", "list", "$x"} {
			if e.IntN(4) > 0 {
				members[key] = value()
			}
		}
		if e.IntN(2) == 0 {
			members["a"] = map[string]any{"b": value()}
			members["items"] = []any{map[string]any{"sku": value()}}
		}
		return members
	}
	event := map[string]any{"type": pick(e.Rand, "track", "identify", "page")}
	for _, key := range []string{"event", "name", "userId"} {
		if e.IntN(3) > 0 {
			event[key] = value()
		}
	}
	for _, key := range []string{"properties", "traits", "context"} {
		if e.IntN(5) > 0 {
			event[key] = object()
		}
	}
	text, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestEditorTriggers: whatever Segment's editor writes loads, with no difference, and gives Segment's answer.
func TestEditorTriggers(t *testing.T) {
	e := editor{rand.New(rand.NewPCG(1, 2))}
	matches := 0
	const rounds = 5_000
	for range rounds {
		text, event := e.trigger(), e.event()
		tr, err := trigger.Parse(text)
		if err != nil {
			t.Fatalf("%s is refused: %v", text, err)
		}
		if named := differences(tr); named != nil {
			t.Fatalf("%s loads with a difference: %s", text, join(named))
		}
		got := run(t, tr, event)
		n, ok := segParse(text)
		v, err := document.Parse([]byte(event))
		if err != nil {
			t.Fatal(err)
		}
		if want := segMatch(n, v); !ok || got != want {
			t.Fatalf("%s on %s: got %t, Segment gives %t (parses: %t)", text, event, got, want, ok)
		}
		if got {
			matches++
		}
	}
	if matches < rounds/10 || matches > rounds*9/10 {
		t.Errorf("%d of %d match: too lopsided to prove much", matches, rounds)
	}
}

func seeds(f *testing.F, add func(fql, event string)) {
	seen := map[string]bool{}
	for _, row := range rows(f) {
		if !seen[row.FQL] && len(row.FQL) < 200 {
			seen[row.FQL] = true
			add(row.FQL, row.Event)
		}
	}
}

// FuzzParse: no text makes Parse panic; every fault has a reason, a place inside the text and a caret under it.
func FuzzParse(f *testing.F) {
	seeds(f, func(fql, _ string) { f.Add(fql) })
	f.Fuzz(func(t *testing.T, text string) {
		tr, err := trigger.Parse(text)
		if err != nil {
			checkFaults(t, text, err)
			return
		}
		for _, n := range tr.Notes() {
			if n.Reason.Class() == trigger.Refusal || n.Pos.Offset >= len(text) || n.Message == "" {
				t.Errorf("%q has the note %+v", text, n)
			}
		}
	})
}

func checkFaults(t *testing.T, text string, err error) {
	t.Helper()
	var faults trigger.Errors
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("error %v is no trigger.Errors", err)
	}
	last := 0
	for _, e := range faults {
		if e.Reason.Class() != trigger.Refusal || e.Reason.String() == "none" || e.Message == "" || e.Segment == "" || e.Hint == "" {
			t.Errorf("%q: incomplete fault %+v", text, e)
		}
		if e.Pos.Offset < last || e.Pos.Offset > len(text) || e.End < e.Pos.Offset || e.End > len(text) {
			t.Errorf("%q: fault out of place %+v", text, e)
		}
		last = e.Pos.Offset
		lines := strings.Split(e.Caret(), "\n")
		if len(lines) != 4 || !strings.HasPrefix(strings.TrimLeft(lines[1], " \t"), "^") {
			t.Errorf("%q: caret form %q", text, e.Caret())
		}
	}
}

// FuzzMatch: whatever loads without a named difference gives Segment's answer on any event, and evaluating never panics.
func FuzzMatch(f *testing.F) {
	seeds(f, func(fql, event string) { f.Add(fql, event) })
	f.Fuzz(func(t *testing.T, text, event string) {
		tr, err := trigger.Parse(text)
		if err != nil {
			return
		}
		v, err := document.Parse([]byte(event))
		if err != nil || v.Kind() != document.Object {
			event = "{}"
			v, _ = document.Parse([]byte(event))
		}
		got := run(t, tr, event)
		if differences(tr) != nil {
			return
		}
		n, ok := segParse(text)
		if want := ok && segMatch(n, v); !ok || got != want {
			t.Errorf("%q on %s: got %t, Segment gives %t (parses: %t)", text, event, got, want, ok)
		}
	})
}
