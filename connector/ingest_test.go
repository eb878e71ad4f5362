package connector

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
)

func testIngester(t *testing.T) *ingester {
	t.Helper()
	set, _, err := mapping.LoadText("m", []byte(`
mappings:
  - {name: a, trigger: 'type = "track"', fields: {url: "http://localhost/a", method: POST}}
  - {name: b, trigger: 'type = "page"', fields: {url: "http://localhost/b", method: POST}}
`), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return newIngester(set, schemas.NewDecoder(), nil)
}

func testRecords(rnd *rand.Rand, n int) []*kafka.Record {
	var out []*kafka.Record
	offset := int64(rnd.IntN(100))
	for range n {
		values := []string{`{"type":"track"}`, `{"type":"page", "x": 1.0}`, `{"type":"screen"}`, `not json`, ``}
		out = append(out, &kafka.Record{Offset: offset, Value: []byte(values[rnd.IntN(len(values))]), Key: []byte(fmt.Sprint(offset))})
		offset += 1 + int64(rnd.IntN(3))
	}
	return out
}

// want is what a record of testRecords must be delivered by.
func want(r *kafka.Record) uint64 {
	switch string(r.Value) {
	case `{"type":"track"}`:
		return 1
	case `{"type":"page", "x": 1.0}`:
		return 2
	case `{"type":"screen"}`:
		return 0
	default:
		return 4
	}
}

// Every record is accounted for: a lane that believes a block's Next has missed nothing. A slice that is cut short ends where the cut is.
func TestBlocksAccountForEveryRecord(t *testing.T) {
	t.Parallel()
	in := testIngester(t)
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		records := testRecords(rnd, 1+rnd.IntN(60))
		end := records[len(records)-1].Offset + 1 + int64(rnd.IntN(3))
		lanes := uint64(rnd.IntN(8))
		whole, looked := in.blocks(records)
		if looked != len(records) {
			t.Fatalf("seed %d: looked at %d of %d", seed, looked, len(records))
		}
		for name, blocks := range map[string][]*lane.Block{
			"blocks": whole,
			"slices": readBackInPieces(in, records, lanes, end, 1+rnd.IntN(200)),
		} {
			mask := lanes
			if name == "blocks" {
				mask, end = ^uint64(0), max(end, blocks[len(blocks)-1].Next)
			}
			got := map[int64]uint64{}
			next := records[0].Offset
			for _, b := range blocks {
				if b.From != next {
					t.Fatalf("seed %d: %s: a block begins at %d, the one before ended at %d", seed, name, b.From, next)
				}
				next = b.Next
				for i, r := range b.Records {
					if r.Offset < b.From || r.Offset >= b.Next {
						t.Fatalf("seed %d: %s: offset %d in a block [%d,%d)", seed, name, r.Offset, b.From, b.Next)
					}
					got[r.Offset] = b.Match[i]
				}
			}
			if last := records[len(records)-1].Offset; next <= last {
				t.Fatalf("seed %d: %s: ends at %d before the last record %d", seed, name, next, last)
			}
			for _, r := range records {
				if want := want(r) & mask; got[r.Offset] != want {
					t.Fatalf("seed %d: %s: offset %d (%q) is for lanes %b, want %b", seed, name, r.Offset, r.Value, got[r.Offset], want)
				}
			}
		}
	}
}

// readBackInPieces reads the records back in pieces, as a lane that is behind does.
func readBackInPieces(in *ingester, records []*kafka.Record, lanes uint64, end int64, limit int) (out []*lane.Block) {
	at := records[0].Offset
	for at < end {
		var rest []*kafka.Record
		for _, r := range records {
			if r.Offset >= at {
				rest = append(rest, r)
			}
		}
		b, _ := in.slice(rest, lanes, at, end, limit)
		out = append(out, b)
		at = b.Next
	}
	return out
}

// A record's bytes are its own, and a dead letter shows them as they came while the event is in JavaScript's form.
func TestBlocksCopy(t *testing.T) {
	t.Parallel()
	in := testIngester(t)
	value := []byte(`{"type":"page", "x": 1.0}`)
	records := []*kafka.Record{{Offset: 5, Key: []byte("k"), Value: value, Headers: []kafka.Header{{Key: "h", Value: []byte("v")}}}}
	blocks, _ := in.blocks(records)
	r := blocks[0].Records[0]
	clear(value)
	clear(records[0].Key)
	clear(records[0].Headers[0].Value)
	if string(r.Value) != `{"type":"page", "x": 1.0}` || string(r.Event) != `{"type":"page","x":1}` || string(r.Key) != "k" || string(r.Headers[0].Value) != "v" {
		t.Errorf("got value %q, event %q, key %q, headers %v", r.Value, r.Event, r.Key, r.Headers)
	}
}

// What is kept of a record shares no memory with the fetch that it came in, not even where it is empty; and what is not there stays so.
func TestBlocksShareNothingWithTheFetch(t *testing.T) {
	t.Parallel()
	fetch := []byte(`{"type":"track"}value`)
	empty := fetch[:0]
	blocks, _ := testIngester(t).blocks([]*kafka.Record{
		{Offset: 1, Value: fetch[:16], Key: empty, Headers: []kafka.Header{{Key: "none"}, {Key: "empty", Value: empty}, {Key: "some", Value: fetch[16:]}}},
		{Offset: 2, Value: empty},
	})
	first, second := &blocks[0].Records[0], &blocks[0].Records[1]
	for name, b := range map[string][]byte{"value": first.Value, "key": first.Key, "empty header": first.Headers[1].Value, "empty value": second.Value} {
		if b == nil || unsafe.SliceData(b) == unsafe.SliceData(fetch) {
			t.Errorf("%s: nil %v, or of the fetch's memory", name, b == nil)
		}
	}
	if first.Headers[0].Value != nil || second.Key != nil || second.Headers != nil {
		t.Errorf("what was not there is %v, %v, %v", first.Headers[0].Value, second.Key, second.Headers)
	}
	if string(first.Value) != `{"type":"track"}` || string(first.Headers[2].Value) != "value" {
		t.Errorf("kept are %q and %q", first.Value, first.Headers[2].Value)
	}
}
