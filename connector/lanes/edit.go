package lanes

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"segment-webhooks/connector/kafka"
)

// Edit says which lane to change, and where.
type Edit struct {
	Lane      string // a mapping's name, its identity, or a lane's id such as 0x1234abcd
	Topic     string // empty: every topic
	Partition int    // negative: every partition
	DryRun    bool   // only show what would be changed
}

// ErrUsage says that what was asked for makes no sense.
var ErrUsage = errors.New("that cannot be done")

// Seek moves the lane of a mapping to another place: "earliest", "latest", an offset, or the first record at or after a time (RFC 3339).
func (t *Tool) Seek(ctx context.Context, e Edit, to string) error {
	find, err := t.target(to)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseInt(to, 10, 64); err == nil && e.Partition < 0 {
		return fmt.Errorf("%w: an offset is meant for one partition: say which (--partition)", ErrUsage)
	}
	return t.edit(ctx, e, func(ctx context.Context, p *partition, id uint32) (bool, error) {
		if p.log == nil {
			return false, fmt.Errorf("%s: Kafka does not say what its log holds", p.name())
		}
		offset, err := find(ctx, p)
		if err != nil {
			return false, fmt.Errorf("%s: %w", p.name(), err)
		}
		p.progress.Seek(id, offset)
		return true, nil
	})
}

// Drop forgets a lane. The records that it has not settled are no longer waited for. A mapping that is still configured begins anew: at the
// head, or where its start says.
func (t *Tool) Drop(ctx context.Context, e Edit) error {
	return t.edit(ctx, e, func(_ context.Context, p *partition, id uint32) (bool, error) { return p.progress.Drop(id), nil })
}

// target understands where to go.
func (t *Tool) target(to string) (func(context.Context, *partition) (int64, error), error) {
	switch to {
	case "earliest":
		return func(_ context.Context, p *partition) (int64, error) { return p.log.Start, nil }, nil
	case "latest":
		return func(_ context.Context, p *partition) (int64, error) { return p.log.End, nil }, nil
	}
	if offset, err := strconv.ParseInt(to, 10, 64); err == nil {
		return func(_ context.Context, p *partition) (int64, error) {
			if offset < p.log.Start || offset > p.log.End {
				return 0, fmt.Errorf("%w: offset %d is not in its log, which holds %d to %d", ErrUsage, offset, p.log.Start, p.log.End)
			}
			return offset, nil
		}, nil
	}
	at, err := time.Parse(time.RFC3339, to)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is no place: give earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z", ErrUsage, to)
	}
	return func(ctx context.Context, p *partition) (int64, error) {
		return t.Admin.OffsetAt(ctx, p.TopicPartition, at)
	}, nil
}

// edit changes the lane on each partition, shows what that means, and commits it.
func (t *Tool) edit(ctx context.Context, e Edit, change func(context.Context, *partition, uint32) (bool, error)) error {
	ps, err := t.load(ctx, e.Topic)
	if err != nil {
		return err
	}
	id, name, err := t.find(e.Lane, ps)
	if err != nil {
		return err
	}
	members, err := t.Admin.Members(ctx, t.Group)
	if err != nil {
		return err
	}
	if len(members) > 0 && !e.DryRun {
		return t.live(members)
	}
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tCURSOR\tCOMMITTED\n", name)
	var commits []kafka.Commit
	matched := 0
	for _, p := range ps {
		if e.Partition >= 0 && int(p.Partition) != e.Partition {
			continue
		}
		matched++
		if p.progress == nil {
			fmt.Fprintf(table, "%s\tleft alone: %s\n", p.name(), t.without(p))
			continue
		}
		before := t.cursor(p, id)
		changed, err := change(ctx, p, id)
		if err != nil {
			return err
		}
		if !changed {
			fmt.Fprintf(table, "%s\tleft alone: it has no such lane\n", p.name())
			continue
		}
		fmt.Fprintf(table, "%s\t%s -> %s\t%d -> %d\n", p.name(), before, t.cursor(p, id), p.committed.Offset, p.progress.Offset())
		commits = append(commits, kafka.Commit{TopicPartition: p.TopicPartition})
	}
	if matched == 0 {
		return fmt.Errorf("%w: there is no partition %d", ErrUsage, e.Partition)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing what is to be changed: %w", err)
	}
	if len(commits) > 0 && !e.DryRun {
		if err := t.commit(ctx, ps, commits); err != nil {
			return err
		}
	}
	switch {
	case !e.DryRun:
		fmt.Fprintf(t.Out, "%s changed\n", count(len(commits)))
	case len(members) > 0:
		fmt.Fprintf(t.Out, "%s would be changed; first stop every connector of group %s, it has %d\n", count(len(commits)), t.Group, len(members))
	default:
		fmt.Fprintf(t.Out, "%s would be changed; nothing was written\n", count(len(commits)))
	}
	return nil
}

func count(n int) string {
	if n == 1 {
		return "1 partition"
	}
	return strconv.Itoa(n) + " partitions"
}

func (t *Tool) without(p *partition) string {
	if p.committed == nil {
		return "nothing is committed, CONNECTOR_KAFKA_START decides"
	}
	return p.reason.Error()
}

func (*Tool) cursor(p *partition, id uint32) string {
	if l, ok := p.progress.Lane(id); ok {
		return strconv.FormatInt(l.Cursor, 10)
	}
	return "none"
}

// live explains why a group with members cannot be edited.
func (t *Tool) live(members []string) error {
	return fmt.Errorf("%w (%s): they would commit over what is written here. Stop every connector of group %s first; one that was killed, or has an instance id, stays a member until its session ends (CONNECTOR_KAFKA_SESSION_TIMEOUT)",
		kafka.ErrMembers, strings.Join(members, "; "), t.Group)
}

// Metadata is tried with the usual limit of brokers, and with less where one allows less (offset.metadata.max.bytes).
const (
	fullMetadata = 4096
	minMetadata  = 512
)

func (t *Tool) commit(ctx context.Context, ps []*partition, commits []kafka.Commit) error {
	by := map[kafka.TopicPartition]*partition{}
	for _, p := range ps {
		by[p.TopicPartition] = p
	}
	for limit := fullMetadata; ; limit /= 2 {
		for i := range commits {
			c := &commits[i]
			var err error
			if c.Offset, c.Metadata, err = by[c.TopicPartition].progress.Commit(limit); err != nil {
				return fmt.Errorf("%s/%d: %w", c.Topic, c.Partition, err)
			}
		}
		var again []kafka.Commit
		var errs []error
		for i, err := range t.Admin.CommitIdle(ctx, t.Group, commits) {
			switch {
			case kafka.IsMetadataTooLarge(err) && limit > minMetadata:
				again = append(again, commits[i])
			case errors.Is(err, kafka.ErrMembers):
				return t.live([]string{"it has just got one"})
			case err != nil:
				errs = append(errs, err)
			}
		}
		if len(errs) > 0 || len(again) == 0 {
			return errors.Join(errs...)
		}
		commits = again
	}
}
