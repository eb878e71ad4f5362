package mapping

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/reference"
)

// vector is a row of mappings.jsonl: what Segment's own package makes of one mapping and one event.
type vector struct {
	ID      string
	Cat     string
	Mapping string
	Event   string
	OK      bool
	Output  *string
	Stage   string
	Errors  []string
}

// difference is an entry of differences.json: what deliberately comes out otherwise than at Segment, and why. It names a
// recorded row, or all mappings and events at random that a pattern matches.
type difference struct{ ID, Cat, Pattern, Reason string }

func differences(t *testing.T) (rows map[string]difference, patterns []difference) {
	t.Helper()
	text, err := os.ReadFile("testdata/differences.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []difference
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	rows = map[string]difference{}
	for _, d := range all {
		if d.Pattern != "" {
			patterns = append(patterns, d)
		} else {
			rows[d.ID] = d
		}
	}
	return rows, patterns
}

// named returns the reason for which what becomes of a mapping and an event may differ, "" if there is none.
func named(patterns []difference, mapping, event string) string {
	for _, d := range patterns {
		if pattern := regexp.MustCompile(d.Pattern); pattern.MatchString(mapping) || pattern.MatchString(event) {
			return d.Reason
		}
	}
	return ""
}

// rows reads a file of recorded answers.
func rows[T any](t *testing.T, name string) []T {
	t.Helper()
	all, err := reference.Read[T]("testdata/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// outcome is what became of a mapping and an event: a refusal with its stage, or the output.
type outcome struct {
	stage  string // "validate", "transform" or "" for none
	output string // JSON, "(nothing)" where the whole mapping comes to nothing
	detail string
}

// resolveWhole resolves any mapping, not only the fields of a webhook, the way Segment's package is called.
func resolveWhole(mapping, event string) outcome {
	raw, err := document.Parse([]byte(mapping))
	if err != nil {
		return outcome{stage: "parse", detail: err.Error()}
	}
	in, err := document.Parse([]byte(event))
	if err != nil {
		return outcome{stage: "parse", detail: err.Error()}
	}
	if in.Kind() != document.Object {
		return outcome{stage: "transform", detail: "the event is " + describe(in)}
	}
	switch raw.Kind() {
	case document.Object:
	case document.Null:
		return outcome{stage: "transform", detail: "the mapping is null"}
	default: // never gets past the loader; Segment takes it for the object of its elements or characters
		raw = document.ObjectValue(appendMembers(nil, raw))
	}
	raw, problem := applyRootDirective(raw)
	if problem != "" {
		return outcome{stage: "transform", detail: problem}
	}
	if faults := validate("", raw); len(faults) > 0 {
		return outcome{stage: "validate", detail: faults[0].Error()}
	}
	var c compiler
	v, err := c.compile("", raw).eval(in)
	if err != nil {
		return outcome{stage: "transform", detail: err.Error()}
	}
	if v = compact(v); v.IsMissing() {
		return outcome{output: "(nothing)"}
	}
	return outcome{output: string(v.AppendJSON(nil))}
}

// checkLoaded takes a mapping for the data of a webhook, and loads and uses that as the connector does, with whatever quick
// ways there are. It says what is not as want has it. data has to be an object or nothing.
func checkLoaded(mapping, event string, want outcome) (problem string) {
	if strings.Contains(mapping, rootDirectiveKey) || !strings.HasPrefix(strings.TrimSpace(mapping), "{") {
		return "" // means something at the root only
	}
	body := refused
	switch {
	case want.stage != "":
	case strings.HasPrefix(want.output, "{"):
		body = want.output
	case want.output == "(nothing)" || want.output == "null" || want.output == `""`:
		body = "no body"
	}
	if got := resolveLoaded(mapping, event); got != body && (body != refused || !strings.HasPrefix(got, refused)) {
		return "loaded  " + got + "\nwant    " + body
	}
	return ""
}

// refused is the outcome of a mapping or an event that is not taken.
const refused = "refused"

func resolveLoaded(mapping, event string) string {
	set, _, err := LoadText("m.json", []byte(`[{"name":"m","enabled":true,"trigger":"type = \"x\"","settings":{"url":"https://example.com",`+
		`"method":"POST","data":`+mapping+`}}]`), nil, Options{})
	if err != nil {
		return refused + " at load: " + err.Error()
	}
	canonical, _, err := set.NewReader().Read([]byte(event))
	if err != nil {
		return refused + ", the event: " + err.Error()
	}
	payload, err := set.Mappings()[0].Resolve(canonical)
	if err != nil {
		return refused + ": " + err.Error()
	}
	return dataText(payload, nil)
}

func (v vector) want() outcome {
	if !v.OK {
		return outcome{stage: v.Stage}
	}
	if v.Output == nil {
		return outcome{output: "(nothing)"}
	}
	return outcome{output: *v.Output}
}

// TestVectors compares every recorded answer of Segment's package byte for byte. A refusal has to be a refusal at the
// same stage; its wording is ours.
func TestVectors(t *testing.T) {
	known, patterns := differences(t)
	type tally struct{ rows, agree, named int }
	categories := map[string]*tally{}
	total := tally{}
	for _, v := range rows[vector](t, "mappings.jsonl.gz") {
		c := categories[v.Cat]
		if c == nil {
			c = &tally{}
			categories[v.Cat] = c
		}
		c.rows++
		total.rows++
		got := resolveWhole(v.Mapping, v.Event)
		agrees := got.stage == v.want().stage && got.output == v.want().output
		row, listed := known[v.ID]
		delete(known, v.ID)
		switch {
		case agrees && listed:
			t.Errorf("%s (%s) agrees and is listed as a difference: %s", v.ID, v.Cat, row.Reason)
		case agrees:
			c.agree++
			total.agree++
			if problem := checkLoaded(v.Mapping, v.Event, v.want()); problem != "" && named(patterns, v.Mapping, v.Event) == "" {
				t.Errorf("%s (%s)\nmapping %s\nevent   %.300s\n%s", v.ID, v.Cat, v.Mapping, v.Event, problem)
			}
		case listed:
			c.named++
			total.named++
		default:
			t.Errorf("%s (%s)\nmapping %s\nevent   %.300s\ngot     %+v\nwant    %+v %v", v.ID, v.Cat, v.Mapping, v.Event, got, v.want(), v.Errors)
		}
	}
	for id := range known {
		t.Errorf("%s is listed as a difference and is no row", id)
	}
	if total.rows < 2500 {
		t.Errorf("read %d rows, want all of some 2500", total.rows)
	}
	if total.named*100 >= total.rows {
		t.Errorf("%d named differences of %d rows, want less than 1 %%", total.named, total.rows)
	}
	if c := categories["liquid"]; c.named*100 >= c.rows*5 {
		t.Errorf("%d named differences of %d Liquid rows, want less than 5 %%", c.named, c.rows)
	}
	t.Logf("%d rows: %d agree, %d named differences", total.rows, total.agree, total.named)
	for name, c := range categories {
		if c.named > 0 {
			t.Logf("%s: %d rows, %d named differences", name, c.rows, c.named)
		}
	}
}
