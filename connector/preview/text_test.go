package preview_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/preview"
)

const events = `{"type":"track","event":"Order","id":"7","properties":{"total":1e2,"lines":[{"sku":"difference-engine","quantity":1},{"sku":"punch-cards","quantity":100}]}}
null
{"type":"identify","anonymousId":"phone","\u001b[31mred":true}
{"type":"track","event":"Order","id":" ","name":"not shown"}
`

func TestText(t *testing.T) {
	got := show(t, orders, events, preview.Options{Output: "text"})
	want := `── 1  track  "Order" ───────────────────────────────────────────────────────────────────
  ✓ Orders
      PUT https://erp.example.com/7?a=(b)
      Authorization: Basic dXNlcjpwYSdzcw==
      Content-Type: application/json
      Host: other.example
      X-A: 7
      X-B: é
      X-None: 
      {
        "total": 100,
        "lines": [
          {"sku":"difference-engine","quantity":1},
          {"sku":"punch-cards","quantity":100}
        ]
      }
  ✓ Lake  (in batches of up to 1000; here a batch of one)
      POST https://lake.example.com/
      Content-Type: application/json
      (a list of the event as it is, 158 bytes)
  ✓ Ping
      PATCH https://ping.example.com/
      (no body)

── 2  not an event ─────────────────────────────────────────────────────────────────────
  ! invalid JSON at byte 0: an event must be one object, this is of type null: becomes a dead letter

── 3  identify  phone ──────────────────────────────────────────────────────────────────
  ✗ Orders: event is missing
  ✗ Lake: type is "identify", not "track"
  ✗ Ping: event is missing

── 4  track  "Order" ───────────────────────────────────────────────────────────────────
  ! Orders: /url holds " ", which a URL may hold only percent-encoded: becomes a dead letter
  ✓ Lake  (in batches of up to 1000; here a batch of one)
      POST https://lake.example.com/
      Content-Type: application/json
      [{"type":"track","event":"Order","id":" ","name":"not shown"}]
  ✓ Ping
      PATCH https://ping.example.com/
      (no body)

4 events, 5 requests, 2 failures. Nothing was sent.
The requests carry no signature: CONNECTOR_SHARED_SECRET is not set.
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// On demand the body is there byte for byte, on a line of its own.
func TestTextExact(t *testing.T) {
	got := show(t, orders, events, preview.Options{Output: "text", Exact: true, Secret: []byte("s")})
	want := "\n" + `{"total":100,"lines":[{"sku":"difference-engine","quantity":1},{"sku":"punch-cards","quantity":100}]}` + "\n"
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
	if strings.Contains(got, "no signature") {
		t.Errorf("signed requests are called unsigned:\n%s", got)
	}
}

// Events are somebody else's text: they must not steer the terminal that shows them.
func TestTextIsHarmless(t *testing.T) {
	const hostile = "\u009b31m\u202eolleh\x7f"
	mappings := `
mappings:
  - name: Echo
    trigger: type != ""
    fields: {url: "https://echo.example.com", method: POST, data: {"x": {"@path": "$.event"}}}
`
	got := show(t, mappings, `{"type":"track","event":"`+hostile+`"}`, preview.Options{Output: "text"})
	for _, r := range hostile {
		if strings.ContainsRune(got, r) && r != 'm' && (r < '0' || r > 'z') {
			t.Errorf("%U reaches the terminal:\n%q", r, got)
		}
	}
}

func TestInvalidMappingsComeFirst(t *testing.T) {
	invalid := []preview.Invalid{{Mapping: "Broken", Faults: []string{"m.yaml:3:1: one\n    ^ here", "m.yaml:4:1: two"}}}
	for output, want := range map[string]string{
		"json": `{"mapping":"Broken","invalid":"m.yaml:3:1: one\n    ^ here\nm.yaml:4:1: two"}` + "\n",
		"text": "! Broken does not load:\n  m.yaml:3:1: one\n      ^ here\n  m.yaml:4:1: two\n\n",
		"curl": "# Broken does not load:\n#   m.yaml:3:1: one\n#       ^ here\n#   m.yaml:4:1: two\n",
	} {
		var out bytes.Buffer
		if err := preview.Run(&out, load(t, orders), invalid, preview.Split([]byte(events)), preview.Options{Output: output}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got\n%s\nwant it to begin with\n%s", output, got[:min(len(got), 200)], want)
		}
	}
}
