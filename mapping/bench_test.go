package mapping

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// benchEvents are 16 events of about 1 KB, in JavaScript's form.
func benchEvents(tb testing.TB) [][]byte {
	tb.Helper()
	text, err := os.ReadFile("document/testdata/corpus.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

func benchSet(tb testing.TB, triggers []string, data string) *Set {
	tb.Helper()
	var b strings.Builder
	b.WriteString("mappings:\n")
	for i, trigger := range triggers {
		fmt.Fprintf(&b, "- name: m%d\n  trigger: '%s'\n  fields: {url: \"https://example.com/hook\", method: POST, headers: {X-Team: orders}, data: %s}\n", i, trigger, data)
	}
	set, _, err := LoadText("bench.yaml", []byte(b.String()), nil, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

const wholeEvent = `{"@path": "$."}`

// tenFields is an object of ten values, most of them paths.
const tenFields = `{id: {"@path": "$.messageId"}, user: {"@path": "$.userId"}, anonymous: {"@path": "$.anonymousId"},
    what: {"@template": "{{type}}: {{event}}"}, at: {"@path": "$.timestamp"}, total: {"@path": "$.properties.total"},
    currency: {"@path": "$.properties.currency"}, place: {city: {"@path": "$.traits.address.city"}, ip: {"@path": "$.context.ip"}},
    products: {"@path": "$.properties.products"}, source: webhooks}`

// fiftyTriggers are 67 conditions of all kinds on 25 paths. Of an event some hold.
func fiftyTriggers() []string {
	conditions := []string{
		`type = "track"`, `event = "Order Completed"`, `event = "Product Viewed"`, `contains(event, "Product")`, `match(event, "Video*")`,
		`match(event, "*Completed")`, `event != "Signed Out"`, `type = "identify"`, `type = "page"`, `type = "group"`, `userId != null`,
		`properties.product_id != null`, `name = null`, `match(context.page.path, "/basil*")`, `contains(context.page.url, "shop.example")`,
		`context.library.name = "analytics.js"`, `context.app.name = "cedar"`, `match(context.ip, "203.0.113.1*")`, `context.locale = "en-US"`,
		`context.device.type = "ios"`, `context.os.name = "iPhone OS"`, `context.campaign.source = "newsletter"`, `properties.revenue > 10`,
		`properties.total > 20`, `properties.price < 100`, `properties.category = "grove"`, `properties.currency = "USD"`,
		`properties.order_id != null`, `properties.products != null`, `match(traits.email, "*@mail.example")`, `traits.plan = "premium"`,
		`properties.brand = "onyx"`, `properties.coupon = null`,
	}
	triggers := slices.Clone(conditions)
	for i := len(conditions); i < maxMappings; i++ {
		triggers = append(triggers, `type = "track" and `+conditions[i*7%len(conditions)])
	}
	return triggers
}

func BenchmarkResolve(b *testing.B) {
	for _, bc := range []struct{ name, data string }{
		{"pass-through", wholeEvent},
		{"ten fields", tenFields},
		{"one path", `{"@path": "$.properties"}`},
		{"merge", `{"@merge": {direction: right, objects: [{"@path": "$.properties"}, {"@path": "$.traits"}, {source: webhooks}]}}`},
		{"array", `{items: {"@arrayPath": ["$.properties.products", {sku: {"@path": "$.sku"}, price: {"@path": "$.price"}}]}}`},
	} {
		b.Run(bc.name, func(b *testing.B) {
			m := benchSet(b, []string{`type != ""`}, bc.data).Mappings()[0]
			events := benchEvents(b)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := m.Resolve(events[i%len(events)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestReadAllocatesNothing holds the promise of Reader.
func TestReadAllocatesNothing(t *testing.T) {
	for name, triggers := range map[string][]string{"1 trigger": {`type = "track"`}, "50 triggers": fiftyTriggers()} {
		set := benchSet(t, triggers, wholeEvent)
		events := benchEvents(t)
		reader := set.NewReader()
		i := 0
		read := func() {
			if _, _, err := reader.Read(events[i%len(events)]); err != nil {
				t.Fatal(err)
			}
			i++
		}
		for range events {
			read()
		}
		if allocs := testing.AllocsPerRun(100, read); allocs != 0 {
			t.Errorf("%s: %v allocations an event, want none", name, allocs)
		}
	}
}

// TestPassThroughAllocatesNothing checks that a mapping of the whole event neither reads nor copies it.
func TestPassThroughAllocatesNothing(t *testing.T) {
	m := benchSet(t, []string{`type != ""`}, wholeEvent).Mappings()[0]
	event := benchEvents(t)[0]
	allocs := testing.AllocsPerRun(100, func() {
		payload, err := m.Resolve(event)
		if err != nil || &payload.Data[0] != &event[0] {
			t.Fatalf("error %v, want the event itself", err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}
