package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Committed returns everything that the group has committed, by topic and partition.
func (a *Admin) Committed(ctx context.Context, group string) ([]Commit, error) {
	fetched, err := a.admin.FetchOffsets(ctx, group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fetching the offsets of group %s: %w", group, err)
	}
	var out []Commit
	var errs []error
	fetched.Each(func(o kadm.OffsetResponse) {
		switch {
		case o.Err != nil:
			errs = append(errs, fmt.Errorf("fetching the offset of %s/%d: %w", o.Topic, o.Partition, o.Err))
		case o.At >= 0:
			out = append(out, Commit{TopicPartition{o.Topic, o.Partition}, o.At, o.Metadata})
		}
	})
	slices.SortFunc(out, func(x, y Commit) int { return compare(x.TopicPartition, y.TopicPartition) })
	return out, errors.Join(errs...)
}

func compare(x, y TopicPartition) int {
	return cmp.Or(cmp.Compare(x.Topic, y.Topic), cmp.Compare(x.Partition, y.Partition))
}

// ErrMembers says that a group has members: only they may commit.
var ErrMembers = errors.New("the group has members")

// CommitIdle commits for a group without members, and returns the outcome of each in the same order. The broker sees to it that there are none: ErrMembers.
func (a *Admin) CommitIdle(ctx context.Context, group string, commits []Commit) []error {
	errs := make([]error, len(commits))
	offsets := kadm.Offsets{}
	for _, c := range commits {
		offsets.Add(kadm.Offset{Topic: c.Topic, Partition: c.Partition, At: c.Offset, LeaderEpoch: -1, Metadata: c.Metadata})
	}
	answer, err := a.admin.CommitOffsets(ctx, group, offsets)
	for i, c := range commits {
		o, ok := answer.Lookup(c.Topic, c.Partition)
		switch {
		case err != nil:
			errs[i] = fmt.Errorf("committing %s/%d: %w", c.Topic, c.Partition, err)
		case !ok:
			errs[i] = fmt.Errorf("committing %s/%d: %w", c.Topic, c.Partition, errNoAnswer)
		case errors.Is(o.Err, kerr.UnknownMemberID), errors.Is(o.Err, kerr.IllegalGeneration), errors.Is(o.Err, kerr.StaleMemberEpoch), errors.Is(o.Err, kerr.RebalanceInProgress):
			errs[i] = fmt.Errorf("committing %s/%d: %w: %w", c.Topic, c.Partition, ErrMembers, o.Err)
		case o.Err != nil:
			errs[i] = fmt.Errorf("committing %s/%d: %w", c.Topic, c.Partition, o.Err)
		}
	}
	return errs
}

// Members names the members of a group, of either protocol: client and host, and the instance where it is a static one.
func (a *Admin) Members(ctx context.Context, group string) ([]string, error) {
	var out []string
	member := func(client, host string, instance *string) {
		name := client + " at " + host
		if instance != nil {
			name = *instance + ", " + name
		}
		out = append(out, name)
	}
	classic, err := a.admin.DescribeGroups(ctx, group)
	if err != nil {
		return nil, fmt.Errorf("describing group %s: %w", group, err)
	}
	for _, g := range classic {
		if g.Err != nil && !errors.Is(g.Err, kerr.GroupIDNotFound) {
			return nil, fmt.Errorf("describing group %s: %w", group, g.Err)
		}
		for _, m := range g.Members {
			member(m.ClientID, m.ClientHost, m.InstanceID)
		}
	}
	// Brokers before 4.0 do not know the other protocol, and those that do have the group under one of them only.
	if consumers, err := a.admin.DescribeConsumerGroups(ctx, group); err == nil {
		for _, g := range consumers {
			for _, m := range g.Members {
				member(m.ClientID, m.ClientHost, m.InstanceID)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// Partitions returns the partitions of those topics that exist.
func (a *Admin) Partitions(ctx context.Context, topics []string) ([]TopicPartition, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	listed, err := a.admin.ListTopics(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("listing partitions: %w", err)
	}
	var out []TopicPartition
	for name, t := range listed {
		if t.Err != nil && !errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
			return nil, fmt.Errorf("listing the partitions of %s: %w", name, t.Err)
		}
		for p := range t.Partitions {
			out = append(out, TopicPartition{name, p})
		}
	}
	slices.SortFunc(out, compare)
	return out, nil
}

// TopicIDs returns the ids of those topics that exist; zero on brokers without topic ids.
func (a *Admin) TopicIDs(ctx context.Context, topics []string) (map[string][16]byte, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	ids, err := a.topicIDs(ctx, topics)
	if err != nil {
		return nil, fmt.Errorf("looking up topics: %w", err)
	}
	return ids, nil
}
