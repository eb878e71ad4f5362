package letters_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/letters"
)

// The table holds what an operator needs, nothing of the events unless asked, and nothing that steers a terminal.
func TestListAsTable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.produce(
		letter(0, "Orders", "rejected", 1, `{"type":"track","secret":"payload"}`, "dlq.url", "https://u:p@erp.example.com/hooks?token=hidden", "dlq.method", "POST", "dlq.status", "401", "dlq.response", "no entry"),
		letter(0, "Orders", "window_expired", 2, track(2), "dlq.error", "refused\x1b[31m\nforged"),
		letter(1, "", "undecodable", 3, "\x00{"),
	)
	if _, err := r.replay(t.Context(), twoMappings, func(o *letters.Replay) { o.Reasons = []string{"rejected"} }); err != nil {
		t.Fatal(err)
	}
	got := r.list(letters.Filter{}, letters.View{Limit: 50})
	for _, want := range []string{
		"LETTER  WRITTEN",
		"  rejected        Orders   events/1/1  POST https://erp.example.com/hooks  status 401           yes\n",
		"  window_expired  Orders   events/1/2  -                                   refused\ufffd[31m\ufffdforged  -\n",
		"  undecodable     -        events/1/3  -                                   -                    -\n",
		"\n\nREASON          MAPPING  LETTERS  REPLAYED  PENDING\n",
		"rejected        Orders   1        1         0\n",
		"all                      3        1         2\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table does not hold %q", want)
		}
	}
	for _, never := range []string{"hidden", "payload", "no entry", "u:p", "\x1b", "dlq.settles"} {
		if strings.Contains(got, never) {
			t.Errorf("the table holds %q", never)
		}
	}
	t.Log("\n" + got)
	got = r.list(letters.Filter{}, letters.View{Limit: -1, Values: true})
	for _, want := range []string{`    value: {"type":"track","secret":"payload"}` + "\n", "    key: k\n", "    answer: no entry\n", "    value: \ufffd{\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("with values the table does not hold %q:\n%s", want, got)
		}
	}
	if got = r.list(letters.Filter{}, letters.View{Limit: 1}); !strings.Contains(got, "and 2 more\n") || strings.Contains(got, "events/1/2") {
		t.Errorf("limited to one:\n%s", got)
	}
	if got = r.list(letters.Filter{}, letters.View{}); !strings.HasPrefix(got, "REASON") {
		t.Errorf("counts alone:\n%s", got)
	}
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.produce(
		letter(1, "Orders", "rejected", 1, track(1), "dlq.status", "401", "dlq.attempts", "13", "dlq.last_attempt", "2026-01-31T12:00:05.5Z", "dlq.mapping_id", "xyz"),
		// The headers of a letter that became a letter again: ours come last.
		letter(1, "Orders", "rejected", 2, track(2), "dlq.reason", "window_expired", "dlq.offset", "9"),
		&kgo.Record{Topic: dlq, Partition: 1, Value: []byte("somebody else's")},
	)
	got := r.list(letters.Filter{}, letters.View{JSON: true})
	if strings.Contains(got, "value") || strings.Contains(got, "track") {
		t.Errorf("values although nobody asked for them:\n%s", got)
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	var e [2]letters.Entry
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &e[i]); err != nil {
			t.Fatal(err)
		}
	}
	if e[0].Status != 401 || e[0].Attempts != 13 || e[0].MappingID != "xyz" || e[0].Delivered || e[0].LastAttempt == nil || e[0].Original.Timestamp == nil ||
		e[0].Original.Topic != "events" || e[0].Original.Offset != 1 || time.Since(e[0].Written) > time.Hour || e[0].Bytes != len(track(1)) {
		t.Errorf("%+v", e[0])
	}
	if e[1].Reason != "window_expired" || e[1].Original.Offset != 9 {
		t.Errorf("%+v", e[1])
	}
	if got = r.list(letters.Filter{Mappings: []string{"xyz"}}, letters.View{JSON: true, Values: true}); !strings.Contains(got, `"key":"k","value":"{\"type\":\"track\",\"n\":1}"`) || strings.Count(got, "\n") != 1 {
		t.Errorf("by id, with values:\n%s", got)
	}
}

func TestListByTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now()
	for n, age := range []time.Duration{3 * time.Hour, 2 * time.Hour, time.Hour, time.Minute} {
		l := letter(0, "Orders", "rejected", n, track(n))
		l.Timestamp = now.Add(-age)
		r.produce(l)
	}
	got := r.list(letters.Filter{Since: now.Add(-150 * time.Minute), Until: now.Add(-30 * time.Minute)}, letters.View{JSON: true})
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, `"offset":1,"written"`) || !strings.Contains(got, `"offset":2,"written"`) {
		t.Errorf("between 2½ h and 30 min ago:\n%s", got)
	}
}
