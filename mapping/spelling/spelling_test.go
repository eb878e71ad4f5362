package spelling_test

import (
	"strings"
	"testing"

	"segment-webhooks/mapping/spelling"
)

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"headers", "Headers", 0},
		{"heders", "headers", 1},
		{"haeders", "headers", 2},
		{"kitten", "sitting", 3},
		{"é", "e", 2},
		{strings.Repeat("a", 65), "a", 65},
	} {
		if got := spelling.Distance(tc.a, tc.b); got != tc.want {
			t.Errorf("%.10q to %q: %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"url", "method", "headers", "data"}
	for word, want := range map[string]string{
		"header": "headers", "URL": "url", "metod": "method", "dat": "data", "body": "", "": "", "urls": "url", "x": "",
	} {
		if got := spelling.Nearest(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
