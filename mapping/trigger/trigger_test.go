package trigger_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

func mustParse(t testing.TB, text string) *trigger.Trigger {
	t.Helper()
	tr, err := trigger.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tr
}

func TestExplain(t *testing.T) {
	for _, c := range []struct{ fql, event, want string }{
		{`event = "Order Completed"`, `{"event":"Cart Viewed"}`, `event is "Cart Viewed", not "Order Completed"`},
		{`event = "Order Completed"`, `{"event":"Order Completed"}`, ``},
		{`event = "Order Completed"`, `{}`, `event is missing`},
		{`event = "x"`, `{"event":null}`, `event is null; = looks at strings only`},
		{`type != "track"`, `{"type":"track"}`, `type is "track", which != "track" rules out`},
		{`properties.total > 10`, `{}`, `properties.total is missing`},
		{`properties.total > 10`, `{"properties":{"total":5}}`, `properties.total is 5 (number), not above 10`},
		{`properties.price > 5`, `{"properties":{"price":"6"}}`, `properties.price is "6", a string; > compares numbers only`},
		{`properties.price < 5`, `{"properties":{"price":6.50}}`, `properties.price is 6.5 (number), not below 5`},
		{`properties.price <= 5`, `{"properties":{"price":6}}`, `properties.price is 6 (number), not at most 5`},
		{`properties.price >= 5`, `{"properties":{"price":4}}`, `properties.price is 4 (number), not at least 5`},
		{`properties.price >= 5`, `{"properties":{"price":true}}`, `properties.price is true (boolean); >= compares numbers only`},
		{`properties.price > "abc"`, `{"properties":{"price":4}}`, `properties.price is 4 (number); the trigger compares it with something that is no number`},
		{`properties.x = 5`, `{"properties":{"x":6}}`, `properties.x is 6 (number), not 5`},
		{`properties.x = 5`, `{"properties":{"x":"5"}}`, `properties.x is "5", a string; = compares numbers only`},
		{`properties.x != 5`, `{"properties":{"x":5}}`, `properties.x is 5 (number), which != 5 rules out`},
		{`properties.x != 5`, `{"properties":{"x":[5]}}`, `properties.x is an array; != compares numbers only`},
		{`properties.x = "5"`, `{"properties":{"x":5}}`, `properties.x is 5 (number); = looks at strings only`},
		{`properties.x = true`, `{"properties":{"x":false}}`, `properties.x is false (boolean), not true`},
		{`properties.x = false`, `{"properties":{"x":"false"}}`, `properties.x is "false", not false`},
		{`properties.x = null`, `{"properties":{"x":{}}}`, `properties.x is an object, but must be missing or null`},
		{`properties.x != null`, `{"properties":{"x":null}}`, `properties.x is null`},
		{`properties.x != null`, `{}`, `properties.x is missing`},
		{`contains(event, "Or")`, `{"event":"Cart"}`, `event is "Cart", which does not contain "Or"`},
		{`!contains(event, "Ca")`, `{"event":"Cart"}`, `event is "Cart", which contains "Ca"`},
		{`!contains(event, "Ca")`, `{}`, `event is missing; !contains looks at strings only`},
		{`match(event, "Or*")`, `{"event":"Cart"}`, `event is "Cart", which does not start with "Or"`},
		{`!match(event, "Ca*")`, `{"event":"Cart"}`, `event is "Cart", which starts with "Ca"`},
		{`match(event, "*x")`, `{"event":"Cart"}`, `event is "Cart", which does not end with "x"`},
		{`!match(event, "*t")`, `{"event":"Cart"}`, `event is "Cart", which ends with "t"`},
		{`match(event, "*t")`, `{"event":7}`, `event is 7 (number); match looks at strings only`},

		{`type = "track" and event = "a"`, `{"type":"track","event":"b"}`, `event is "b", not "a"`},
		{`type = "track" and event = "a"`, `{"type":"page","event":"b"}`, `type is "page", not "track"`},
		{`event = "a" or event = "b" or event = "c"`, `{"event":"x"}`, `event is "x", not "a", "b" or "c"`},
		{`event = "a" or event = "b" or event = "c" or event = "d" or event = "e"`, `{"event":"x"}`, `event is "x", not one of the 5 wanted texts`},
		{`event = "a" or event = "b"`, `{}`, `no alternative holds: event is missing; event is missing`},
		{`event = "a" or properties.n > 1`, `{"event":"x"}`, `no alternative holds: event is "x", not "a"; properties.n is missing`},
		{`type = "track" and (event = "a" or event = "b")`, `{"type":"track","event":"x"}`, `event is "x", not "a" or "b"`},
		{`!(type = "track")`, `{"type":"track"}`, `type is "track", so the negated (type = "track") holds`},
		{`!(type = "track" or type = "page")`, `{"type":"page"}`, `type is "page", so the negated type = "page" holds`},
		{`!(type = "track" and event = "a")`, `{"type":"track","event":"a"}`, `the negated (type = "track" and event = "a") holds`},
		{`!!(type = "track")`, `{"type":"page"}`, `type is "page", not "track"`},
		{`event = "a"`, `{"event":"0123456789012345678901234567890123456789012345678901234567890123456789"}`, `event is "012345678901234567890123456789012345678901234567890123456789…", not "a"`},
	} {
		var paths document.Paths
		conditions := trigger.NewConditions(&paths)
		program := mustParse(t, c.fql).Compile(conditions)
		s := conditions.NewAnswers(document.NewScanner(&paths))
		if err := s.Scan([]byte(c.event)); err != nil {
			t.Fatal(err)
		}
		if got := program.Explain(s); got != c.want {
			t.Errorf("%s on %s:\n got %s\nwant %s", c.fql, c.event, got, c.want)
		}
	}
}

func TestRequires(t *testing.T) {
	none := []string{}
	for _, c := range []struct {
		fql           string
		types, events []string
	}{
		{`type = "track"`, []string{"track"}, nil},
		{`type = "track" and event = "a"`, []string{"track"}, []string{"a"}},
		{`type = "track" or event = "a"`, nil, nil},
		{`type = "track" or type = "page" or type = "track"`, []string{"track", "page"}, nil},
		{`type = "track" and (event = "a" or event = "b")`, []string{"track"}, []string{"a", "b"}},
		{`type = "track" and type = "page"`, none, nil},
		{`type = "track" and type = "page" and type = "track"`, none, nil},
		{`(type = "track" and type = "page") or event = "a"`, nil, nil},
		{`(type = "track" and type = "page") or type = "screen"`, []string{"screen"}, nil},
		{`(type = "a" or type = "b") and (type = "b" or type = "c")`, []string{"b"}, nil},
		{`type != "track"`, nil, nil},
		{`!(type != "track")`, []string{"track"}, nil},
		{`!(type = "track")`, nil, nil},
		{`!(type != "track" or event != "a")`, []string{"track"}, []string{"a"}},
		{`!(type != "track" and type != "page")`, []string{"track", "page"}, nil},
		{`contains(event, "a") and properties.event = "b"`, nil, nil},
		{`properties.x = 1`, nil, nil},
	} {
		types, events := mustParse(t, c.fql).Requires()
		if diff := cmp.Diff([][]string{c.types, c.events}, [][]string{types, events}); diff != "" {
			t.Errorf("%s: want - got +\n%s", c.fql, diff)
		}
	}
}

// TestFaults: all faults of a text are found, each where it is, and none that only follows from another.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ fql, want string }{
		{
			`groupId = 'g' AND contains(type, "x") or event = null`,
			"1:1 unknown-field, 1:11 single-quotes, 1:15 wrong-case, 1:28 function-field, 1:39 mixed-and-or, 1:50 null-text",
		},
		{"type = \"a\" and\n\tproperties.0 = 1\n\tor match(event, \"é\")", "2:13 bad-path, 3:2 mixed-and-or, 3:18 bad-pattern"},
		{`type = "track" && event == "x"`, "1:16 bad-character, 1:25 unknown-operator"},
		{`contains(type, "x"))`, "1:10 function-field, 1:20 unbalanced"},
		{`(type = "a" and (event = "b")`, "1:1 unbalanced"},
		{`type = "a")) and )event = "b"`, "1:11 unbalanced, 1:12 unbalanced, 1:18 unbalanced"},
		{`foo(bar = "x") and baz = 1`, "1:1 unknown-function, 1:20 unknown-field"},
		{`é = 1`, "1:1 bad-character"},
		{`type = "a" or type = "b" and type = "c" or type = "d"`, "1:26 mixed-and-or"},
		{
			`a=1 or b=1 or c=1 or d=1 or e=1 or f=1 or g=1 or h=1 or i=1 or j=1 or k=1 or l=1`,
			"1:1 unknown-field, 1:8 unknown-field, 1:15 unknown-field, 1:22 unknown-field, 1:29 unknown-field, " +
				"1:36 unknown-field, 1:43 unknown-field, 1:50 unknown-field, 1:57 unknown-field, 1:64 unknown-field",
		},
	} {
		_, err := trigger.Parse(c.fql)
		var faults trigger.Errors
		if !errors.As(err, &faults) {
			t.Fatalf("%s: %v", c.fql, err)
		}
		got := ""
		for i, e := range faults {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprintf("%d:%d %s", e.Pos.Line, e.Pos.Column, e.Reason)
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.fql, got, c.want)
		}
		var one *trigger.Error
		if !errors.As(err, &one) || one != faults[0] {
			t.Errorf("%s: errors.As gives %v", c.fql, one)
		}
		checkFaults(t, c.fql, err)
	}
}

// TestHints: the fix in the message is the one for the slip at hand.
func TestHints(t *testing.T) {
	for _, c := range []struct{ fql, want string }{
		{`type == "track"`, "write ="},
		{`type is "track"`, "write ="},
		{`type =! "track"`, "write !="},
		{`type neq "track"`, "write !="},
		{`type ! = "track"`, "write !="},
		{`! = "track"`, "write !="},
		{`properties.x => 5`, "write >="},
		{`properties.x lte 5`, "write <="},
		{`properties.x gt 5`, "write >"},
		{`properties.x lt 5`, "write <"},
		{`properties.x exists and type = "a"`, "write properties.x != null"},
		{`properties.x not_exists and type = "a"`, "write properties.x = null"},
		{`properties.x is_true and type = "a"`, "write properties.x = true"},
		{`properties.x is_false and type = "a"`, "write properties.x = false"},
		{`type in ["a"]`, `write field = "a" or field = "b", in parentheses beside an and`},
		{`type not "a"`, "write not or ! before the field, or !="},
		{`event startsWith "a"`, `write match(field, "start*") or match(field, "*end")`},
		{`event includes "a"`, `write contains(field, "…")`},
		{`exists(properties.x)`, "write field != null"},
		{`length(properties.x) > 1`, "write the length as a path, as in properties.items.length > 1"},
		{`startsWith(event, "a")`, `write match(field, "start*")`},
		{`endsWith(event, "a")`, `write match(field, "*end")`},
		{`includes(event, "a")`, `write contains(field, "…")`},
		{`lowercase(event) = "a"`, `there are contains(field, "…") and match(field, "…*")`},
		{`propertys.x = 1`, "write properties if that is meant; there are type, event, name, userId, properties.…, traits.… and context.…"},
		{`user_id = "a"`, "write userId if that is meant; there are type, event, name, userId, properties.…, traits.… and context.…"},
		{`anonymousId = "a"`, "there are type, event, name, userId, properties.…, traits.… and context.…"},
		{`aNameThatIsLongerThanAnyField = "a"`, "there are type, event, name, userId, properties.…, traits.… and context.…"},
		{`contains(type, "a")`, `compare it whole, as in type = "track", or join several such with or`},
		{`match(event, "*a*")`, `write contains(event, "a")`},
		{`match(event, "a*b")`, `write match(event, "a*") and match(event, "*b")`},
		{`match(event, "a")`, `write event = "a", or "a*", or "*a"`},
		{`contains(event, "a", "b")`, `write contains(event, "…")`},
		{`properties["x y"][0].née = 1`, `write properties.x\ y.\0.n\ée`},
		{`properties.a😀 = 1`, "a key with an emoji in it cannot be tested; a text goes into double quotes"},
		{`event = 'a'`, `write "a"`},
		{`event = 'say "a"'`, `use double quotes; a " inside a text cannot be written at all`},
		{`event = "a"; type = "b"`, "take out the ; behind it"},
		{`event = NULL`, `write null, or "NULL" if the text is meant`},
		{`a = 1 || b = 2`, "there are type, event, name, userId, properties.…, traits.… and context.…"},
		{`type = "a" || type = "b"`, "write or"},
		{"type\u00a0= \"a\"", "it is invisible: take it out or replace it by an ordinary blank"},
	} {
		_, err := trigger.Parse(c.fql)
		var e *trigger.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: loads", c.fql)
			continue
		}
		if e.Hint != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.fql, e.Hint, c.want)
		}
	}
}

func TestCaret(t *testing.T) {
	for _, c := range []struct{ fql, want string }{
		{"type = \"a\" and\n\tgrüße = 1 and event = \"x\"", "\tgrüße = 1 and event = \"x\"\n" +
			"\t  ^ ü cannot stand in a name as it is\n" +
			"  Segment does not parse this either: the mapping would never fire\n" +
			"  write gr\\ü\\ße; a text goes into double quotes"},
		{
			`event = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" AND name = "b"`,
			"…" + `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" AND name = "b"` + "\n" +
				`                                                             ^^^ AND is not a word of the language` + "\n" +
				"  Segment ignores it and joins with and\n  write and",
		},
	} {
		_, err := trigger.Parse(c.fql)
		var e *trigger.Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, e.Caret()); diff != "" {
			t.Errorf("%s: want - got +\n%s", c.fql, diff)
		}
	}
}

// What several triggers ask is one condition, whatever they ask it with; what differs is not.
func TestConditionsAreShared(t *testing.T) {
	var paths document.Paths
	conditions := trigger.NewConditions(&paths)
	for _, step := range []struct {
		trigger string
		want    int // conditions so far
	}{
		{`type = "track" and event = "a"`, 2},
		{`type = "track" and event = "a"`, 2},
		{`type = "track" and event != "a"`, 3},
		{`event = "b" or event != "a"`, 4},
		{`name = "a" and userId = null and userId != null`, 7},
		{`userId != null or userId = null`, 7},
		{`properties.n = 5 and properties.n = "5" and properties.n != 5`, 10},
		{`properties.n > 1 and properties.n > 2 and properties.n >= 1`, 13},
		{`properties.n > 1 and properties.n > 2 and properties.n = 5.0`, 13},
		{`contains(event, "a") and !contains(event, "a") and match(event, "a*") and match(event, "*a")`, 17},
		{`match(event, "*a") and !contains(event, "a") and properties.n = true and properties.n = false`, 19},
		{`properties.n = true`, 19},
	} {
		mustParse(t, step.trigger).Compile(conditions)
		if got := conditions.Len(); got != step.want {
			t.Errorf("after %s there are %d conditions, want %d", step.trigger, got, step.want)
		}
	}
}
