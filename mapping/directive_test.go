package mapping

import "testing"

// TestDirectives checks what comparing with Segment's own package has found, beyond the recorded rows of TestVectors.
// The answers are Segment's.
func TestDirectives(t *testing.T) {
	for _, tt := range []struct{ name, mapping, event, want string }{
		{
			"a template on nothing takes it for an object",
			`{"a":{"@transform":{"apply":{"@path":"$.none"},"mapping":{"@template":"{{ }}{{{.}}}{{x}}"}}}}`, `{}`,
			`{"a":"[object Object][object Object]"}`,
		},
		{
			"half a character behind a backslash is no JSON",
			`{"a":{"@json":{"mode":"decode","value":{"@path":"$.s"}}}}`, `{"s":"\"\\\ud800\""}`,
			`{"a":"\"\\\ud800\""}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := resolveWhole(tt.mapping, tt.event); got.stage != "" || got.output != tt.want {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}
