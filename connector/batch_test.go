package connector

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// What differs in URL, method or headers never shares a request, and nothing stays behind.
func TestBatchesKeepDestinationsApart(t *testing.T) {
	t.Parallel()
	b := newBatches()
	now := time.Unix(0, 0)
	add := func(url, method, header, data string) {
		p := sink.Payload{URL: url, Method: method, Data: []byte(data)}
		if header != "" {
			p.Headers = []sink.Header{{Name: "X-Tenant", Value: header}}
		}
		b.add(resolvedEvent{event: &lane.Event{}, payload: p}, 1000, 1<<20, now.Add(time.Second))
	}
	const a, z = "https://a.example/", "https://z.example/"
	add(a, "POST", "", "1")
	add(z, "POST", "", "2")
	add(a, "PUT", "", "3")
	add(a, "POST", "one", "4")
	add(a, "POST", "", "5")
	add(a, "POST", "two", "6")
	add(z, "POST", "", "7")
	if b.take(now) != nil {
		t.Error("a batch goes before its time")
	}
	var got []string
	for s := b.take(now.Add(time.Second)); s != nil; s = b.take(now.Add(time.Second)) {
		text := ""
		for i, p := range s.payloads {
			if p.Key() != s.payloads[0].Key() {
				t.Errorf("%s %s travels with %s %s", p.Method, p.URL, s.payloads[0].Method, s.payloads[0].URL)
			}
			text += fmt.Sprint(i, "=", string(p.Data), " ")
		}
		if len(s.events) != len(s.payloads) {
			t.Errorf("%d events have %d payloads", len(s.events), len(s.payloads))
		}
		got = append(got, text)
	}
	slices.Sort(got)
	if want := []string{"0=1 1=5 ", "0=2 1=7 ", "0=3 ", "0=4 ", "0=6 "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A batch is full by number and by bytes; what would make it too large begins the next.
func TestBatchesHaveLimits(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	for _, x := range []struct {
		name           string
		events, bytes  int
		sizes          []int
		wantAt, wantIn int // how many are full, and how many events are in the first
	}{
		{"by number", 3, 1 << 20, []int{10, 10, 10, 10}, 1, 3},
		{"by bytes", 100, sink.BatchOverhead + 2*sink.ElementSize(make([]byte, 10)), []int{10, 10, 10}, 1, 2},
		{"one that does not fit", 100, sink.BatchOverhead + 2*sink.ElementSize(make([]byte, 10)), []int{10, 15, 1}, 1, 1},
		{"one that is larger than all", 100, 50, []int{80, 1}, 1, 1},
	} {
		b := newBatches()
		for _, n := range x.sizes {
			b.add(resolvedEvent{event: &lane.Event{}, payload: sink.Payload{URL: "https://a.example/", Method: "POST", Data: make([]byte, n)}}, x.events, x.bytes, now.Add(time.Second))
		}
		if len(b.full) != x.wantAt || len(b.full) > 0 && len(b.full[0].events) != x.wantIn {
			t.Errorf("%s: %d batches are full, the first of %d", x.name, len(b.full), len(b.full[0].events))
		}
	}
}
