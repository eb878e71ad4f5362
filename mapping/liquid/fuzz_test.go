package liquid_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

// FuzzRender checks that no template and no event can do more than fail: every error is of the documented type and
// lies inside the template, the text is bounded, and rendering twice gives the same.
func FuzzRender(f *testing.F) {
	data, err := os.ReadFile("testdata/differential.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	head, err := document.Parse(first)
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(rest) {
		row, err := document.Parse(bytes.TrimSpace(line))
		if err != nil {
			f.Fatal(err)
		}
		event := head.Get("events").Index(int(row.Get("event").Float()))
		f.Add(row.Get("template").Str(), event.AppendJSON(nil))
	}
	f.Fuzz(func(t *testing.T, text string, event []byte) {
		template, err := liquid.Parse(text)
		if err != nil {
			var fault *liquid.SyntaxError
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 || fault.Column > len(text)+1 {
				t.Fatalf("parse %q: got %v, want a *SyntaxError inside", text, err)
			}
			return
		}
		v, err := document.Parse(event)
		if err != nil {
			v = document.StringValue(string(event)) // @arrayPath renders templates for elements of any kind
		}
		got, err := template.Render(v)
		if err != nil {
			var fault *liquid.RenderError
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 || fault.Column > len(text)+1 {
				t.Fatalf("render %q: got %v, want a *RenderError inside", text, err)
			}
		}
		if len(got) > 100_000_000 {
			t.Fatalf("render %q: got %d bytes", text, len(got))
		}
		if again, _ := template.Render(v); again != got {
			t.Fatalf("render %q: got %q, then %q", text, got, again)
		}
		if canonical := document.StringValue(got).Str(); canonical != got {
			t.Fatalf("render %q: got %q, which is not WTF-8", text, got)
		}
	})
}
