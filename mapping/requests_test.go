package mapping

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// requestRow is a row of requests.jsonl: what Segment's destination sent for some events.
type requestRow struct {
	ID        string
	Cat       string
	Kind      string
	Subscribe string
	Mapping   string
	Events    []string
	Outcome   string
	Requests  []struct {
		Method, URL string
		Headers     map[string]string
		Body        *string
	}
	Multistatus []struct{ Status int }
	Responses   []struct{ Status int }
	Error       *struct {
		Name     string
		Messages []string
	}
}

// refusedAtLoad are the rows that Segment sends and this package refuses to load, each with the reason.
func refusedAtLoad() map[string]string {
	return map[string]string{
		"req_25e9b8743125": "batch_size depends on the event",
		"req_b080202df17d": "batch_size is negative",
		"req_100d454c1936": "batch_size is no whole number",
		"req_ec081cade766": "batch_size is beyond 4000",
	}
}

// sentByIntention are the rows that Segment refuses and this package resolves.
func sentByIntention() map[string]string {
	return map[string]string{
		"req_ec0708e17018": "batch_keys mean nothing here, so their type does not matter",
		"req_db24105d7b99": "an event whose context is null trips up Segment's own code",
		"req_7dfc2bcbf9b8": "an event whose context is null trips up Segment's own code",
	}
}

// TestRequests checks that what is resolved for each event is what Segment sent: method, URL, the headers that the
// mapping names, and the body. Signing and sending are not part of this package.
func TestRequests(t *testing.T) {
	refused := refusedAtLoad()
	count := map[string]int{}
	for _, row := range rows[requestRow](t, "requests.jsonl.gz") {
		if row.Cat == "secret" && len(row.Requests) == 0 {
			count["refused for the secret, which is the sink's business"]++
			continue
		}
		count[checkRequest(t, row, refused)]++
		delete(refused, row.ID)
	}
	for id := range refused {
		t.Errorf("%s is listed and is no row", id)
	}
	t.Log(count)
}

func checkRequest(t *testing.T, row requestRow, refused map[string]string) string {
	t.Helper()
	hosts := []string{"hooks.example.com", "*.example.com"}
	file, err := json.Marshal([]any{map[string]any{"name": "m", "enabled": true, "subscribe": row.Subscribe, "mapping": json.RawMessage(row.Mapping)}})
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := LoadText(row.ID+".json", file, nil, Options{AllowedHosts: hosts})
	if reason, ok := refused[row.ID]; ok {
		if err == nil {
			t.Errorf("%s (%s) loads, want a fault: %s", row.ID, row.Cat, reason)
		}
		return "refused at load by intention"
	}
	if err != nil {
		if len(row.Requests) > 0 {
			t.Errorf("%s (%s) is refused, want it sent\nmapping %s\nerror   %v", row.ID, row.Cat, row.Mapping, err)
		}
		return "refused at load, never sent by Segment"
	}
	var sent []Payload
	reader := set.NewReader()
	for i, text := range row.Events {
		event, match, err := reader.Read([]byte(text))
		if err != nil {
			t.Errorf("%s event %d: %v", row.ID, i, err)
			return "failed"
		}
		if match == 0 {
			checkStatus(t, row, i, false, "the trigger does not match: "+reader.Explain(0))
			continue
		}
		payload, err := set.Mappings()[0].Resolve(event)
		if err != nil {
			checkStatus(t, row, i, false, err.Error())
			continue
		}
		checkStatus(t, row, i, true, "")
		sent = append(sent, payload)
	}
	if len(row.Requests) == 0 {
		if _, ok := sentByIntention()[row.ID]; ok {
			return "sent by intention"
		}
		if len(sent) > 0 && row.Error != nil {
			t.Errorf("%s (%s) resolves, want refusal %v\nmapping %s", row.ID, row.Cat, row.Error, row.Mapping)
		}
		return "not sent"
	}
	if len(sent) == 0 {
		t.Errorf("%s (%s) resolves nothing, want a request\nmapping %s", row.ID, row.Cat, row.Mapping)
		return "failed"
	}
	compareRequest(t, row, sent)
	return "agree"
}

// checkStatus compares what became of one event of a batch.
func checkStatus(t *testing.T, row requestRow, i int, resolved bool, why string) {
	t.Helper()
	if len(row.Multistatus) <= i || row.Cat == "batch.differing" && resolved {
		return
	}
	if want := row.Multistatus[i].Status < 300; resolved != want {
		t.Errorf("%s (%s) event %d resolved: %v (%s), want %v\nmapping %s", row.ID, row.Cat, i, resolved, why, want, row.Mapping)
	}
}

func compareRequest(t *testing.T, row requestRow, sent []Payload) {
	t.Helper()
	want := row.Requests[0]
	got := sent[0]
	if got.Method != want.Method {
		t.Errorf("%s method %s, want %s", row.ID, got.Method, want.Method)
	}
	if onWire(got.URL) != want.URL {
		t.Errorf("%s url %s, want %s", row.ID, onWire(got.URL), want.URL)
	}
	for _, h := range got.Headers {
		name := strings.ToLower(h.Name)
		value, ok := want.Headers[name]
		switch {
		case name == "content-type", name == "content-length":
		case h.Value == "undefined":
			if ok {
				t.Errorf("%s header %s is to be removed, want %q", row.ID, name, value)
			}
		case !ok || strings.Trim(h.Value, " \t") != value:
			t.Errorf("%s header %s: %q, want %q", row.ID, name, h.Value, value)
		}
	}
	for name := range want.Headers {
		if isClientHeader(name) {
			continue
		}
		if !hasHeader(got.Headers, name) {
			t.Errorf("%s has no header %s", row.ID, name)
		}
	}
	var body *string
	if row.Kind == "batch" {
		parts := make([]string, len(sent))
		for i, p := range sent {
			parts[i] = "null"
			if p.Data != nil {
				parts[i] = string(p.Data)
			}
		}
		text := "[" + strings.Join(parts, ",") + "]"
		body = &text
	} else if got.Data != nil {
		text := string(got.Data)
		body = &text
	}
	if diff := cmp.Diff(want.Body, body); diff != "" {
		t.Errorf("%s (%s) body (-want +got):\n%s", row.ID, row.Cat, diff)
	}
}

func isClientHeader(name string) bool {
	switch name {
	case "accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent", "x-signature", "authorization":
		return true
	}
	return false
}

func hasHeader(headers []Header, name string) bool {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// onWire is a mapped URL in the form in which Segment's client requests it.
func onWire(raw string) string {
	u, err := parseURL(raw)
	if err != nil {
		return err.Error()
	}
	clean := u.ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery})
	path := strings.ReplaceAll(clean.EscapedPath(), "'", "%27")
	if path == "" {
		path = "/"
	}
	out := clean.Scheme + "://" + clean.Host + path
	if clean.RawQuery != "" || u.ForceQuery {
		out += "?" + clean.RawQuery
	}
	return out
}
