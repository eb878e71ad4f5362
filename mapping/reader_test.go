package mapping

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"testing"

	"segment-webhooks/mapping/document"
)

func TestReaderGivesCanonicalEvents(t *testing.T) {
	reader := benchSet(t, []string{`type = "track"`}, wholeEvent).NewReader()
	tests := []struct {
		name, value, want string
		same              bool
	}{
		{"canonical", `{"type":"track","n":1}`, `{"type":"track","n":1}`, true},
		{"no match", `{"type":"page"}`, `{"type":"page"}`, true},
		{"blanks", `{ "type": "track" }`, `{"type":"track"}`, false},
		{"numbers", `{"a":1.0,"b":-0}`, `{"a":1,"b":0}`, false},
		{"order and repeats", `{"b":1,"2":1,"b":2}`, `{"2":1,"b":2}`, false},
		{"escapes", `{"a":"\u0041\/"}`, `{"a":"A/"}`, false},
		{"__proto__ is a key like any other", `{"__proto__":{"a":1}}`, `{"__proto__":{"a":1}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			value := []byte(tt.value)
			event, _, err := reader.Read(value)
			if err != nil {
				t.Fatal(err)
			}
			if string(event) != tt.want {
				t.Errorf("event %s, want %s", event, tt.want)
			}
			if same := &event[0] == &value[0]; same != tt.same {
				t.Errorf("event is the value itself: %v, want %v", same, tt.same)
			}
			// What Read returned is the caller's, whatever is read next.
			if _, _, err := reader.Read([]byte(`{ "other" : [1, 2, 3, "something longer than before"] }`)); err != nil {
				t.Fatal(err)
			}
			if string(event) != tt.want {
				t.Errorf("event is %s after the next Read, want %s", event, tt.want)
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	reader := benchSet(t, []string{`type = "track"`}, wholeEvent).NewReader()
	for _, bad := range []string{"", "{", "[]", "5", `{"a":1}x`, "null", "\x00"} {
		event, match, err := reader.Read([]byte(bad))
		var syntax *document.SyntaxError
		if !errors.As(err, &syntax) || event != nil || match != 0 {
			t.Errorf("Read(%q) = %q, %b, %v; want a *document.SyntaxError", bad, event, match, err)
		}
	}
	if _, match, err := reader.Read([]byte(`{"type":"track"}`)); match != 1 || err != nil {
		t.Errorf("after errors: match %b, %v; want 1", match, err)
	}
}

// TestReaderAgreesWithSingleMappings checks that fifty mappings together match what each matches alone: the index by
// type and event may only skip mappings that cannot match.
func TestReaderAgreesWithSingleMappings(t *testing.T) {
	triggers := append(fiftyTriggers()[:44],
		`type != "track"`, `type = "track" or event = "Event 1"`, `not (type = "track")`, `type = "track" and type = "page"`,
		`event != "Event 2" and type = "identify"`, `event = "Order é"`)
	together := benchSet(t, triggers, wholeEvent).NewReader()
	var alone []*Reader
	for _, trigger := range triggers {
		alone = append(alone, benchSet(t, []string{trigger}, wholeEvent).NewReader())
	}
	var events [][]byte
	for _, kind := range []string{`"track"`, `"page"`, `"identify"`, `"tr\u0061ck"`, `5`, `null`, `["track"]`, ``} {
		for _, event := range []string{`"Event 1"`, `"Event 2"`, `"Order é"`, `"Order \u00e9"`, `1`, `{}`, ``} {
			var members []string
			if kind != "" {
				members = append(members, `"type":`+kind)
			}
			if event != "" {
				members = append(members, `"event": `+event)
			}
			members = append(members, `"properties":{"total":2000}`, `"context":{"locale":"en-GB"}`)
			events = append(events, []byte("{"+strings.Join(members, ",")+"}"))
		}
	}
	events = append(events, benchEvents(t)...)
	matches := 0
	for _, event := range events {
		_, got, err := together.Read(event)
		if err != nil {
			t.Fatal(err)
		}
		matches += bits.OnesCount64(got)
		for i, reader := range alone {
			_, want, err := reader.Read(event)
			if err != nil {
				t.Fatal(err)
			}
			if got>>i&1 != want {
				t.Errorf("%s on %s: %b among others, %b alone", triggers[i], event, got>>i&1, want)
			}
			if explained := together.Explain(i) == ""; explained != (want == 1) {
				t.Errorf("%s on %s: explanation %q, match %b", triggers[i], event, together.Explain(i), want)
			}
		}
	}
	if matches < 100 {
		t.Errorf("%d matches, want more for this to say something", matches)
	}
}

func TestHostFromEvent(t *testing.T) {
	for url, want := range map[string]bool{
		`"https://a.example"`:                      false,
		`{"@template":"https://a.example/{{id}}"}`: false,
		`{"@template":"https://{{id}}.example/x"}`: true,
		`{"@if":{"exists":{"@path":"$.a"},"then":"https://a.example","else":"https://b.example"}}`: false,
		`{"@if":{"exists":{"@path":"$.a"},"then":"https://a.example","else":{"@path":"$.u"}}}`:     true,
	} {
		text := fmt.Sprintf(`[{"name":"m","trigger":"type = \"track\"","settings":{"method":"POST","url":%s}}]`, url)
		set, _, err := LoadText("m.json", []byte(text), nil, Options{AllowedHosts: []string{"*.example"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Mappings()[0].HostFromEvent(); got != want {
			t.Errorf("%s: host from the event: %v, want %v", url, got, want)
		}
	}
}

// TestResolveConcurrently is for the race detector: a mapping serves many goroutines.
func TestResolveConcurrently(t *testing.T) {
	events := benchEvents(t)
	for _, data := range []string{wholeEvent, tenFields, `{"@merge": {direction: left, objects: [{"@path": "$.properties"}]}}`} {
		m := benchSet(t, []string{`type = "track"`}, data).Mappings()[0]
		var want []string
		for _, event := range events {
			want = append(want, dataText(m.Resolve(event)))
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 20 {
					for i, event := range events {
						if got := dataText(m.Resolve(event)); got != want[i] {
							t.Errorf("got  %s\nwant %s", got, want[i])
						}
					}
				}
			})
		}
		group.Wait()
	}
}
