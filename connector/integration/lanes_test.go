//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/kafkatest"
	"segment-webhooks/connector/lanes"
)

// lanesTool is what "connector lanes" works with, for the mappings of three.
func (s *system) lanesTool(out io.Writer) *lanes.Tool {
	s.t.Helper()
	admin, err := kafka.NewAdmin(&kafka.Options{Brokers: s.cluster.Brokers(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(admin.Close)
	t := &lanes.Tool{Admin: admin, Group: s.group, Topics: []string{s.topic}, Out: out, Now: time.Now}
	for _, name := range []string{"orders", "lake", "never"} {
		t.Mappings = append(t.Mappings, lanes.Mapping{Name: name, Identity: name})
	}
	return t
}

// total adds up what a tool says of the partitions: what is committed, and the cursors of one mapping.
func total(t *testing.T, tool *lanes.Tool, out *bytes.Buffer, mapping string) (committed, cursor int64) {
	t.Helper()
	out.Reset()
	if err := tool.List(t.Context(), "", true); err != nil {
		t.Fatal(err)
	}
	in := json.NewDecoder(out)
	for {
		var p lanes.Partition
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return committed, cursor
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Committed != nil {
			committed += *p.Committed
		}
		for _, l := range p.Lanes {
			if l.Mapping != nil && *l.Mapping == mapping {
				cursor += l.Cursor
			}
		}
	}
}

// With the group stopped a mapping can be sent back to the beginning, past its backlog, or be dropped, and nobody else notices. With the group running all
// that can be done is to look.
func TestLanesAreEditedOffline(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, kafkatest.Start(t), 3)
			r := newReceiver(t)
			r.answer("/lake", http.StatusServiceUnavailable)
			const n = 2000
			mappings := strings.Replace(three(r.url), "batch_size: 1000", "batch_size: 10", 1)
			environment := []string{"CONNECTOR_KAFKA_GROUP_PROTOCOL=" + protocol, "CONNECTOR_COMMIT_INTERVAL=100ms", "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=1s"}
			stop := s.start(mappings, environment...)
			s.produce(all(n)...)
			orders, lake := wanted(n)
			r.await(t, "the healthy mapping's events", time.Minute, func() bool { return r.distinct("/orders") == len(orders) })

			var out bytes.Buffer
			tool := s.lanesTool(&out)
			r.await(t, "what the list says", time.Minute, func() bool {
				committed, cursor := total(t, tool, &out, "orders")
				return committed < n && cursor == n // the dead mapping holds the offset, the healthy one is through
			})
			if err := tool.Seek(t.Context(), lanes.Edit{Lane: "orders", Partition: -1}, "earliest"); !errors.Is(err, kafka.ErrMembers) || !strings.Contains(err.Error(), "segment-webhooks at ") {
				t.Errorf("seeking while the group runs: %v, want that it has members, and which", err)
			}
			stop()

			if err := tool.Seek(t.Context(), lanes.Edit{Lane: "orders", Partition: -1}, "earliest"); err != nil {
				t.Fatal(err)
			}
			if err := tool.Seek(t.Context(), lanes.Edit{Lane: "lake", Partition: -1}, "latest"); err != nil {
				t.Fatal(err)
			}
			t.Logf("what was changed:\n%s", out.String())
			committed, orderCursor := total(t, tool, &out, "orders")
			if _, lakeCursor := total(t, tool, &out, "lake"); committed != 0 || orderCursor != 0 || lakeCursor != n {
				t.Errorf("committed %d, orders at %d, lake at %d; want 0, 0, %d", committed, orderCursor, lakeCursor, n)
			}
			r.answer("/lake", http.StatusOK)
			stop = s.start(mappings, environment...)
			r.await(t, "the healthy mapping's events again", time.Minute, func() bool {
				_, again := r.missing("/orders", orders)
				return again == len(orders)
			})
			r.await(t, "the commit", time.Minute, func() bool {
				committed, end := s.committed()
				return committed == end
			})
			stop()
			if missing, _ := r.missing("/lake", lake); len(missing) != len(lake) {
				t.Errorf("%d events of the skipped backlog were delivered", len(lake)-len(missing))
			}

			if err := tool.Drop(t.Context(), lanes.Edit{Lane: "never", Partition: -1}); err != nil {
				t.Fatal(err)
			}
			if committed, cursor := total(t, tool, &out, "never"); committed != n || cursor != 0 {
				t.Errorf("committed %d, the dropped mapping at %d; want %d and no lane", committed, cursor, n)
			}
		})
	}
}
