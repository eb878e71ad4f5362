package liquid_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

// vector is a row of mapping/testdata/vectors/mappings.jsonl.gz.
type vector struct {
	ID, Cat, Mapping, Event string
	OK                      bool
	Output                  *string
	Stage                   string
}

// TestVectors renders what Segment's own mapping kit was given: every row of the family liquid whose mapping is one
// @liquid text.
func TestVectors(t *testing.T) {
	t.Parallel()
	rows := 0
	for _, v := range readVectors(t) {
		if v.Cat != "liquid" || v.Stage == "validate" { // a mapping that is refused before it reaches this package
			continue
		}
		rows++
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			mapping, err := document.Parse([]byte(v.Mapping))
			if err != nil {
				t.Fatal(err)
			}
			event, err := document.Parse([]byte(v.Event))
			if err != nil {
				t.Fatal(err)
			}
			text := mapping.Get("v").Get("@liquid").Str()
			got, err := render(text, event)
			if (err == nil) != v.OK {
				t.Fatalf("%q: got error %v, want success %t", text, err, v.OK)
			}
			if err != nil {
				return
			}
			output, err := document.Parse([]byte(*v.Output))
			if err != nil {
				t.Fatal(err)
			}
			if want := output.Get("v").Str(); got != want {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		})
	}
	if rows < 55 {
		t.Errorf("got %d rows, want at least 55", rows)
	}
}

// render parses and renders.
func render(text string, event document.Value) (string, error) {
	template, err := liquid.Parse(text)
	if err != nil {
		return "", err
	}
	return template.Render(event)
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	file, err := os.Open("../testdata/vectors/mappings.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []vector
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}
