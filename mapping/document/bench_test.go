package document_test

import (
	"bytes"
	"os"
	"testing"

	"segment-webhooks/mapping/document"
)

// corpus returns 16 events of about 1 KB, in JavaScript's form.
func corpus(tb testing.TB) [][]byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/corpus.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	return splitLines(text)
}

// spaced returns the events as Python's json module writes them: a blank behind each comma and colon.
func spaced(events [][]byte) [][]byte {
	var out [][]byte
	for _, event := range events {
		var b []byte
		quoted := false
		for i, c := range event {
			b = append(b, c)
			if c == '"' && event[i-1] != '\\' {
				quoted = !quoted
			}
			if !quoted && (c == ',' || c == ':') {
				b = append(b, ' ')
			}
		}
		out = append(out, b)
	}
	return out
}

// wanted are paths that triggers and mappings read.
var wanted = []string{
	"type", "event", "userId", "anonymousId", "messageId", "timestamp", "properties.total", "properties.currency", "properties.order_id",
	"properties.products", "properties.category", "properties.name", "traits.email", "traits.plan", "traits.address.city", "context.ip",
	"context.locale", "context.page.url", "context.page.path", "context.device.type", "context.app.version", "context.campaign.source",
	"context.os.name", "integrations.All", "context.library.name",
}

// scannerOf returns a scanner for the first n of the wanted paths.
func scannerOf(n int) *document.Scanner {
	var paths document.Paths
	for _, path := range wanted[:n] {
		paths.Add(keys(path))
	}
	return document.NewScanner(&paths)
}

// BenchmarkCopy is the yardstick: what it costs to copy an event.
func BenchmarkCopy(b *testing.B) {
	var dst []byte
	each(b, corpus(b), func(event []byte) { dst = append(dst[:0], event...) })
}

func BenchmarkScan(b *testing.B) {
	for _, bc := range []struct {
		name   string
		events [][]byte
		paths  int
		output bool
	}{
		{"validate", corpus(b), 0, false},
		{"1path", corpus(b), 1, false},
		{"25paths", corpus(b), 25, false},
		{"pass-through", corpus(b), 1, true},
		{"pass-through-spaced", spaced(corpus(b)), 1, true},
	} {
		b.Run(bc.name, func(b *testing.B) {
			s := scannerOf(bc.paths)
			var dst []byte
			each(b, bc.events, func(event []byte) {
				if err := s.Scan(event); err != nil {
					b.Fatal(err)
				}
				if bc.output {
					dst = s.AppendCanonical(dst[:0])
				}
			})
		})
	}
}

func BenchmarkParse(b *testing.B) {
	var dst []byte
	for _, bc := range []struct {
		name  string
		print bool
	}{{"tree", false}, {"tree-print", true}} {
		b.Run(bc.name, func(b *testing.B) {
			each(b, corpus(b), func(event []byte) {
				v, err := document.Parse(event)
				if err != nil {
					b.Fatal(err)
				}
				if bc.print {
					dst = v.AppendJSON(dst[:0])
				}
			})
		})
	}
}

// each calls f for one event of the given ones an iteration.
func each(b *testing.B, events [][]byte, f func(event []byte)) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(int64(len(bytes.Join(events, nil)) / len(events)))
	for i := 0; b.Loop(); i++ {
		f(events[i%len(events)])
	}
}
