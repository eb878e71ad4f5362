//go:build unix

package mapping

import (
	"bytes"
	"runtime"
	"syscall"
	"testing"
	"time"

	"segment-webhooks/mapping/document"
)

// tenPaths is an object of ten values from all over an event.
const tenPaths = `{id: {"@path": "$.userId"}, anon: {"@path": "$.anonymousId"}, name: {"@path": "$.event"}, ts: {"@path": "$.timestamp"},
    mid: {"@path": "$.messageId"}, kind: {"@path": "$.type"}, ip: {"@path": "$.context.ip"}, lib: {"@path": "$.context.library.name"},
    product: {"@path": "$.properties.product_id"}, url: {"@path": "$.context.page.url"}}`

// BenchmarkEvent measures what one event of about 1 KB costs on its way from a record's value to the body of a batch:
//
//	make benchmarks BENCH=Event
//
// cpu-ns/event is processor time, which a busy neighbour stretches less than the clock's. copies is the same as a
// multiple of copying the event, measured in turns with it, and is what to compare between machines and moments.
func BenchmarkEvent(b *testing.B) {
	events := benchEvents(b)
	const track = `type = "track"`
	for _, bc := range []struct {
		name   string
		events [][]byte
		each   func(b *testing.B) func(event []byte)
	}{
		{"copy", events, copied},
		{"scan", events, scanned},
		{"one trigger", events, read(track)},
		{"50 triggers", events, read(fiftyTriggers()...)},
		{"pass-through", events, mapped(wholeEvent, true)},
		{"pass-through, spaced", spaced(events), mapped(wholeEvent, true)},
		{"ten paths", events, mapped(tenPaths, true)},
		{"ten paths, resolving alone", events, mapped(tenPaths, false)},
	} {
		b.Run(bc.name, func(b *testing.B) { inTurns(b, bc.events, bc.each(b)) })
	}
}

// inTurns runs f and a copy over the events in turns, long enough for the system to tell their times.
func inTurns(b *testing.B, events [][]byte, f func(event []byte)) {
	b.Helper()
	const rounds, copies = 64, 64 * 16
	dst := make([]byte, 0, 4096)
	var spent, copying time.Duration
	var before, after runtime.MemStats
	for _, event := range events {
		f(event) // until buffers have grown
	}
	runtime.ReadMemStats(&before)
	for b.Loop() {
		start := cpuTime()
		for range rounds {
			for _, event := range events {
				f(event)
			}
		}
		middle := cpuTime()
		for range copies {
			for _, event := range events {
				dst = append(dst[:0], event...)
			}
		}
		spent += middle - start
		copying += cpuTime() - middle
	}
	runtime.ReadMemStats(&after)
	n := float64(b.N * len(events))
	b.ReportMetric(0, "ns/op") // of so many events means nothing
	b.ReportMetric(float64(spent)/n/rounds, "cpu-ns/event")
	b.ReportMetric(float64(spent)/float64(copying)*copies/rounds, "copies")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n/rounds, "allocs/event")
}

// cpuTime returns the time that the process has spent on processors.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func copied(*testing.B) func(event []byte) {
	dst := make([]byte, 0, 4096)
	return func(event []byte) { dst = append(dst[:0], event...) }
}

func scanned(b *testing.B) func(event []byte) {
	scanner := document.NewScanner(nil)
	return func(event []byte) {
		if err := scanner.Scan(event); err != nil {
			b.Fatal(err)
		}
	}
}

// read checks an event and finds out which triggers take it.
func read(triggers ...string) func(b *testing.B) func(event []byte) {
	return func(b *testing.B) func(event []byte) {
		b.Helper()
		reader := benchSet(b, triggers, wholeEvent).NewReader()
		return func(event []byte) {
			if _, _, err := reader.Read(event); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// mapped resolves an event, after reading it if that is asked for, and appends its data to a batch.
func mapped(data string, whole bool) func(b *testing.B) func(event []byte) {
	return func(b *testing.B) func(event []byte) {
		b.Helper()
		set := benchSet(b, []string{`type = "track"`}, data)
		reader, m := set.NewReader(), set.Mappings()[0]
		batch := make([]byte, 0, 4096)
		return func(event []byte) {
			if whole {
				var err error
				if event, _, err = reader.Read(event); err != nil {
					b.Fatal(err)
				}
			}
			payload, err := m.Resolve(event)
			if err != nil {
				b.Fatal(err)
			}
			batch = append(batch[:0], payload.Data...)
		}
	}
}

// spaced returns events with blanks behind commas, and so not in canonical form.
func spaced(events [][]byte) [][]byte {
	var out [][]byte
	for _, event := range events {
		out = append(out, bytes.ReplaceAll(event, []byte(`,"`), []byte(`, "`)))
	}
	return out
}
