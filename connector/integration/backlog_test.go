//go:build integration

package integration

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

var backlog = flag.Int("backlog", 100_000, "events behind a dead endpoint in TestBacklogDrainsIntoTheDeadLetterTopic")

// A backlog behind a dead endpoint goes to the dead-letter topic when its windows end: all of it, in time, and without growing in
// memory.
func TestBacklogDrainsIntoTheDeadLetterTopic(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 8)
	const budget, window = 128 << 20, 60 * time.Second
	p := s.spawn(fmt.Sprintf(`mappings: [{name: dead, trigger: 'type = "track"', fields: {url: %q, method: POST, data: {"@path": "$."}}}]`, refusing(t)),
		"CONNECTOR_MEMORY_BUDGET=128MiB", "CONNECTOR_RETRY_WINDOW="+window.String())
	defer p.kill()
	begin := time.Now()
	for from := 0; from < *backlog; from += 10_000 {
		var records []*kgo.Record
		for i := from; i < min(from+10_000, *backlog); i++ {
			records = append(records, &kgo.Record{Value: []byte(padded(i))})
		}
		if err := s.client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	produced := time.Since(begin)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var dead int64
	for dead < int64(*backlog) {
		<-tick.C
		dead = s.endOf(s.deadLetters())
		if since := time.Since(begin); dead > 0 && since < window {
			t.Fatalf("%d dead letters after %v, before any window could end", dead, since)
		} else if since > 10*time.Minute {
			t.Fatalf("%d of %d dead letters after %v\n%s", dead, *backlog, since, p.output)
		}
	}
	drained := time.Since(begin)
	stopGracefully(t, p)
	committed, end := s.committed()
	t.Logf("%d events in %v, all dead letters after %v; %d of them (%d twice); at most %d MiB resident", *backlog, produced.Round(time.Second), drained.Round(time.Second),
		dead, dead-int64(*backlog), p.memory>>20)
	if committed != end {
		t.Errorf("committed offsets add up to %d, end offsets to %d", committed, end)
	}
	if p.memory > budget+64<<20 {
		t.Errorf("%d MiB were resident, the budget is %d MiB", p.memory>>20, budget>>20)
	}
}
