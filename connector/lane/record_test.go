package lane

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordsAreChargedForEveryByte(t *testing.T) {
	t.Parallel()
	value := []byte(`{"type":"track"}`)
	for _, c := range []struct {
		name   string
		record Record
		want   int
	}{
		{"nothing", Record{}, recordOverhead},
		{"key and value", Record{Key: []byte("user"), Value: value}, recordOverhead + 4 + 16},
		{"the value is the event", Record{Value: value, Event: value}, recordOverhead + 16},
		{"the event is another", Record{Value: value, Event: []byte("{}")}, recordOverhead + 16 + 2},
		{"the event is a part of the value", Record{Value: value, Event: value[:2]}, recordOverhead + 16 + 2},
		{"the event without its value", Record{Event: value}, recordOverhead + 16},
		{"headers", Record{Headers: []Header{{Key: "trace", Value: []byte("abc")}, {}}}, recordOverhead + 5 + 3 + 2*40},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.record.Size(); got != c.want {
				t.Errorf("charged with %d, want %d", got, c.want)
			}
			copied := c.record.clone()
			if diff := cmp.Diff(c.record, *copied); diff != "" {
				t.Errorf("copied (-want +got):\n%s", diff)
			}
			if copied.Size() != c.want {
				t.Errorf("the copy is charged with %d, want %d as before: windows count both", copied.Size(), c.want)
			}
		})
	}
}

func TestACopyOfARecordSharesNothing(t *testing.T) {
	t.Parallel()
	space := []byte("user{\"a\":1}{}abc") // one allocation, as a block makes it
	r := Record{Offset: 7, Key: space[:4], Value: space[4:11], Event: space[11:13], Headers: []Header{{Key: "trace", Value: space[13:]}}, Problem: "none"}
	same := Record{Value: space[4:11], Event: space[4:11]}
	a, b := r.clone(), same.clone()
	if &b.Value[0] != &b.Event[0] {
		t.Error("the event was the value, the copy has two")
	}
	clear(space)
	want := Record{Offset: 7, Key: []byte("user"), Value: []byte("{\"a\":1}"), Event: []byte("{}"), Headers: []Header{{Key: "trace", Value: []byte("abc")}}, Problem: "none"}
	if diff := cmp.Diff(want, *a); diff != "" {
		t.Errorf("the copy changes with the block (-want +got):\n%s", diff)
	}
	if string(b.Event) != "{\"a\":1}" {
		t.Errorf("the copy changes with the block: %q", b.Event)
	}
	r.Headers[0].Key = "other"
	if a.Headers[0].Key != "trace" {
		t.Error("the headers are shared")
	}
	if (&Record{}).clone().Key != nil {
		t.Error("no key has become an empty one")
	}
}
