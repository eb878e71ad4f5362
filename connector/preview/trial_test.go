package preview_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/preview"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

const trialMappings = `
mappings:
  - name: Orders
    trigger: type = "track" and event = "Order Completed"
    fields:
      url: https://user:pa55@erp.example.com/orders?api_key=literal&id=7
      method: PUT
      headers: {X-Api-Key: also-literal, X-Env: "${ENV_VALUE}", X-Source: segment, X-User: {"@path": $.userId}}
      data: {order: {"@path": $.properties.order_id}}
  - name: Elsewhere
    trigger: type = "track"
    fields: {url: "https://crm.example.com/${ENV_PATH}", method: POST, enable_batching: true, data: {"@path": "$."}}
  - name: Token
    trigger: type = "track"
    auth: {bearer: {token: "${ENV_VALUE}"}}
    fields: {url: "https://crm.example.com/", method: POST}
  - name: Broken
    trigger: type = "track"
    fields: {url: {"@template": "https://erp.example.com/{{nothing}} x"}, method: POST}
`

func trialSet(t *testing.T, text string) *mapping.Set {
	t.Helper()
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"ENV_VALUE": "env-secret-1", "ENV_PATH": "env-secret-2"}[name]
		return value, ok
	}
	set, _, err := mapping.LoadText("m.yaml", []byte(text), env, mapping.Options{
		AllowedHosts: []string{"erp.example.com"},
		Classic:      mapping.Classic{URLs: "https://hooks.example.com/services/T0-secret", Headers: `{"X-Team":"team-secret"}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func segmentAndStandard(*mapping.Mapping) []string { return []string{"segment", "standard"} }

func TestTry(t *testing.T) {
	event := `{"type":"track","event":"Order Completed","userId":"ada","properties":{"order_id":"A-1"}}`
	got := preview.Try(trialSet(t, trialMappings), []byte(event), preview.TrialOptions{Signed: segmentAndStandard, UserAgent: "ua", Now: time.Unix(1700000000, 0)})
	if got.Title != `track  "Order Completed"  ada` || len(got.Results) != 5 {
		t.Fatalf("got %q with %d results", got.Title, len(got.Results))
	}
	orders := got.Results[0]
	curl := orders.Curl
	orders.Curl = ""
	if diff := cmp.Diff(preview.Result{
		Mapping: "Orders", Trigger: `type = "track" and event = "Order Completed"`, Matched: true,
		Method: "PUT", URL: "https://erp.example.com/orders?api_key=(hidden)&id=7",
		Headers: []sink.Header{
			{Name: "Authorization", Value: "(hidden)"},
			{Name: "Content-Type", Value: "application/json"},
			{Name: "Webhook-Id", Value: "preview"},
			{Name: "Webhook-Signature", Value: "(signed with the shared secret)"},
			{Name: "Webhook-Timestamp", Value: "1700000000"},
			{Name: "X-Api-Key", Value: "(hidden)"},
			{Name: "X-Env", Value: "(hidden)"},
			{Name: "X-Signature", Value: "(signed with the shared secret)"},
			{Name: "X-Source", Value: "segment"},
			{Name: "X-User", Value: "ada"},
		},
		HasBody: true, Body: `{"order":"A-1"}`, BodyBytes: 15,
	}, orders); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(curl, `--data-binary '{"order":"A-1"}'`) || !strings.Contains(curl, "--user-agent 'ua'") {
		t.Errorf("curl:\n%s", curl)
	}
	if r := got.Results[1]; r.URL != "https://crm.example.com/(hidden)" || r.Note != "in batches of up to 1000; here a batch of one" {
		t.Errorf("got %+v", r)
	}
	if r := got.Results[2]; len(r.Headers) == 0 || r.Headers[0] != (sink.Header{Name: "Authorization", Value: "(hidden)"}) {
		t.Errorf("got %+v", r)
	}
	if r := got.Results[3]; r.Fault == "" || r.Method != "" {
		t.Errorf("a URL with a blank makes a request: %+v", r)
	}
	if r := got.Results[4]; r.URL != "https://hooks.example.com/(hidden)" {
		t.Errorf("got %+v", r)
	}
	noSecret(t, fmt.Sprintf("%+v", got), event)
}

// Nothing that is secret may be seen in a trial, least of all a signature that the receiver would accept.
func noSecret(t *testing.T, shown string, bodies ...string) {
	t.Helper()
	forbidden := []string{"literal", "env-secret", "T0-secret", "team-secret", "pa55", "dXNlcjpwYTU1"}
	for _, key := range []string{"s3cr3t", "not the shared secret"} {
		for _, body := range append(bodies, `{"order":"A-1"}`) {
			mac := hmac.New(sha1.New, []byte(key))
			mac.Write([]byte(body))
			forbidden = append(forbidden, hex.EncodeToString(mac.Sum(nil)))
		}
	}
	for _, f := range forbidden {
		if strings.Contains(shown, f) {
			t.Errorf("the trial shows %q:\n%s", f, shown)
		}
	}
}

func TestTryExplains(t *testing.T) {
	set := trialSet(t, trialMappings)
	got := preview.Try(set, []byte(`{"type":"track","event":"Cart Viewed"}`), preview.TrialOptions{})
	if r := got.Results[0]; r.Matched || r.Reason != `event is "Cart Viewed", not "Order Completed"` {
		t.Errorf("got %+v", r)
	}
	for _, h := range got.Results[1].Headers {
		if h.Name == "X-Signature" {
			t.Error("a connector without a secret is said to sign")
		}
	}
	for _, text := range []string{"", "null", `{"type":`, "[1]", "\x00"} {
		if got := preview.Try(set, []byte(text), preview.TrialOptions{}); got.Fault == "" || got.Results != nil {
			t.Errorf("%q is an event: %+v", text, got)
		}
	}
}

// What is shown stays small, however large the event.
func TestTryIsBounded(t *testing.T) {
	event := `{"type":"track","properties":{"long":"` + strings.Repeat("ü", 100_000) + `"}}`
	r := preview.Try(trialSet(t, trialMappings), []byte(event), preview.TrialOptions{}).Results[1]
	if len(r.Body) > 64<<10 || r.Curl != "" || r.BodyBytes != len(event)+2 {
		t.Errorf("the body shows %d bytes and the command %d; it is said to have %d", len(r.Body), len(r.Curl), r.BodyBytes)
	}
}
