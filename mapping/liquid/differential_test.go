package liquid_test

import (
	"bytes"
	"flag"
	"os"
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
	compared := 0
	for line := range bytes.Lines(rest) {
		row := parse(t, bytes.TrimSpace(line))
		template := row.Get("template").Str()
		event := head.Get("events").Index(int(row.Get("event").Float()))
		got, err := render(template, event)
		switch fault := row.Get("error"); {
		case !fault.IsMissing() && err == nil:
			t.Errorf("%q, event %g: got %q, want an error as liquidjs's %q", template, row.Get("event").Float(), got, fault.Str())
		case fault.IsMissing() && err != nil:
			t.Errorf("%q, event %g: got error %q, want %q", template, row.Get("event").Float(), err, row.Get("output").Str())
		case err == nil && got != row.Get("output").Str():
			t.Errorf("%q, event %g: got %q, want %q", template, row.Get("event").Float(), got, row.Get("output").Str())
		}
		compared++
	}
	if compared < 300 {
		t.Errorf("compared %d rows, want at least 300", compared)
	}
}

func parse(t *testing.T, text []byte) document.Value {
	t.Helper()
	v, err := document.Parse(text)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return v
}
