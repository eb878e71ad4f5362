package liquid_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

// TestParseErrors checks what Parse refuses, where and in which words.
func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		template     string
		line, column int
		reason       string
	}{
		"disabled tag":             {"a\n {% for i in l %}{% endfor %}", 2, 2, `tag "for" is disabled`},
		"disabled tag not reached": {"{% if false %}{% case n %}{% endif %}", 1, 15, `tag "case" is disabled`},
		"unknown tag":              {"{% nope %}", 1, 1, `tag "nope" does not exist`},
		"closing tag alone":        {"{% endif %}", 1, 1, `tag "endif" does not exist`},
		"output not closed":        {`x {{ "y" `, 1, 3, `output "{{ "y" " is not closed by }}`},
		"tag not closed":           {"{% if x ", 1, 1, `tag "{% if x " is not closed by %}`},
		"raw not closed":           {"{% raw %} {{ x }}", 1, 1, `raw "{% raw %} {{ x }}" is not closed by {% endraw %}`},
		"body not closed":          {"é{% if x %}yes", 1, 2, "tag {% if x %} is not closed by endif"},
		"no tag name":              {"{% %}", 1, 4, "expected the name of a tag"},
		"no value":                 {"{% if %}", 1, 6, "expected a value, not the end"},
		"no variable":              {"{% assign = 1 %}", 1, 11, "expected the name of a variable"},
		"no assignment":            {"{% assign x 1 %}", 1, 13, "expected = behind the name of a variable"},
		"no filter":                {"{{ x | : 1 }}", 1, 8, `expected the name of a filter, not ": 1"`},
		"no colon":                 {"{{ x | append 1 }}", 1, 15, `expected : behind filter append, not "1"`},
		"no comma":                 {"{{ x | append: 1 2 }}", 1, 18, `expected , or | in filter append, not "2"`},
		"bracket not closed":       {"{{ x[1 }}", 1, 7, "[ is not closed"},
		"bad range":                {"{{ (1.2) }}", 1, 8, "a range is written (first..last)"},
		"range without an end":     {"{{ (1..) }}", 1, 8, `expected a value, not ")"`},
		"else with arguments":      {"{% if a %}{% else b %}{% endif %}", 1, 1, `else takes no arguments, found "b"`},
		"elsif behind else":        {"{% if a %}{% else %}{% elsif b %}{% endif %}", 1, 1, "elsif behind else"},
		"second else":              {"{% if a %}{% else %}{% else %}{% endif %}", 1, 1, "a second else"},
		"empty cycle":              {"{% cycle %}", 1, 1, "cycle takes at least one value"},
		"remark without a sign":    {"{% # a\n b %}", 1, 1, "every line of an inline comment starts with #"},
		"in a liquid tag":          {"{% liquid\n echo 1\n nope\n%}", 3, 2, `tag "nope" does not exist`},
		"too long":                 {strings.Repeat("x", 1001), 1, 1, "the template has 1001 UTF-16 units, at most 1000 are allowed"},
		"too long in UTF-16":       {strings.Repeat("😀", 501), 1, 1, "the template has 1002 UTF-16 units, at most 1000 are allowed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := liquid.Parse(test.template)
			var fault *liquid.SyntaxError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if want := fmt.Sprintf("line %d, column %d: %s", test.line, test.column, test.reason); fault.Error() != want {
				t.Errorf("got %q, want %q", fault, want)
			}
			lines := strings.Split(test.template[:fault.Offset], "\n")
			if line, column := len(lines), document.UTF16Len(lines[len(lines)-1])+1; line != test.line || column != test.column {
				t.Errorf("offset %d is line %d, column %d", fault.Offset, line, column)
			}
		})
	}
	if _, err := liquid.Parse(strings.Repeat("x", 1000)); err != nil {
		t.Errorf("1000 units: got %v, want no error", err)
	}
}

// TestRenderErrors checks what an event can be refused for.
func TestRenderErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ template, want string }{
		"disabled filter":  {"{{ x }}{{ l | map: 'a' }}", `line 1, column 8: filter "map" is disabled`},
		"escape":           {"\n{{ '%zz' | url_decode }}", "line 2, column 1: filter url_decode: a %-escape is incomplete or does not spell UTF-8"},
		"half a character": {"{{ '\\ud83d' | url_encode }}", "line 1, column 1: filter url_encode: half a character (an unpaired surrogate) cannot be encoded"},
		"arguments":        {"{{ 'a' | append }}", "line 1, column 1: filter append: takes exactly one argument"},
		"option":           {"{{ false | default: 1, 2 }}", "line 1, column 1: filter default: the options behind the fallback are written name: value"},
		"time zone":        {"{{ 0 | date: '%H', 'Nowhere' }}", `line 1, column 1: filter date: there is no time zone "Nowhere"`},
		"local time":       {"{{ 0 | date: '%H', 'Local' }}", `line 1, column 1: filter date: there is no time zone "Local"`},
		"the present":      {"{{ 'now' | date }}", `line 1, column 1: filter date: "now" and "today" are the event's receivedAt, or else its timestamp, and this event has neither`},
		"property":         {"{{ l | where: 'a[1' }}", "line 1, column 1: filter where: property \"a[1\": [ is not closed"},
		"inside a body":    {"{% if true %}\n {{ l | sort }}{% endif %}", `line 2, column 2: filter "sort" is disabled`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := render(test.template, parse(t, []byte(`{"l":[1]}`)))
			if _, ok := errors.AsType[*liquid.RenderError](err); !ok {
				t.Fatalf("got %v, want a *RenderError", err)
			}
			if err.Error() != test.want {
				t.Errorf("got %q, want %q", err, test.want)
			}
		})
	}
}

// TestNotReached checks that a disabled filter fails only where it is reached, as in Segment.
func TestNotReached(t *testing.T) {
	t.Parallel()
	got, err := render("{% if false %}{{ l | sort }}{% endif %}ok", document.Value{})
	if got != "ok" || err != nil {
		t.Errorf("got %q, %v, want ok", got, err)
	}
}

// TestWarnings checks what is pointed out though it parses.
func TestWarnings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		template string
		want     []string
	}{
		"nothing":             {"{{ properties.a | upcase }}{{ event }}{{ event.size }}", nil},
		"disabled filter":     {"{{ a | sort }}", []string{`line 1, column 8: filter "sort" is disabled: an event for which it is reached fails`}},
		"unknown filter":      {"\n{% if a | nope %}{% endif %}", []string{`line 2, column 11: filter "nope" does not exist and is passed over`}},
		"documented variable": {"{{ event.properties.a }}", []string{"line 1, column 4: event is the event's name and has no properties: its members are variables themselves, as in {{ properties }}"}},
		"as an argument":      {"{{ 'a' | append: event.userId }}", []string{"line 1, column 10: event is the event's name and has no userId: its members are variables themselves, as in {{ userId }}"}},
		"in a liquid tag":     {"{% liquid\necho a | nope\n%}", []string{`line 2, column 10: filter "nope" does not exist and is passed over`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			template, err := liquid.Parse(test.template)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range template.Warnings() {
				got = append(got, w.String())
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
