package sink

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestParseItems(t *testing.T) {
	tests := []struct {
		name, body string
		n          int
		want       string // classes and statuses; "" for none
	}{
		{"one each", `[{"status":200},{"status":400,"error":"bad"},{"status":503}]`, 3, "delivered 200 , rejected 400 bad, retry 503 "},
		{"every class", `[{"status":207},{"status":302},{"status":422},{"status":429},{"status":100}]`, 5, "delivered 207 , rejected 302 , rejected 422 , retry 429 , retry 100 "},
		{"other members", `[{"id":"x","status":201,"headers":{}}]`, 1, "delivered 201 "},
		{"an error that is no text", `[{"status":404,"error":{"code":7}}]`, 1, "rejected 404 "},
		{"blanks", " [ { \"status\" : 200 } ] \n", 1, "delivered 200 "},
		{"too few", `[{"status":200}]`, 2, ""},
		{"too many", `[{"status":200},{"status":200}]`, 1, ""},
		{"none", `[]`, 1, ""},
		{"an object", `{"status":200}`, 1, ""},
		{"numbers", `[200]`, 1, ""},
		{"no status", `[{"code":200}]`, 1, ""},
		{"status as text", `[{"status":"200"}]`, 1, ""},
		{"no such status", `[{"status":600}]`, 1, ""},
		{"zero", `[{"status":0}]`, 1, ""},
		{"null", `[null]`, 1, ""},
		{"cut off", `[{"status":200},{"sta`, 2, ""},
		{"text after it", `[{"status":200}] ok`, 1, ""},
		{"empty", ``, 1, ""},
		{"text", `accepted`, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, it := range parseItems([]byte(test.body), test.n) {
				got = append(got, fmt.Sprintf("%v %d %s", it.Class, it.Status, it.Error))
			}
			if text := strings.Join(got, ", "); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
	long := strings.Repeat("x", 3000)
	it := parseItems([]byte(`[{"status":400,"error":"`+long+`"}]`), 1)[0]
	if len(it.Error) != keptBytes || len(it.Body) != keptBytes {
		t.Errorf("%d bytes of the error are kept and %d of the element, want %d", len(it.Error), len(it.Body), keptBytes)
	}
}

// Only a batch has results for each event; the connection is used again, and not everything is read.
func TestSendReadsItems(t *testing.T) {
	results := `[{"status":200},{"status":409,"error":"twice"}]`
	for _, test := range []struct {
		name   string
		status int
		body   string
		single bool
		want   int // items
	}{
		{"a batch", 207, results, false, 2},
		{"nearly 1 MiB", 207, strings.Repeat(" ", maxItemsBytes-100) + results, false, 2},
		{"more than 1 MiB", 207, strings.Repeat(" ", maxItemsBytes) + results, false, 0},
		{"200 says nothing about each", 200, results, false, 0},
		{"a single event", 207, `[{"status":409}]`, true, 0},
		{"no results", 207, `{"ok":true}`, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			overTransports(t, func(t *testing.T, o Options) {
				url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(test.status)
					_, _ = io.WriteString(w, test.body)
				})
				r := pair(t, url)
				if test.single {
					r = single(t, Payload{URL: url, Data: []byte("{}")}, nil)
				}
				a := newClient(t, o).Send(t.Context(), r)
				if a.Class != Delivered || a.Status != test.status || len(a.Items) != test.want {
					t.Errorf("got %v %d with %d items (%v), want %d", a.Class, a.Status, len(a.Items), a.Err, test.want)
				}
				if len(a.Body) > keptBytes {
					t.Errorf("%d bytes of the answer are kept, want at most %d", len(a.Body), keptBytes)
				}
			})
		})
	}
}
