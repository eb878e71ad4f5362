package schemas

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every recorded event that the schemas can hold comes back as it was: the same tree, numbers being doubles. The order of members is the
// schema's, and JavaScript's in maps. What cannot be held is in testdata/unheld.jsonl with the reason, and only that. UPDATE_SCHEMAS=1
// writes the file.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	decoders := map[bool]*Decoder{false: NewDecoder(), true: newDecoder(t, Options{Format: Avro, CamelNames: true})}
	encoders, frames := map[string]*encoder{}, map[string][]byte{}
	for _, name := range append([]string{"event"}, calls...) {
		name = strings.ToLower(name)
		encoders[name], frames[name] = newEncoder(t, avroFile(t, name)), single(t, name, nil)
	}
	var unheld bytes.Buffer
	held := 0
	for _, v := range vectors(t) {
		if _, err := encoders["event"].encode(t, v.Event); err != nil {
			line, err := json.Marshal(map[string]string{"id": v.ID, "name": v.Name, "reason": reason(err)})
			if err != nil {
				t.Fatal(err)
			}
			unheld.Write(append(line, '\n'))
			continue
		}
		held++
		want, err := parseJSON(v.Event)
		if err != nil {
			t.Fatal(err)
		}
		file := want.(map[string]any)["type"].(string)
		for _, name := range []string{"event", file} {
			data, err := encoders[name].encode(t, v.Event)
			if err != nil {
				t.Fatal(err)
			}
			value := slices.Concat(frames[name], data)
			for camel, d := range decoders {
				event, err := d.Decode(value)
				if err != nil {
					t.Errorf("%s with %s.avsc, camel %v: %v", v.Name, name, camel, err)
					continue
				}
				got, err := parseJSON(string(event))
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s with %s.avsc, camel %v:\n got %s\nwant %s", v.Name, name, camel, event, v.Event)
				}
				isCanonical(t, event)
			}
		}
	}
	t.Logf("%d events are held", held)
	const file = "testdata/unheld.jsonl"
	want, err := os.ReadFile(file)
	if err == nil && bytes.Equal(want, unheld.Bytes()) {
		return
	}
	if os.Getenv("UPDATE_SCHEMAS") == "" {
		t.Errorf("%s is out of date: run UPDATE_SCHEMAS=1 go test ./schemas", file)
		return
	}
	if err := os.WriteFile(file, unheld.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reason picks, of what speaks against each call, what speaks against the one that the event is.
func reason(err error) string {
	var of []string
	wrongType := ""
	for r := range strings.SplitSeq(err.Error(), "; ") {
		if call, typ, ok := strings.Cut(r, ": type is "); ok && strings.HasPrefix(call, "segment.events.") {
			wrongType = "type is " + typ
			continue
		}
		of = append(of, r)
	}
	if len(of) == 0 {
		return wrongType + ", which is no call"
	}
	return strings.Join(of, "; ")
}

// isCanonical tells whether an event is spelled as JavaScript would spell it.
func isCanonical(t testing.TB, event []byte) {
	t.Helper()
	parsed, err := parseTree(event)
	if err != nil {
		t.Errorf("%q: %v", event, err)
		return
	}
	if want := appendTree(nil, parsed); !bytes.Equal(event, want) {
		t.Errorf("%s is not in JavaScript's form, %s", event, want)
	}
}

var errHalfPair = errors.New("text with half of a surrogate pair has no UTF-8")

// vector is an event of the recorded ones.
type vector struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Event string `json:"event"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	f, err := os.Open("../mapping/testdata/vectors/events.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if lines.Err() != nil || len(out) == 0 {
		t.Fatalf("%d events: %v", len(out), lines.Err())
	}
	return out
}
