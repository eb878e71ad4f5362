package liquid_test

import "testing"

// TestDifferences shows the differences from liquidjs that doc.go names. theirs is what liquidjs 10.27.2 gives.
func TestDifferences(t *testing.T) {
	t.Parallel()
	const event = `{"l":[],"n":5,"o":{},"p":{},"named":{"toString":1},"receivedAt":"2026-02-03T04:05:06Z","timestamp":"2020-01-01"}`
	tests := map[string]struct{ template, event, want, theirs string }{
		"the present is when the event was received": {
			template: "{{ 'now' | date: '%FT%T' }} {{ 'now' | date: '%Y-%m-%d %H:%M' }}", want: "%FT%T 2026-02-03 04:05",
			theirs: "the time of rendering",
		},
		"or else when it happened": {
			template: "{{ 'today' | date: '%Y' }}", event: `{"timestamp":"2020-01-01"}`, want: "2020", theirs: "the time of rendering",
		},
		"a sample is the first elements": {
			template: "{{ 'abc' | sample }}{{ 'a😀c' | sample: 2 | join }}", want: "aa 😀", theirs: "any elements",
		},
		"literals in a list are null and empty": {
			template: "{{ l | push: nil | push: empty | json }}", want: `[null,""]`, theirs: "[{},{}]",
		},
		"literals have no members": {template: "{{ nil.gt }}", want: "", theirs: "false"},
		"block is an object":       {template: "{% block b %}{{ block | json }}{% endblock %}", want: `{"super":""}`, theirs: "{}"},
		"empty objects are equal":  {template: "{{ o == p }}", want: "true", theirs: "false"},
		"toString is any member":   {template: "{{ named }}", want: "[object Object]", theirs: "an error"},
		"round to half a decimal":  {template: "{{ 2 | round: 2.5 }}", want: "1.9985594812264156", theirs: "1.998559481226416"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.event == "" {
				test.event = event
			}
			got, err := render(test.template, parse(t, []byte(test.event)))
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q (liquidjs: %s)", got, err, test.want, test.theirs)
			}
		})
	}
}

// TestEventUnchanged checks that counters neither change the event nor outlive a rendering, as they do in liquidjs.
func TestEventUnchanged(t *testing.T) {
	t.Parallel()
	event := parse(t, []byte(`{"n":5}`))
	for range 2 {
		got, err := render("{% increment n %}{{ n }}{% decrement m %}", event)
		if want := "56-1"; got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got := string(event.AppendJSON(nil)); got != `{"n":5}` {
		t.Errorf("the event has become %s", got)
	}
}
