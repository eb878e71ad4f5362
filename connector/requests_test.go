package connector

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

var never = time.Unix(1<<40, 0)

// vector is a row of requests.jsonl: one call of Segment's destination, and what it put on the wire.
type vector struct {
	ID, Cat, Kind, Subscribe, Mapping, Outcome string

	Settings struct{ SharedSecret any }
	Events   []string
	Requests []struct {
		Method, URL string
		Headers     map[string]string
		XSignature  *string `json:"x_signature"`
		Body        *string
	}
}

// sentHere are the rows that Segment does not send and the connector does.
func sentHere() map[string]string {
	return map[string]string{
		"req_ec0708e17018": "batch_keys mean nothing here, so their type does not matter",
		"req_db24105d7b99": "an event whose context is null trips up Segment's own code",
		"req_7dfc2bcbf9b8": "an event whose context is null trips up Segment's own code",
	}
}

// refusedHere are the rows that Segment sends and the connector refuses when it starts.
func refusedHere() map[string]string {
	return map[string]string{
		"req_25e9b8743125": "batch_size depends on the event",
		"req_b080202df17d": "batch_size is negative",
		"req_100d454c1936": "batch_size is no whole number",
		"req_ec081cade766": "batch_size is beyond 4000",
	}
}

// Segment's recorded requests, byte for byte: from the event through trigger, mapping, batching and signing to the request that is
// handed to the wire.
func TestRequestVectors(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../mapping/testdata/vectors/requests.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]map[string]int{}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		outcome := v.check(t)
		if counts[outcome] == nil {
			counts[outcome] = map[string]int{}
		}
		counts[outcome][v.Cat]++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for _, outcome := range slices.Sorted(maps.Keys(counts)) {
		total := 0
		for _, n := range counts[outcome] {
			total += n
		}
		t.Logf("%3d %s: %v", total, outcome, counts[outcome])
	}
	if got := len(counts["same request"]); got < 15 {
		t.Errorf("requests of %d categories were compared, want at least 15", got)
	}
}

func (v *vector) check(t *testing.T) string {
	t.Helper()
	secret, ok := v.Settings.SharedSecret.(string)
	if !ok && v.Settings.SharedSecret != nil {
		return "secret is no text, which an environment variable cannot hold"
	}
	definition, err := json.Marshal([]any{map[string]any{"name": "m", "enabled": true, "subscribe": v.Subscribe, "mapping": json.RawMessage(v.Mapping)}})
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := mapping.LoadText("vector.json", definition, nil, mapping.Options{AllowedHosts: []string{"*.example.com"}})
	if err != nil {
		_, named := refusedHere()[v.ID]
		if len(v.Requests) > 0 && !named {
			t.Errorf("%s (%s) does not load, Segment sends it: %v\nmapping %s", v.ID, v.Cat, err, v.Mapping)
		}
		if named {
			return "refused here, on purpose"
		}
		return "refused here at load; Segment never sends it"
	}
	var payloads []sink.Payload
	reader, m := set.NewReader(), set.Mappings()[0]
	for _, e := range v.Events {
		event, match, err := reader.Read([]byte(e))
		if err != nil || match == 0 {
			continue
		}
		if p, err := m.Resolve(event); err == nil {
			payloads = append(payloads, payload(p))
		}
	}
	var requests []*sink.Request
	signer := sink.NewSigner([]byte(secret))
	if v.Kind == "single" {
		for i := range payloads {
			if r, err := sink.Single(&payloads[i], signer); err == nil {
				requests = append(requests, r)
			}
		}
	} else {
		b := newBatches()
		for _, p := range payloads {
			b.add(resolvedEvent{payload: p}, 4000, 4<<20, never)
		}
		for s := b.take(never); s != nil; s = b.take(never) {
			if r, err := sink.Batch(s.payloads, signer); err == nil {
				requests = append(requests, r)
			}
		}
	}
	switch {
	case len(v.Requests) == 0 && len(requests) == 0:
		return "no request, as at Segment"
	case len(v.Requests) == 0:
		if _, named := sentHere()[v.ID]; !named {
			t.Errorf("%s (%s) makes a request, at Segment it does not\nmapping %s", v.ID, v.Cat, v.Mapping)
		}
		return "sent here, on purpose"
	case v.Kind == "batch" && len(requests) > 1:
		v.compareSplit(t, payloads, requests)
		return "a request for each URL, method and headers, on purpose"
	case len(requests) != 1:
		t.Errorf("%s (%s) makes %d requests, Segment makes one\nmapping %s", v.ID, v.Cat, len(requests), v.Mapping)
		return "failed"
	}
	v.compare(t, requests[0])
	return "same request"
}

// compareSplit checks a batch that Segment sends whole to the first event's URL: here every event goes to its own, and none is left out.
func (v *vector) compareSplit(t *testing.T, payloads []sink.Payload, requests []*sink.Request) {
	t.Helper()
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(*v.Requests[0].Body), &elements); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, r := range requests {
		sent += r.Events()
	}
	if sent != len(elements) || sent != len(payloads) {
		t.Errorf("%s (%s): %d events in %d requests, Segment sends %d", v.ID, v.Cat, sent, len(requests), len(elements))
	}
	for i, e := range elements {
		data := string(payloads[i].Data)
		if data == "" {
			data = "null"
		}
		if string(e) != data {
			t.Errorf("%s (%s): event %d is %s, want %s", v.ID, v.Cat, i, data, e)
		}
	}
}

func (v *vector) compare(t *testing.T, got *sink.Request) {
	t.Helper()
	want := v.Requests[0]
	if got.Method() != want.Method {
		t.Errorf("%s (%s): method %s, want %s", v.ID, v.Cat, got.Method(), want.Method)
	}
	if got.URL() != want.URL {
		t.Errorf("%s (%s): url %s, want %s", v.ID, v.Cat, got.URL(), want.URL)
	}
	body := ""
	if want.Body != nil {
		body = *want.Body
	}
	if string(got.Body()) != body {
		t.Errorf("%s (%s): body\n%s\nwant\n%s", v.ID, v.Cat, got.Body(), body)
	}
	headers := map[string]string{}
	for _, h := range got.Headers() {
		headers[strings.ToLower(h.Name)] = h.Value
	}
	signature := ""
	if want.XSignature != nil {
		signature = *want.XSignature
	}
	if headers["x-signature"] != signature {
		t.Errorf("%s (%s): signature %q, want %q", v.ID, v.Cat, headers["x-signature"], signature)
	}
	for name, value := range want.Headers {
		switch name { // the HTTP client's, and compared on the wire by the sink's own tests
		case "accept", "accept-encoding", "connection", "content-length", "host", "user-agent":
			continue
		}
		if strings.TrimSpace(headers[name]) != strings.TrimSpace(value) {
			t.Errorf("%s (%s): header %s is %q, want %q", v.ID, v.Cat, name, headers[name], value)
		}
	}
}
