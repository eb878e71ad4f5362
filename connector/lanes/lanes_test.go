package lanes_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/connector/lanes"
)

var now = time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)

// rig is a fake Kafka with one topic of two partitions, 100 records in each.
type rig struct {
	t       *testing.T
	cluster *kfake.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	tool    *lanes.Tool
	out     bytes.Buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	r := &rig{t: t, cluster: cluster}
	if r.client, err = kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	r.admin = kadm.NewClient(r.client)
	for i := range 200 {
		record := &kgo.Record{Topic: "events", Partition: int32(i % 2), Timestamp: now.Add(time.Duration(i/2-100) * time.Minute), Value: []byte("x")}
		if err := r.client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := kafka.NewAdmin(&kafka.Options{Brokers: cluster.ListenAddrs(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	r.tool = &lanes.Tool{
		Admin: admin, Group: "g", Topics: []string{"events"}, Out: &r.out, Now: func() time.Time { return now },
		Mappings: []lanes.Mapping{{Name: "Orders", Identity: "Orders"}, {Name: "Lake", Identity: "id-7"}},
	}
	return r
}

// commit commits a partition as a connector does that has read it up to front an hour ago; each lane has settled what is below its cursor.
func (r *rig) commit(partition int32, front int64, cursors map[string]int64) {
	r.t.Helper()
	var s lane.Settings
	s.Window = 4 * time.Hour
	s.CacheBytes = 1 << 20
	names := []string{}
	for name := range cursors {
		names = append(names, name)
		s.Lanes = append(s.Lanes, lane.Identity{Name: name, Events: 1000, Bytes: 1 << 20, MaxSlices: 1})
	}
	ledger, err := lane.New(s)
	if err != nil {
		r.t.Fatal(err)
	}
	p := ledger.Assign(lane.Restored{Topic: "events", Partition: partition, TopicID: r.topicID(), LogStart: -1, Epoch: -1}, now).Partition
	b := &lane.Block{Next: front}
	for offset := range front {
		b.Add(&lane.Record{Offset: offset}, 1<<len(names)-1)
	}
	ledger.Append(p, b, 0, now.Add(-time.Hour))
	for i, name := range names {
		for _, e := range ledger.Take(nil, i, int(front), 1<<30, now) {
			if e.Offset < cursors[name] || e.Offset == front-1 {
				ledger.Settle(e)
			}
		}
	}
	c := ledger.Snapshot(p, 4096)
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: "events", Partition: partition, At: c.Offset, LeaderEpoch: -1, Metadata: c.Metadata})
	if err := r.admin.CommitAllOffsets(r.t.Context(), "g", offsets); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) topicID() [16]byte {
	r.t.Helper()
	topics, err := r.admin.ListTopics(r.t.Context(), "events")
	if err != nil {
		r.t.Fatal(err)
	}
	return topics["events"].ID
}

// list lists as JSON, without times and ids.
func (r *rig) list() []string {
	r.t.Helper()
	r.out.Reset()
	if err := r.tool.List(r.t.Context(), "", true); err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	in := json.NewDecoder(&r.out)
	for {
		var p lanes.Partition
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			r.t.Fatal(err)
		}
		line := fmt.Sprintf("%s/%d", p.Topic, p.Partition)
		if p.Committed != nil {
			line += fmt.Sprintf(" committed %d", *p.Committed)
		}
		if p.Read != nil {
			line += fmt.Sprintf(" read %d", *p.Read)
		}
		for _, l := range p.Lanes {
			name := l.ID
			if l.Mapping != nil {
				name = *l.Mapping
			}
			line += fmt.Sprintf(", %s %d", name, l.Cursor)
			if l.SettledRanges > 0 {
				line += fmt.Sprintf("+%d", l.SettledOffsets)
			}
		}
		lines = append(lines, line)
	}
}

func (r *rig) wantList(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.list()); diff != "" {
		r.t.Errorf("lanes (-want +got):\n%s", diff)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.commit(0, 90, map[string]int64{"Orders": 20, "id-7": 90, lane.Undecodable: 90, "Old": 50})
	if err := r.tool.List(t.Context(), "", false); err != nil {
		t.Fatal(err)
	}
	gone := fmt.Sprintf("0x%08x", lane.LaneID("Old"))
	want := `events/0: committed 20, log 0 to 100, read to 90
  LANE           CURSOR  LAG  OLDEST READ  SETTLED BEYOND
  Orders         20      80   1h0m0s ago   1 in 1 range
  Lake           90      10   -            -
  (undecodable)  90      10   -            -
  ` + gone + `     50      50   1h0m0s ago   1 in 1 range; not configured here

events/1: nothing committed, log 0 to 100
`
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.commit(1, 90, map[string]int64{"Orders": 20})
	if err := r.tool.List(t.Context(), "", true); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("0x%08x", lane.LaneID("Orders"))
	want := `{"topic":"events","partition":0,"committed":null,"log_start":0,"log_end":100,"read":null,"lanes":[]}
{"topic":"events","partition":1,"committed":20,"log_start":0,"log_end":100,"read":90,"lanes":[` +
		`{"mapping":"Orders","id":"` + id + `","cursor":20,"lag":80,"first_read":"2026-01-31T11:00:00Z","settled_ranges":1,"settled_offsets":1,"frozen_since":null}]}
`
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func TestListOfNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.tool.Topics = []string{"^no-such-.*"}
	if err := r.tool.List(t.Context(), "", false); err == nil || !strings.Contains(err.Error(), "committed nothing") {
		t.Errorf("the error is %v", err)
	}
}

func TestSeek(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		lane string
		at   int // partition
		to   string
		want []string
	}{
		{"to the earliest record", "Orders", -1, "earliest", []string{
			"events/0 committed 10 read 90, Orders 10, Lake 90", "events/1 committed 10 read 80, Orders 10, Lake 80",
		}},
		{"to the end, beyond what has been read", "Orders", -1, "latest", []string{
			"events/0 committed 90 read 100, Orders 100, Lake 90", "events/1 committed 80 read 100, Orders 100, Lake 80",
		}},
		{"to an offset", "Lake", 1, "15", []string{
			"events/0 committed 20 read 90, Orders 20+1, Lake 90", "events/1 committed 15 read 80, Orders 30+1, Lake 15",
		}},
		{"to a time", "Lake", 0, "2026-01-31T11:00:00Z", []string{
			"events/0 committed 20 read 90, Orders 20+1, Lake 40", "events/1 committed 30 read 80, Orders 30+1, Lake 80",
		}},
		{"by the mapping's identity", "id-7", 0, "25", []string{
			"events/0 committed 20 read 90, Orders 20+1, Lake 25", "events/1 committed 30 read 80, Orders 30+1, Lake 80",
		}},
		{"by the lane's id", fmt.Sprintf("0x%08x", lane.LaneID("id-7")), 0, "25", []string{
			"events/0 committed 20 read 90, Orders 20+1, Lake 25", "events/1 committed 30 read 80, Orders 30+1, Lake 80",
		}},
		{"a mapping that is new there", "(undecodable)", 0, "40", []string{
			"events/0 committed 20 read 90, Orders 20+1, Lake 90, (undecodable) 40", "events/1 committed 30 read 80, Orders 30+1, Lake 80",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for p := range int32(2) {
				if err := r.cluster.DeleteRecords("events", p, 10); err != nil {
					t.Fatal(err)
				}
			}
			r.commit(0, 90, map[string]int64{"Orders": 20, "id-7": 90})
			r.commit(1, 80, map[string]int64{"Orders": 30, "id-7": 80})
			before := r.list()
			if err := r.tool.Seek(t.Context(), lanes.Edit{Lane: c.lane, Partition: c.at, DryRun: true}, c.to); err != nil {
				t.Fatal(err)
			}
			r.wantList(before...)
			if err := r.tool.Seek(t.Context(), lanes.Edit{Lane: c.lane, Partition: c.at}, c.to); err != nil {
				t.Fatal(err)
			}
			r.wantList(c.want...)
		})
	}
}

func TestSeekTellsBeforeAndAfter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.commit(0, 90, map[string]int64{"Orders": 20, "id-7": 90})
	for _, c := range []struct {
		dry  bool
		want string
	}{
		{true, "1 partition would be changed; nothing was written\n"},
		{false, "1 partition changed\n"},
	} {
		r.out.Reset()
		if err := r.tool.Seek(t.Context(), lanes.Edit{Lane: "Orders", Partition: -1, DryRun: c.dry}, "earliest"); err != nil {
			t.Fatal(err)
		}
		want := `Orders    CURSOR   COMMITTED
events/0  20 -> 0  20 -> 0
events/1  left alone: nothing is committed, CONNECTOR_KAFKA_START decides
` + c.want
		if diff := cmp.Diff(want, r.out.String()); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}
	}
}

func TestSeekWithoutMetadata(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	offsets := kadm.Offsets{}
	offsets.AddOffset("events", 0, 50, -1)
	if err := r.admin.CommitAllOffsets(t.Context(), "g", offsets); err != nil {
		t.Fatal(err)
	}
	if err := r.tool.Seek(t.Context(), lanes.Edit{Lane: "Lake", Partition: 0}, "20"); err != nil {
		t.Fatal(err)
	}
	r.wantList("events/0 committed 20 read 50, Orders 50, Lake 20, (undecodable) 50", "events/1")
}

func TestDrop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, lane string
		want       string
	}{
		{"a mapping that is configured", "Orders", "events/0 committed 5 read 90, Lake 90, " + hexOf("Old") + " 5+1"},
		{"a mapping that is not, by its name", "Old", "events/0 committed 20 read 90, Orders 20+1, Lake 90"},
		{"a mapping that is not, by its id", hexOf("Old"), "events/0 committed 20 read 90, Orders 20+1, Lake 90"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.commit(0, 90, map[string]int64{"Orders": 20, "id-7": 90, "Old": 5})
			if err := r.tool.Drop(t.Context(), lanes.Edit{Lane: c.lane, Partition: -1}); err != nil {
				t.Fatal(err)
			}
			r.wantList(c.want, "events/1")
		})
	}
}

func hexOf(identity string) string { return fmt.Sprintf("0x%08x", lane.LaneID(identity)) }

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.commit(0, 90, map[string]int64{"Orders": 20, "id-7": 90, "Old": 5})
	r.tool.Mappings = append(r.tool.Mappings, lanes.Mapping{Name: "Twice", Identity: "a"}, lanes.Mapping{Name: "Twice", Identity: "b"})
	before := r.list()
	for _, c := range []struct {
		name string
		edit lanes.Edit
		to   string
		want []string
	}{
		{"no such lane", lanes.Edit{Lane: "Nobody", Partition: -1}, "earliest", []string{`nothing is called "Nobody"`, `"Orders"`, hexOf("Old")}},
		{"an id that nobody has", lanes.Edit{Lane: "0x00000001", Partition: -1}, "earliest", []string{`nothing is called "0x00000001"`}},
		{"a name of two", lanes.Edit{Lane: "Twice", Partition: -1}, "earliest", []string{"2 mappings are called", hexOf("a"), hexOf("b")}},
		{"no place", lanes.Edit{Lane: "Orders", Partition: -1}, "yesterday", []string{`"yesterday" is no place`}},
		{"an offset for all partitions", lanes.Edit{Lane: "Orders", Partition: -1}, "5", []string{"for one partition"}},
		{"an offset beyond the log", lanes.Edit{Lane: "Orders", Partition: 0}, "101", []string{"holds 0 to 100"}},
		{"no such partition", lanes.Edit{Lane: "Orders", Partition: 7}, "earliest", []string{"no partition 7"}},
		{"no such topic", lanes.Edit{Lane: "Orders", Partition: -1, Topic: "other"}, "earliest", []string{`"other"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := r.tool.Seek(t.Context(), c.edit, c.to)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %q, want it to say %q", err, want)
				}
			}
		})
	}
	r.wantList(before...)
}

// While the group has members nothing can be edited, and everything be shown.
func TestAGroupWithMembersIsOnlyShown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.commit(0, 90, map[string]int64{"Orders": 20, "id-7": 90})
	member, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("events"), kgo.DisableAutoCommit(),
		kgo.ClientID("a-member"))
	if err != nil {
		t.Fatal(err)
	}
	defer member.Close()
	if member.PollFetches(t.Context()).NumRecords() == 0 {
		t.Fatal("the member reads nothing")
	}
	before := r.list()
	for _, edit := range []func() error{
		func() error { return r.tool.Seek(t.Context(), lanes.Edit{Lane: "Orders", Partition: -1}, "earliest") },
		func() error { return r.tool.Drop(t.Context(), lanes.Edit{Lane: "Orders", Partition: -1}) },
	} {
		if err := edit(); !errors.Is(err, kafka.ErrMembers) || !strings.Contains(err.Error(), "a-member") || !strings.Contains(err.Error(), "Stop every connector") {
			t.Errorf("the error is %v", err)
		}
	}
	r.out.Reset()
	if err := r.tool.Drop(t.Context(), lanes.Edit{Lane: "Orders", Partition: -1, DryRun: true}); err != nil || !strings.Contains(r.out.String(), "would be changed; first stop every connector") {
		t.Errorf("the dry run: %v\n%s", err, r.out.String())
	}
	r.wantList(before...)
	// The broker sees to it as well.
	if errs := r.tool.Admin.CommitIdle(t.Context(), "g", []kafka.Commit{{TopicPartition: kafka.TopicPartition{Topic: "events"}, Offset: 1}}); !errors.Is(errs[0], kafka.ErrMembers) {
		t.Errorf("committing from outside: %v", errs[0])
	}
	r.wantList(before...)
}
