package liquid_test

import (
	"errors"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

// TestBudget checks that a template that makes much of little ends with an error and not with the memory.
func TestBudget(t *testing.T) {
	t.Parallel()
	times := func(n int, s string) string { return strings.Repeat(s, n) }
	double := times(27, "{%assign a=a|append:a%}")
	mega := "{%assign a='x'%}" + times(20, "{%assign a=a|append:a%}")    // a million units
	tree := "{%assign a=l%}" + times(20, "{%assign a=l|push:a|push:a%}") // a million lists, each in two places
	tests := map[string]string{
		"range":                        "{{ (1..100000000) | size }}",
		"range of uncountable numbers": "{{ (9007199254740992..9007199254740999) }}",
		"range to infinity":            "{{ (1..'Infinity') }}",
		"doubled text":                 "{%assign a='x'%}" + double,
		"tree, printed":                tree + times(13, "{{ a }}"),
		"tree, joined":                 tree + times(13, "{{ a | join }}"),
		"tree, as JSON":                tree + times(13, "{{ a | json }}"),
		"tree, compared":               tree + times(20, "{{ a == a }}"),
		"tree, as a number":            tree + times(13, "{{ a | plus: 1 }}"),
		"tree, in a tree":              tree + "{%assign b=l|push:a|push:a|push:a%}" + times(5, "{{ b contains b }}{{ b == b }}"),
		"captured twice each time":     "{%assign a='x'%}" + times(26, "{%capture a%}{{a}}{{a}}{%endcapture%}"),
		"replacement":                  mega + "{{ a | replace: 'x', a }}",
		"empty pattern":                mega + "{{ a | replace: '', a }}",
		"units of a text":              mega + times(3, "{{ a | split: '' | size }}"),
		"slice":                        "{{ 'a' | slice: 0, 999999999 }}",
		"width of a date":              "{{ 0 | date: '%999999999Y' }}",
		"fraction of a second":         "{{ 0 | date: '%999999999N' }}",
		"text of an element":           mega + "{%assign a=l|push:a%}" + times(7, "{%assign a=a|push:a|push:a%}") + "{{ a }}",
	}
	for name, template := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := liquid.Parse(template)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parsed.Render(parse(t, []byte(`{"l":[]}`)))
			var fault *liquid.RenderError
			if !errors.As(err, &fault) || !strings.Contains(fault.Reason, "100,000,000") {
				t.Errorf("got error %v, want one about 100,000,000 bytes", err)
			}
		})
	}
}

// TestLargeEvent checks that the budget leaves room for what is large but sensible.
func TestLargeEvent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("lorem ipsum é ", 50_000)
	event := document.ObjectValue([]document.Member{{Key: "long", Value: document.StringValue(long)}})
	got, err := render("{% assign a = long | upcase | replace: 'LOREM', 'x' | split: ' ' %}{{ a | size }} {{ a | join: ' ' | size }}", event)
	if want := "150000 499999"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestDeepProperty checks that a property from the event cannot exhaust the stack.
func TestDeepProperty(t *testing.T) {
	t.Parallel()
	event := document.ObjectValue([]document.Member{{Key: "p", Value: document.StringValue(strings.Repeat("[", 1_000_000))}})
	if _, err := render("{{ p | where: p }}", event); err == nil || !strings.Contains(err.Error(), "nested deeper than 500") {
		t.Errorf("got %v, want an error about nesting", err)
	}
	template := "{{ " + strings.Repeat("[", 490) + "1" + strings.Repeat("]", 490) + " }}"
	if _, err := liquid.Parse(template); err != nil {
		t.Errorf("a template that is nested as deep as it can be: %v", err)
	}
}
