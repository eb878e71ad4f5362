package lanes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"segment-webhooks/connector/lane"
)

// Partition is one line of the list in JSON.
type Partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Committed *int64 `json:"committed"` // null: nothing
	LogStart  *int64 `json:"log_start"` // null: not known
	LogEnd    *int64 `json:"log_end"`
	Read      *int64 `json:"read"` // the group has read everything below
	Problem   string `json:"problem,omitempty"`
	Lanes     []Lane `json:"lanes"`
}

// Lane is a lane in the list in JSON. Offsets are Kafka's.
type Lane struct {
	Mapping        *string    `json:"mapping"` // null: none that is configured here
	ID             string     `json:"id"`
	Cursor         int64      `json:"cursor"` // everything below is settled
	Lag            *int64     `json:"lag"`    // from there to the log's end; null: not known
	FirstRead      *time.Time `json:"first_read"`
	SettledRanges  int        `json:"settled_ranges"`  // above the cursor
	SettledOffsets int64      `json:"settled_offsets"` // in them
	FrozenSince    *time.Time `json:"frozen_since"`
}

// List shows every partition and its lanes: as tables, or as one JSON object a line.
func (t *Tool) List(ctx context.Context, topic string, asJSON bool) error {
	ps, err := t.load(ctx, topic)
	if err != nil {
		return err
	}
	if asJSON {
		out := json.NewEncoder(t.Out)
		out.SetEscapeHTML(false)
		for _, p := range ps {
			if err := out.Encode(t.view(p)); err != nil {
				return fmt.Errorf("printing the list: %w", err)
			}
		}
		return nil
	}
	return t.print(ps)
}

func (t *Tool) view(p *partition) Partition {
	v := Partition{Topic: p.Topic, Partition: p.Partition, Lanes: []Lane{}}
	if p.log != nil {
		v.LogStart, v.LogEnd = &p.log.Start, &p.log.End
	}
	if p.committed != nil {
		v.Committed = &p.committed.Offset
	}
	if p.reason != nil {
		v.Problem = p.reason.Error()
	}
	if p.progress == nil {
		return v
	}
	v.Read = new(p.progress.Front())
	names := t.names()
	for _, l := range t.sorted(p) {
		x := Lane{ID: hex(l.ID), Cursor: l.Cursor, SettledRanges: l.Ranges, SettledOffsets: l.Settled}
		if name, ok := names[l.ID]; ok {
			x.Mapping = &name
		}
		if p.log != nil {
			x.Lag = new(p.log.End - l.Cursor)
		}
		if !l.FirstRead.IsZero() {
			x.FirstRead = new(l.FirstRead.UTC())
		}
		if !l.Frozen.IsZero() {
			x.FrozenSince = new(l.Frozen.UTC())
		}
		v.Lanes = append(v.Lanes, x)
	}
	return v
}

// sorted lists a partition's lanes as the mappings are configured; those of others come last.
func (t *Tool) sorted(p *partition) []lane.LaneProgress {
	place := map[uint32]int{lane.LaneID(lane.Undecodable): len(t.Mappings)}
	for i, m := range t.Mappings {
		place[lane.LaneID(m.Identity)] = i
	}
	at := func(l lane.LaneProgress) int {
		if i, ok := place[l.ID]; ok {
			return i
		}
		return len(t.Mappings) + 1
	}
	lanes := p.progress.Lanes()
	slices.SortStableFunc(lanes, func(a, b lane.LaneProgress) int { return at(a) - at(b) })
	return lanes
}

func (t *Tool) print(ps []*partition) error {
	names := t.names()
	for i, p := range ps {
		if i > 0 {
			fmt.Fprintln(t.Out)
		}
		fmt.Fprintf(t.Out, "%s: %s\n", p.name(), t.summary(p))
		if p.reason != nil {
			fmt.Fprintf(t.Out, "  %v\n", p.reason)
		}
		if p.progress == nil {
			continue
		}
		table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  LANE\tCURSOR\tLAG\tOLDEST READ\tSETTLED BEYOND")
		for _, l := range t.sorted(p) {
			name, ok := names[l.ID]
			if !ok {
				name = hex(l.ID)
			}
			lag := "?"
			if p.log != nil {
				lag = strconv.FormatInt(p.log.End-l.Cursor, 10)
			}
			fmt.Fprintf(table, "  %s\t%d\t%s\t%s\t%s%s\n", name, l.Cursor, lag, t.ago(l.FirstRead), beyond(l), t.remark(l, ok))
		}
		if err := table.Flush(); err != nil {
			return fmt.Errorf("printing the list: %w", err)
		}
	}
	return nil
}

func (t *Tool) summary(p *partition) string {
	var parts []string
	switch {
	case p.committed == nil:
		parts = append(parts, "nothing committed")
	default:
		parts = append(parts, fmt.Sprintf("committed %d", p.committed.Offset))
	}
	if p.log == nil {
		parts = append(parts, "its log cannot be had")
	} else {
		parts = append(parts, fmt.Sprintf("log %d to %d", p.log.Start, p.log.End))
	}
	if p.progress != nil {
		parts = append(parts, fmt.Sprintf("read to %d", p.progress.Front()))
	}
	return strings.Join(parts, ", ")
}

// ago is a time in the past, in words.
func (t *Tool) ago(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return max(0, t.Now().Sub(at)).Round(time.Second).String() + " ago"
}

func beyond(l lane.LaneProgress) string {
	switch l.Ranges {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%d in 1 range", l.Settled)
	}
	return fmt.Sprintf("%d in %d ranges", l.Settled, l.Ranges)
}

func (t *Tool) remark(l lane.LaneProgress, configured bool) string {
	switch {
	case configured:
		return ""
	case l.Frozen.IsZero():
		return "; not configured here"
	}
	return "; not configured here, frozen " + t.ago(l.Frozen)
}
