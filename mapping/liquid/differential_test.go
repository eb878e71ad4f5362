package liquid_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
)

// rows is a file that testdata/differential.mjs wrote.
var rows = flag.String("rows", "testdata/differential.jsonl", "templates with what liquidjs makes of them")

// TestDifferential compares with what liquidjs did with generated templates: the same output, or an error where it
// had one.
func TestDifferential(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(*rows)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	head := parse(t, first)
	compared, named := 0, 0
	for line := range bytes.Lines(rest) {
		row := parse(t, bytes.TrimSpace(line))
		template := row.Get("template").Str()
		event := head.Get("events").Index(int(row.Get("event").Float()))
		got, err := render(template, event)
		compared++
		switch fault := row.Get("error"); {
		case isNamed(template, err):
			named++
		case !fault.IsMissing() && err == nil:
			t.Errorf("%q, event %g: got %q, want an error as liquidjs's %q", template, row.Get("event").Float(), got, fault.Str())
		case fault.IsMissing() && err != nil:
			t.Errorf("%q, event %g: got error %q, want %q", template, row.Get("event").Float(), err, row.Get("output").Str())
		case err == nil && got != row.Get("output").Str():
			t.Errorf("%q, event %g: got %q, want %q", template, row.Get("event").Float(), got, row.Get("output").Str())
		}
	}
	t.Logf("compared %d rows, passed over %d that named differences touch", compared, named)
	if compared < 300 {
		t.Errorf("compared %d rows, want at least 300", compared)
	}
}

// roundFraction is round with decimals that are no whole number.
var roundFraction = regexp.MustCompile(`round:\s*[-+]?\d*\.\d`)

// isNamed reports whether what a template gives may differ from what liquidjs makes of it: the budget is spent on more than
// at liquidjs, and the last digit of a number rounded to a fraction of a decimal may be off.
func isNamed(template string, err error) bool {
	return roundFraction.MatchString(template) || err != nil && strings.Contains(err.Error(), "uses more than 100,000,000")
}

func parse(t *testing.T, text []byte) document.Value {
	t.Helper()
	v, err := document.Parse(text)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return v
}
