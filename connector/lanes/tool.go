package lanes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
)

// Tool shows and edits the lanes of one group.
type Tool struct {
	Admin    *kafka.Admin
	Group    string
	Topics   []string // as configured; those that are named are shown even if nothing is committed for them
	Mappings []Mapping
	Out      io.Writer
	Now      func() time.Time
}

// Mapping is a mapping as far as its lanes go.
type Mapping struct {
	Name     string
	Identity string // what its lanes are known by: its id where it has one, else its name
}

// undecodable is what the lane of records that are no events is called here.
const undecodable = "(undecodable)"

// partition is what is known about one.
type partition struct {
	kafka.TopicPartition
	committed *kafka.Commit
	log       *kafka.Extent  // nil when its leader does not answer, or the topic is gone
	progress  *lane.Progress // nil when there is none
	reason    error          // why the metadata, or the whole commit, cannot be used
}

// name is how a partition is written.
func (p *partition) name() string { return p.Topic + "/" + strconv.Itoa(int(p.Partition)) }

// load reads what is committed, for all topics or one.
func (t *Tool) load(ctx context.Context, topic string) ([]*partition, error) {
	commits, err := t.Admin.Committed(ctx, t.Group)
	if err != nil {
		return nil, err
	}
	var named []string
	for _, name := range t.Topics {
		if !strings.HasPrefix(name, "^") {
			named = append(named, name)
		}
	}
	existing, err := t.Admin.Partitions(ctx, named)
	if err != nil {
		return nil, err
	}
	all := map[kafka.TopicPartition]*partition{}
	add := func(tp kafka.TopicPartition) *partition {
		if topic != "" && tp.Topic != topic {
			return &partition{}
		}
		if all[tp] == nil {
			all[tp] = &partition{TopicPartition: tp}
		}
		return all[tp]
	}
	for _, tp := range existing {
		add(tp)
	}
	for _, c := range commits {
		add(c.TopicPartition).committed = &c
	}
	ps := slices.SortedFunc(maps.Values(all), func(a, b *partition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	if len(ps) == 0 {
		return nil, t.nothing(topic)
	}
	return ps, t.describe(ctx, ps)
}

func (t *Tool) nothing(topic string) error {
	if topic != "" {
		return fmt.Errorf("group %s has committed nothing for a topic %q, and it is not among those that are configured", t.Group, topic)
	}
	return fmt.Errorf("group %s has committed nothing, and the topics %s have no partitions: is CONNECTOR_KAFKA_GROUP the connector's?", t.Group, strings.Join(t.Topics, ", "))
}

// describe fills in what the logs hold and what the commits say.
func (t *Tool) describe(ctx context.Context, ps []*partition) error {
	var tps []kafka.TopicPartition
	topics := map[string]bool{}
	for _, p := range ps {
		tps = append(tps, p.TopicPartition)
		topics[p.Topic] = true
	}
	ids, err := t.Admin.TopicIDs(ctx, slices.Sorted(maps.Keys(topics)))
	if err != nil {
		return err
	}
	logs, err := t.Admin.Extents(ctx, tps)
	if err != nil && len(ids) > 0 {
		return err
	}
	known := make([]uint32, 0, len(t.Mappings)+1)
	for id := range t.names() {
		known = append(known, id)
	}
	slices.Sort(known)
	for _, p := range ps {
		r := lane.Restored{TopicID: ids[p.Topic], Epoch: -1, LogStart: -1}
		if log, ok := logs[p.TopicPartition]; ok {
			p.log = &log
			r.LogEnd = &log.End
		}
		if p.committed != nil {
			r.Offset, r.Metadata = p.committed.Offset, p.committed.Metadata
			p.progress, p.reason = lane.ReadProgress(r, known)
		}
	}
	return nil
}

// names gives the mappings' names by the ids of their lanes.
func (t *Tool) names() map[uint32]string {
	out := map[uint32]string{lane.LaneID(lane.Undecodable): undecodable}
	for _, m := range t.Mappings {
		out[lane.LaneID(m.Identity)] = m.Name
	}
	return out
}

// hex is how a lane is written whose mapping is not known here.
func hex(id uint32) string { return fmt.Sprintf("0x%08x", id) }

// ErrNoLane says that there is no such lane, or more than one.
var ErrNoLane = errors.New("no such lane")

// find returns the lane that a user means: by the mapping's name, its identity, or the lane's id in hexadecimal. A mapping that is not configured any more is
// found by what it was known by.
func (t *Tool) find(ref string, ps []*partition) (id uint32, name string, err error) {
	names := t.names()
	var called []uint32
	for id, name := range names {
		if name == ref {
			called = append(called, id)
		}
	}
	slices.Sort(called)
	switch len(called) {
	case 0:
	case 1:
		return called[0], ref, nil
	default:
		return 0, "", fmt.Errorf("%w: %d mappings are called %q; give the id of one: %s", ErrNoLane, len(called), ref, list(called, hex))
	}
	present := map[uint32]bool{}
	for id := range names {
		present[id] = true
	}
	for _, p := range ps {
		if p.progress == nil {
			continue
		}
		for _, l := range p.progress.Lanes() {
			present[l.ID] = true
		}
	}
	ids := []uint32{lane.LaneID(ref)}
	if digits, ok := strings.CutPrefix(ref, "0x"); ok {
		if n, err := strconv.ParseUint(digits, 16, 32); err == nil {
			ids = append(ids, uint32(n))
		}
	}
	for _, id := range ids {
		if present[id] {
			return id, cmp.Or(names[id], ref), nil
		}
	}
	return 0, "", fmt.Errorf("%w: nothing is called %q; there are %s", ErrNoLane, ref, list(slices.Sorted(maps.Keys(present)), func(id uint32) string {
		if name, ok := names[id]; ok {
			return strconv.Quote(name)
		}
		return hex(id)
	}))
}

func list(ids []uint32, text func(uint32) string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = text(id)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
