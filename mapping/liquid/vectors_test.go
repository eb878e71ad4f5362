package liquid_test

import (
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
	"segment-webhooks/mapping/reference"
)

// vector is a row of mapping/testdata/vectors/mappings.jsonl.gz.
type vector struct {
	ID, Cat, Mapping, Event string
	OK                      bool
	Output                  *string
	Stage                   string
}

// TestVectors renders what Segment's own mapping kit was given: the rows of the family liquid, and whatever field of
// another row is nothing but @liquid. There is no row that differs.
func TestVectors(t *testing.T) {
	t.Parallel()
	rows, err := reference.Read[vector]("../testdata/vectors/mappings.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	family, fields := 0, 0
	for _, v := range rows {
		mapping, err := document.Parse([]byte(v.Mapping))
		if err != nil {
			t.Fatal(err)
		}
		if v.Cat == "liquid" {
			family++
		} else if !v.OK { // which directive failed is not recorded
			continue
		}
		for _, field := range mapping.Members() {
			text := field.Value.Get("@liquid")
			if text.Kind() != document.String || field.Value.Len() != 1 || v.Stage == "validate" {
				continue // a mapping that is refused before it reaches this package
			}
			fields++
			t.Run(v.ID+"/"+field.Key, func(t *testing.T) {
				t.Parallel()
				got, err := render(text.Str(), parse(t, []byte(v.Event)))
				if (err == nil) != v.OK {
					t.Fatalf("%q: got error %v, want success %t", text.Str(), err, v.OK)
				}
				if err != nil {
					return
				}
				if want := parse(t, []byte(*v.Output)).Get(field.Key).Str(); got != want {
					t.Errorf("%q: got %q, want %q", text.Str(), got, want)
				}
			})
		}
	}
	t.Logf("%d rows of the family, %d fields", family, fields)
	if family < 60 || fields < 80 {
		t.Errorf("got %d rows of the family and %d fields, want at least 60 and 80", family, fields)
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
