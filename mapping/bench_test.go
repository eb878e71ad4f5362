package mapping

import (
	"bytes"
	"fmt"
	"os"
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

// fiftyTriggers are conditions of the kinds that people write: 95 of them on some 20 paths, of which an event meets a few.
func fiftyTriggers() []string {
	var triggers []string
	for i := range 30 {
		triggers = append(triggers, fmt.Sprintf(`type = "track" and event = "Event %d"`, i))
	}
	for _, kind := range []string{"track", "identify", "page", "group", "screen"} {
		triggers = append(triggers,
			fmt.Sprintf(`type = "%s" and context.locale = "en-GB"`, kind),
			fmt.Sprintf(`type = "%s" and properties.total > 1000`, kind),
			fmt.Sprintf(`type = "%s" and contains(traits.email, "@example.org")`, kind),
		)
	}
	return append(triggers,
		`properties.currency = "CHF" and properties.total >= 10`,
		`context.campaign.source = "none" or context.campaign.medium = "none"`,
		`context.app.version = "9" or context.os.name = "BeOS"`,
		`event = "Order Completed" and properties.coupon = "x"`,
		`traits.plan = "enterprise" and context.device.type = "tablet"`,
	)
}

func BenchmarkRead(b *testing.B) {
	one := []string{`type = "track" and event = "Order Completed"`}
	for _, bc := range []struct {
		name     string
		triggers []string
		spaced   bool
	}{
		{"1 trigger", one, false},
		{"50 triggers", fiftyTriggers(), false},
		{"1 trigger, spaced", one, true},
	} {
		b.Run(bc.name, func(b *testing.B) {
			set := benchSet(b, bc.triggers, wholeEvent)
			events := benchEvents(b)
			if bc.spaced {
				for i, event := range events {
					events[i] = bytes.ReplaceAll(event, []byte(`,"`), []byte(`, "`))
				}
			}
			reader := set.NewReader()
			size := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				event := events[i%len(events)]
				if _, _, err := reader.Read(event); err != nil {
					b.Fatal(err)
				}
				size = len(event)
			}
			b.SetBytes(int64(size))
		})
	}
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
