//go:build simulation && synctests

package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// event is what the oracle knows of a record.
type event struct {
	ID         string `json:"messageId"`
	Type       string `json:"type"`
	Event      string `json:"event"`
	Properties struct {
		Shop   string   `json:"shop"`
		Method string   `json:"method"`
		Bad    []string `json:"bad"` // hooks that refuse it
	} `json:"properties"`
}

// hook is a mapping, the endpoint it sends to, and what must become of an event there.
type hook struct {
	name    string
	trigger string
	wants   func(*event) bool
	batch   int    // batch size; 0 sends single requests
	fields  string // YAML, one field a line
	refusal []int  // status for events that name the hook in "bad"
}

func (h *hook) host() string { return strings.ToLower(h.name) + ".test" }
func (h *hook) lane() uint32 { return laneID(h.name) }

// fate is how an event must end when its endpoint works.
type fate string

const (
	delivered fate = "delivered"
	refused   fate = "rejected"
	unmapped  fate = "mapping_failed"
)

func (h *hook) fate(e *event) fate {
	switch {
	case h.name == "views" && e.Properties.Method == http.MethodDelete:
		return unmapped
	case slices.Contains(e.Properties.Bad, h.name):
		return refused
	default:
		return delivered
	}
}

// The hooks differ in what they exercise: single requests and batches, the event as it came and computed fields, batches that have to be
// split for a bad event, batches of several kinds, one mapping that takes everything.
func allHooks() []*hook {
	return []*hook{
		{
			name: "orders", trigger: `type = "track" and event = "Order"`,
			wants:   func(e *event) bool { return e.Type == "track" && e.Event == "Order" },
			fields:  "url: http://orders.test/hook\nmethod: POST\ndata: {\"@path\": \"$.\"}",
			refusal: []int{404, 410, 301, 401, 400},
		},
		{
			name: "lake", trigger: `type != ""`,
			wants:  func(e *event) bool { return e.Type != "" },
			batch:  8,
			fields: "url: http://lake.test/in\nmethod: POST\ndata: {\"@path\": \"$.\"}\nenable_batching: true\nbatch_size: 8",
			// What a batch is refused for is found by halving it.
			refusal: []int{400, 413, 422},
		},
		{
			name: "views", trigger: `event = "View"`,
			wants: func(e *event) bool { return e.Event == "View" },
			fields: "url: {\"@template\": \"http://views.test/shop/{{properties.shop}}\"}\nmethod: {\"@path\": $.properties.method}\n" +
				"data: {messageId: {\"@path\": $.messageId}, properties: {bad: {\"@path\": $.properties.bad}}}",
			refusal: []int{403, 422, 308},
		},
		{
			name: "pages", trigger: `type = "page"`,
			wants: func(e *event) bool { return e.Type == "page" },
			batch: 4,
			fields: "url: http://pages.test/bulk\nmethod: PUT\nheaders: {X-Shop: {\"@path\": $.properties.shop}}\n" +
				"data: {messageId: {\"@path\": $.messageId}, properties: {bad: {\"@path\": $.properties.bad}}}\nenable_batching: true\nbatch_size: 4",
			refusal: []int{400},
		},
	}
}

// mappings writes the hooks as a mapping file.
func mappings(hooks []*hook) string {
	var b strings.Builder
	b.WriteString("mappings:\n")
	for _, h := range hooks {
		fmt.Fprintf(&b, "  - name: %s\n    trigger: '%s'\n    fields:\n", h.name, h.trigger)
		for line := range strings.Lines(h.fields) {
			fmt.Fprintf(&b, "      %s\n", strings.TrimSpace(line))
		}
	}
	return b.String()
}

// generator makes records: a few of them bad for some hook, some no events at all, some not in JavaScript's form.
type generator struct {
	name string
	rnd  *rand.Rand
	n    int
}

func (g *generator) value() []byte {
	g.n++
	if g.rnd.IntN(60) == 0 {
		return [][]byte{[]byte("not json"), nil, []byte("[1,2]"), []byte(`{"type":"track",`), []byte(`"text"`)}[g.rnd.IntN(5)]
	}
	e := event{ID: fmt.Sprintf("%s-%06d", g.name, g.n), Type: "track"}
	switch x := g.rnd.IntN(10); {
	case x < 4:
		e.Event = "Order"
	case x < 7:
		e.Event = "View"
	case x < 9:
		e.Type = "page"
	default:
		e.Type = "screen"
	}
	e.Properties.Shop = fmt.Sprintf("s%d", g.rnd.IntN(3))
	e.Properties.Method = []string{"POST", "PUT", "PATCH"}[g.rnd.IntN(3)]
	if g.rnd.IntN(50) == 0 {
		e.Properties.Method = "DELETE"
	}
	for _, h := range allHooks() {
		if g.rnd.IntN(60) == 0 {
			e.Properties.Bad = append(e.Properties.Bad, h.name)
		}
	}
	text, err := json.Marshal(struct {
		event
		Pad string `json:"pad"`
	}{e, strings.Repeat("x", g.rnd.IntN(400))})
	if err != nil {
		panic(err)
	}
	if g.rnd.IntN(4) == 0 { // as others print it
		text = []byte(strings.Replace(string(text), `{"messageId"`, "{ \"n\" : 1.0,\n \"messageId\"", 1))
	}
	return text
}

// parse reads a record's value as the connector is supposed to: nil when it is no event.
func parse(value []byte) *event {
	var e event
	if err := json.Unmarshal(value, &e); err != nil || e.ID == "" {
		return nil
	}
	return &e
}
