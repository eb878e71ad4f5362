package preview_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/preview"
	"segment-webhooks/mapping"
)

// vector is what this test needs of a row of requests.jsonl; mapping/testdata/vectors/README.md explains them.
type vector struct {
	ID, Cat, Kind, Subscribe, Mapping string
	Settings                          map[string]any
	Events                            []string
	Requests                          []struct {
		Method, URL string
		Headers     map[string]string
		XSignature  *string `json:"x_signature"`
		Body        *string
	}
}

// line is a line of the preview's JSON.
type line struct {
	Matched bool
	Reason  string
	Error   string
	Request *struct {
		Method, URL string
		Headers     map[string]string
		Body        *string
	}
}

// What "preview --output json" says is what Segment's own destination put on the wire for the same event: method, URL,
// signature, the headers that the mapping causes, and the body byte for byte.
func TestSegmentsRequests(t *testing.T) {
	checked := 0
	for _, v := range readVectors(t) {
		if v.Kind != "single" || len(v.Requests) == 0 {
			continue
		}
		file, err := json.Marshal([]any{map[string]any{"name": "m", "trigger": v.Subscribe, "fields": json.RawMessage(v.Mapping)}})
		if err != nil {
			t.Fatal(err)
		}
		set, _, err := mapping.LoadText(v.ID+".json", file, nil, mapping.Options{AllowedHosts: []string{"*.example.com"}})
		if err != nil || set.Mappings()[0].Batch {
			continue // which mappings load is the business of package mapping; a batch is shown as one
		}
		secret, text := v.Settings["sharedSecret"].(string)
		if !text && v.Settings["sharedSecret"] != nil {
			continue // ours comes from the environment and is always a text
		}
		var out bytes.Buffer
		event := []preview.Event{{Number: 1, Text: []byte(v.Events[0])}}
		if err := preview.Run(&out, set, nil, event, preview.Options{Output: "json", Secret: []byte(secret)}); err != nil {
			t.Fatal(err)
		}
		var got line
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", v.ID, err)
		}
		if got.Request == nil {
			t.Errorf("%s (%s): no request: %s%s", v.ID, v.Cat, got.Reason, got.Error)
			continue
		}
		compare(t, v, got)
		checked++
	}
	if checked < 180 {
		t.Errorf("checked %d requests, want the 180 and more that there are", checked)
	}
}

func compare(t *testing.T, v vector, got line) {
	t.Helper()
	want := v.Requests[0]
	if got.Request.Method != want.Method || got.Request.URL != want.URL {
		t.Errorf("%s (%s): got %s %s, want %s %s", v.ID, v.Cat, got.Request.Method, got.Request.URL, want.Method, want.URL)
	}
	if diff := cmp.Diff(want.Body, got.Request.Body); diff != "" {
		t.Errorf("%s (%s) body (-want +got):\n%s", v.ID, v.Cat, diff)
	}
	headers := make(map[string]string)
	for name, value := range got.Request.Headers {
		headers[strings.ToLower(name)] = strings.Trim(value, " \t")
	}
	mine := []string{"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"} // the client's, unless mapped
	for name, value := range want.Headers {
		if got, ok := headers[name]; got != value && (ok || !slices.Contains(mine, name)) {
			t.Errorf("%s (%s) header %s: got %q, want %q", v.ID, v.Cat, name, got, value)
		}
		delete(headers, name)
	}
	for name := range headers {
		t.Errorf("%s (%s): header %s, want none", v.ID, v.Cat, name)
	}
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	f, err := os.Open("../../mapping/testdata/vectors/requests.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	for decoder := json.NewDecoder(text); decoder.More(); {
		var v vector
		if err := decoder.Decode(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}
