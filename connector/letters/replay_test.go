package letters_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/letters"
)

// Each letter goes to the mapping it failed for, once, signed, in batches where the mapping batches. Another replay finds nothing to do.
func TestReplayDeliversEachOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 40 {
		r.produce(letter(int32(n%2), "Orders", "rejected", n, track(n)), letter(int32(n%2), "Lake", "window_expired", n, track(n)))
	}
	out, err := r.replay(t.Context(), twoMappings, nil)
	if err != nil || !strings.HasPrefix(out, "80 letters: 80 delivered\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	keys, orders, lake := map[string]bool{}, 0, 0
	for _, q := range r.delivered() {
		if q.signature == "" {
			t.Errorf("not signed: %v", q)
		}
		switch q.path {
		case "/orders":
			orders++
			keys[q.key] = true
			if !strings.HasPrefix(q.key, "events-1-") {
				t.Errorf("Idempotency-Key %q is not that of the original", q.key)
			}
		case "/lake":
			lake += strings.Count(q.body, `"n":`)
			if !strings.HasPrefix(q.body, "[") {
				t.Errorf("%s is no batch", q.body)
			}
		}
	}
	if orders != 40 || len(keys) != 40 || lake != 40 {
		t.Errorf("%d orders under %d keys and %d events in batches, want 40 of each", orders, len(keys), lake)
	}
	out, err = r.replay(t.Context(), twoMappings, nil)
	if again := r.delivered(); err != nil || len(again) > 0 || out != "nothing to do: what was chosen, 80 letters, has been delivered\n" {
		t.Errorf("the second replay: %v, %d requests\n%s", err, len(again), out)
	}
	if got := r.list(letters.Filter{Pending: true}, letters.View{}); !strings.HasPrefix(got, dlq+": no dead letters") {
		t.Errorf("pending letters:\n%s", got)
	}
}

// What cannot be delivered says why, stays as it is, and keeps nobody else.
func TestReplaySkipsWithAReason(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	whole := track(1) + strings.Repeat(" ", 100)
	original := &kgo.Record{Topic: "events", Partition: 1, Value: []byte(whole)}
	r.produce(original)
	here := int(original.Offset)
	r.produce(
		letter(0, "Orders", "rejected", 100, track(100)),
		cut(letter(0, "Orders", "rejected", here, whole[:5]), whole),
		cut(letter(0, "Orders", "rejected", here, whole[:5]), whole+"other"),
		cut(letter(0, "Orders", "rejected", 4000, whole[:5]), whole),
		letter(0, "", "undecodable", 5, "{"),
		letter(0, "Gone", "rejected", 6, track(6)),
		letter(0, "Orders", "mapping_failed", 7, "{"),
		letter(0, "Orders", "rejected", 8, track(8), "dlq.offset", "x"),
		&kgo.Record{Topic: dlq, Value: []byte("somebody else's")},
		letter(0, "Orders", "rejected", 9, `{"type":"page","n":9}`),
	)
	out, err := r.replay(t.Context(), twoMappings, func(o *letters.Replay) { o.Match = true })
	if !errors.Is(err, letters.ErrNotAll) {
		t.Errorf("error %v, want ErrNotAll", err)
	}
	for _, want := range []string{
		"9 letters: 2 delivered, 7 skipped\n",
		"2  Orders: its value is cut, and the original is not in Kafka any more (the first: letter 0/2)",
		"1  it is no mapping's: the record could not be read as an event (the first: letter 0/4)",
		`1  Gone: its mapping "Gone" is not configured any more (the first: letter 0/5)`,
		"1  Orders: its value is no event: ",
		"1  Orders: its headers dlq.topic, dlq.partition and dlq.offset do not say which record this is about (the first: letter 0/7)",
		"1  Orders: the mapping's trigger does not take the event any more (the first: letter 0/9)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	if got := len(r.delivered()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
	// Without --match what fired once is sent although it would not fire today.
	if out, _ = r.replay(t.Context(), twoMappings, nil); !strings.HasPrefix(out, "7 letters: 1 delivered, 6 skipped; 2 more had been delivered before\n") {
		t.Errorf("without matching:\n%s", out)
	}
}

// A mapping's id, where the letter has one, wins over its name; where it has none, a name that two mappings have says nothing.
func TestReplayFindsMappingsByIdentity(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const mappings = `[
	  {"id": "a", "name": "Same", "enabled": true, "trigger": "type = \"track\"", "fields": {"url": "$URL/a", "method": "POST", "data": {"@path": "$."}}},
	  {"id": "b", "name": "Same", "enabled": true, "trigger": "type = \"track\"", "fields": {"url": "$URL/b", "method": "POST", "data": {"@path": "$."}}},
	  {"id": "c", "name": "New name", "enabled": true, "trigger": "type = \"track\"", "fields": {"url": "$URL/c", "method": "POST", "data": {"@path": "$."}}}]`
	r.produce(
		letter(0, "Same", "rejected", 1, track(1), "dlq.mapping_id", "b"),
		letter(0, "Old name", "rejected", 2, track(2), "dlq.mapping_id", "c"),
		letter(0, "Same", "rejected", 3, track(3)),
		letter(0, "New name", "rejected", 4, track(4)),
		letter(0, "Same", "rejected", 5, track(5), "dlq.mapping_id", "gone"),
	)
	out, _ := r.replay(t.Context(), mappings, nil)
	got := map[string]int{}
	for _, q := range r.delivered() {
		got[q.path]++
	}
	if got["/a"] != 0 || got["/b"] != 1 || got["/c"] != 2 {
		t.Errorf("delivered %v, want one to /b and two to /c\n%s", got, out)
	}
	for _, want := range []string{`2 mappings are called "Same", and it does not say which of them it is about`, `its mapping "Same" is not configured any more`} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
}

// Refused letters fail at once, with the answer; a batch is halved until the offender stands alone; what may pass is tried for as long as was said.
func TestReplayFailures(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 20 {
		r.produce(letter(0, "Lake", "rejected", n, track(n)))
	}
	for n := range 3 {
		r.produce(letter(0, "Orders", "rejected", 100+n, track(100+n)))
	}
	tries := 0
	r.respond(func(_, body string) int {
		switch {
		case strings.Contains(body, `"n":7}`):
			return http.StatusBadRequest
		case strings.Contains(body, `"n":100}`):
			return http.StatusUnauthorized
		case strings.Contains(body, `"n":101}`):
			return http.StatusTooManyRequests
		case strings.Contains(body, `"n":102}`):
			if tries++; tries < 3 {
				return http.StatusTooManyRequests
			}
		}
		return http.StatusOK
	})
	out, err := r.replay(t.Context(), twoMappings, nil)
	if !errors.Is(err, letters.ErrNotAll) || !strings.HasPrefix(out, "23 letters: 20 delivered, 3 failed\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"1   Lake: status 400", "1   Orders: status 401", "1   Orders: status 429, until its time was over"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	r.delivered()
	r.respond(nil)
	out, err = r.replay(t.Context(), twoMappings, nil)
	if got := r.delivered(); err != nil || len(got) != 3 {
		t.Errorf("what failed is not delivered by the next replay: %v, %d requests\n%s", err, len(got), out)
	}
}

// Where the receiver answers a batch event by event, each letter gets its own answer, and only what may still be taken goes out again.
func TestReplayHonoursResultsOfItems(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 10 {
		r.produce(letter(0, "Lake", "rejected", n, track(n)))
	}
	later := true
	r.items = func(body string) string {
		var all []string
		for event := range strings.SplitSeq(body, "},{") {
			status := 200
			switch {
			case strings.Contains(event, `"n":3`):
				status = 400
			case strings.Contains(event, `"n":5`) && later:
				status, later = 503, false
			}
			all = append(all, fmt.Sprintf(`{"status":%d}`, status))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	out, err := r.replay(t.Context(), twoMappings, nil)
	if !errors.Is(err, letters.ErrNotAll) || !strings.HasPrefix(out, "10 letters: 9 delivered, 1 failed\n") || !strings.Contains(out, "Lake: status 400 of a batch's result") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := r.delivered(); len(got) != 2 || got[1].body != `[{"type":"track","n":5}]` {
		t.Errorf("%d requests, want a batch of ten and one of the event that was to come again: %v", len(got), got)
	}
}

// A mapping that keeps the order gets its letters one at a time, in the order of the topic.
func TestReplayKeepsTheOrderOfAMapping(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 50 {
		r.produce(letter(0, "Orders", "rejected", n, track(n)))
	}
	tries := 0
	r.respond(func(_, body string) int {
		if tries++; strings.Contains(body, `"n":7}`) && tries < 12 {
			return http.StatusTooManyRequests
		}
		return http.StatusOK
	})
	out, err := r.replay(t.Context(), strings.Replace(twoMappings, "  - name: Orders\n", "  - name: Orders\n    ordering: key\n", 1), func(o *letters.Replay) { o.Timeout = 10 * time.Second })
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for n, q := range r.delivered() {
		if q.body != track(n) {
			t.Fatalf("%s came as number %d", q.body, n)
		}
	}
}

// An endpoint that is down does not keep a replay for hours: after as many failures in a row as may be in flight the rest of its letters is left.
func TestReplayGivesADeadEndpointUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 200 {
		r.produce(letter(0, "Orders", "rejected", n, track(n)))
	}
	r.produce(letter(0, "Lake", "rejected", 1, track(1)))
	r.respond(func(path, _ string) int {
		if path == "/orders" {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	out, err := r.replay(t.Context(), twoMappings, nil)
	if !errors.Is(err, letters.ErrNotAll) || !strings.Contains(out, "Orders: its endpoint did not take those that were tried") || !strings.Contains(out, "1 delivered") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Stopping lets what is in flight finish, and the next replay does the rest and nothing twice.
func TestReplayStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 300
	for i := range n {
		r.produce(letter(int32(i%2), "Orders", "rejected", i, track(i)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := 0
	r.respond(func(string, string) int {
		if served++; served == 100 {
			cancel()
		}
		return http.StatusOK
	})
	out, err := r.replay(ctx, twoMappings, nil)
	if !errors.Is(err, letters.ErrNotAll) || !strings.Contains(err.Error(), "the same command goes on with the rest") {
		t.Errorf("%v\n%s", err, out)
	}
	first := r.delivered()
	if len(first) < 100 || len(first) > 100+8 || !strings.HasPrefix(out, fmt.Sprintf("300 letters: %d delivered, %d not tried to the end\n", len(first), n-len(first))) {
		t.Errorf("%d were delivered after stopping at 100 with 8 in flight\n%s", len(first), out)
	}
	out, err = r.replay(t.Context(), twoMappings, nil)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	keys := map[string]int{}
	for _, q := range append(first, r.delivered()...) {
		keys[q.key]++
	}
	if len(keys) != n {
		t.Errorf("%d of %d were delivered", len(keys), n)
	}
	for key, times := range keys {
		if times != 1 {
			t.Errorf("%s was delivered %d times", key, times)
		}
	}
}

// Filters choose; a trial sends nothing and marks nothing; a rate is kept.
func TestReplayChoosesTriesAndPaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 10 {
		r.produce(letter(0, "Orders", "rejected", n, track(n), "dlq.url", "https://a.example.com/x"), letter(0, "Orders", "window_expired", 10+n, track(n), "dlq.url", "https://b.example.com:8443/x"))
	}
	only := func(o *letters.Replay) { o.Hosts = []string{"B.example.com"} }
	out, err := r.replay(t.Context(), twoMappings, func(o *letters.Replay) {
		only(o)
		o.Lock = nil
	})
	if err != nil || len(r.delivered()) > 0 || !strings.HasPrefix(out, "10 letters: 10 would be sent\n") {
		t.Errorf("a trial: %v\n%s", err, out)
	}
	begin := time.Now()
	out, err = r.replay(t.Context(), twoMappings, func(o *letters.Replay) {
		only(o)
		o.Rate = 50
	})
	if err != nil || !strings.HasPrefix(out, "10 letters: 10 delivered\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if took := time.Since(begin); took < 180*time.Millisecond {
		t.Errorf("10 letters at 50 a second took %v", took)
	}
	partition, offset := int32(1), int64(3)
	out, _ = r.replay(t.Context(), twoMappings, func(o *letters.Replay) {
		o.Filter = letters.Filter{Mappings: []string{"Orders"}, Reasons: []string{"rejected"}, Topic: "events", Partition: &partition, Offset: &offset}
	})
	if !strings.HasPrefix(out, "1 letter: 1 delivered\n") {
		t.Errorf("one by its original:\n%s", out)
	}
}

// A mark says nothing about the letters of another topic: a copy's letters lie at other offsets.
func TestMarksOfACopiedTopicSettleNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.produce(letter(0, "Orders", "rejected", 1, track(1)), &kgo.Record{Topic: dlq, Headers: []kgo.RecordHeader{
		{Key: "dlq.settles", Value: []byte("0")}, {Key: "dlq.settles_in", Value: []byte(strings.Repeat("ab", 16))},
	}})
	if out, err := r.replay(t.Context(), twoMappings, nil); err != nil || len(r.delivered()) != 1 {
		t.Errorf("%v\n%s", err, out)
	}
}

// A second replay does not begin while the first one runs.
func TestOneReplayAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.produce(letter(0, "Orders", "rejected", 1, track(1)))
	lock, err := kafka.NewLock(t.Context(), r.options(), dlq+".replay", dlq)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := kafka.NewLock(t.Context(), r.options(), dlq+".replay", dlq); !errors.Is(err, kafka.ErrHeld) {
		t.Errorf("the second replay: %v, want ErrHeld", err)
	}
}
