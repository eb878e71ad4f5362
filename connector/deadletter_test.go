package connector

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"segment-webhooks/connector/lane"
	"segment-webhooks/mapping"
)

// A dead letter can be worked with, whatever the event and the endpoint make of it: it is as old as its death, its own headers are told from those of
// the original, and what others have written cannot steer a terminal or pass for a header.
func TestDeadLetterTellsItsOwnStory(t *testing.T) {
	t.Parallel()
	const mappings = `[{"id": "xyz", "name": "Orders", "enabled": true, "trigger": "type = \"track\"", "fields": {"url": "https://u:p@example.com/a?token=hidden", "method": "POST"}}]`
	set, _, err := mapping.LoadText("mappings.json", []byte(mappings), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := newMetrics(prometheus.NewRegistry(), mappingNames(set))
	c := newCourier(&engine{settings: settings{deadLetters: "dlq", name: "hooks@here"}, metrics: m}, 0, set.Mappings()[0])
	old := time.Date(2020, 1, 31, 12, 0, 0, 0, time.UTC)
	ev := lane.Stray("events", 3, &lane.Record{
		Offset: 7, Timestamp: old, Key: []byte("k"), Value: []byte(`{"type":"track"}`), Event: []byte(`{"type":"track"}`),
		Headers: []lane.Header{{Key: "trace", Value: []byte{0xff}}, {Key: "dlq.reason", Value: []byte("undecodable")}, {Key: "dlq.settles", Value: []byte("0-9")}},
	})
	ev.Last = &lane.Failure{At: old, Status: 401, Error: "no\nentry", Response: []byte("a\x1b[31m\r\ndlq.status:200\xff")}
	begin := time.Now()
	r := c.deadLetter(ev, reasonRejected)
	if r.Timestamp.Before(begin) || r.Topic != "dlq" || string(r.Key) != "k" || string(r.Value) != `{"type":"track"}` {
		t.Errorf("%+v", r)
	}
	got := map[string]string{}
	for _, h := range r.Headers {
		if _, twice := got[h.Key]; twice {
			t.Errorf("header %s twice", h.Key)
		}
		got[h.Key] = string(h.Value)
	}
	for name, want := range map[string]string{
		"trace": "\xff", "dlq.original.dlq.reason": "undecodable", "dlq.original.dlq.settles": "0-9", "dlq.settles": "",
		"dlq.reason": "rejected", "dlq.mapping": "Orders", "dlq.mapping_id": "xyz", "dlq.timestamp": "2020-01-31T12:00:00Z",
		"dlq.url": "https://example.com/a", "dlq.error": "no entry", "dlq.response": "a [31m  dlq.status:200\ufffd",
	} {
		if got[name] != want {
			t.Errorf("header %s is %q, want %q", name, got[name], want)
		}
	}
}
