package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/letters"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// dlqFlags are what can be said to "connector dlq".
type dlqFlags struct {
	filter letters.Filter
	view   letters.View
	replay letters.Replay
	all    bool
	dryRun bool
}

// runDLQ lists dead letters, or delivers them once more.
func runDLQ(ctx context.Context, p process, flags *flag.FlagSet, args []string) error {
	o, verb, err := parseDLQ(flags, args)
	if err != nil {
		return err
	}
	c, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	kafkaOptions := connector.KafkaOptions(c, connector.Options{Log: newLogger(p.err, c)})
	admin, err := kafka.NewAdmin(kafkaOptions)
	if err != nil {
		return err
	}
	defer admin.Close()
	reaching, cancel := context.WithTimeoutCause(ctx, lanesTimeout, errSlowKafka)
	defer cancel()
	if err := admin.Ping(reaching); err != nil {
		return fmt.Errorf("reaching Kafka at %s (CONNECTOR_KAFKA_BROKERS): %w", strings.Join(c.Kafka.Brokers, ", "), errors.Join(err, context.Cause(reaching)))
	}
	tool := &letters.Tool{Admin: admin, Topic: c.Delivery.DLQTopic, Out: p.out}
	if verb == "list" {
		return tool.List(ctx, o.filter, o.view)
	}
	set, _, err := loadMappings(c, p.environ)
	if err != nil {
		return err
	}
	if err := knownMappings(set, o.filter.Mappings); err != nil {
		return err
	}
	return runReplay(ctx, p, c, set, tool, kafkaOptions, o)
}

// runReplay delivers letters once more.
func runReplay(ctx context.Context, p process, c *config.Config, set *mapping.Set, tool *letters.Tool, kafkaOptions *kafka.Options, o *dlqFlags) error {
	// What is in flight when ctx ends may finish, but not for ever.
	hard, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(c.ShutdownGrace, end) })()
	to, err := connector.NewRedeliverer(hard, c, set, connector.Options{Log: newLogger(p.err, c)})
	if err != nil {
		return err
	}
	defer to.Close()
	r := o.replay
	r.Filter, r.Set, r.To, r.Hard = o.filter, set, to, hard
	r.Backoff = sink.Backoff{Min: c.Delivery.RetryMin, Max: c.Delivery.RetryMax}
	r.MaxBytes = int(c.Delivery.BatchMaxBytes)
	if r.InFlight == 0 {
		r.InFlight = c.Delivery.MaxInFlight
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	r.Name = "connector dlq@" + host
	if isTerminal(p.err) {
		r.Progress = p.err
	}
	if !o.dryRun {
		group := c.Delivery.DLQTopic + ".replay"
		waiting, cancel := context.WithTimeoutCause(ctx, lanesTimeout, errSlowKafka)
		defer cancel()
		if err := tool.Admin.CheckTopic(waiting, c.Delivery.DLQTopic); errors.Is(err, kafka.ErrNoTopic) {
			return tool.Replay(ctx, r) // which says so
		}
		patience := time.AfterFunc(2*time.Second, func() {
			fmt.Fprintln(p.err, "waiting for Kafka to find out whether another replay still runs; after one that was killed this takes ten seconds")
		})
		defer patience.Stop()
		lock, err := kafka.NewLock(waiting, kafkaOptions, group, c.Delivery.DLQTopic)
		patience.Stop()
		if errors.Is(err, kafka.ErrHeld) {
			members, _ := tool.Admin.Members(waiting, group)
			return fmt.Errorf("another replay of %s is running (%s): wait until it is done, or stop it", c.Delivery.DLQTopic, strings.Join(members, ", "))
		}
		if err != nil {
			return fmt.Errorf("making sure that no other replay runs: %w", err)
		}
		defer lock.Close()
		r.Lock = lock
	}
	return tool.Replay(ctx, r)
}

func parseDLQ(flags *flag.FlagSet, args []string) (*dlqFlags, string, error) {
	o := &dlqFlags{}
	several := func(name, usage string, into *[]string, split bool, allowed ...string) {
		flags.Func(name, usage, func(text string) error {
			values := []string{text}
			if split {
				values = strings.Split(text, ",")
			}
			for _, v := range values {
				if v == "" || len(allowed) > 0 && !slices.Contains(allowed, v) {
					return fmt.Errorf("give %s", cmp.Or(strings.Join(allowed, ", "), "a name"))
				}
				*into = append(*into, v)
			}
			return nil
		})
	}
	moment := func(name, usage string, into *time.Time) {
		flags.Func(name, usage, func(text string) error {
			if d, err := time.ParseDuration(text); err == nil && d > 0 {
				*into = time.Now().Add(-d)
				return nil
			}
			for _, layout := range []string{time.RFC3339, time.DateOnly} {
				if t, err := time.Parse(layout, text); err == nil {
					*into = t
					return nil
				}
			}
			return errors.New("give a time such as 2026-01-31T12:00:00Z or 2026-01-31, or a duration such as 2h, which is before now")
		})
	}
	several("mapping", "only letters of this mapping, by `NAME` or id; may be repeated", &o.filter.Mappings, false)
	several("reason", "only for this `REASON`: "+strings.Join(connector.Reasons(), ", ")+"; several with commas", &o.filter.Reasons, true, connector.Reasons()...)
	several("host", "only letters that were to go to this `HOST`, with or without a port; may be repeated", &o.filter.Hosts, false)
	moment("since", "only letters written at this `TIME` or later, such as 2026-01-31T12:00:00Z, or 2h for two hours ago", &o.filter.Since)
	moment("until", "only letters written before this `TIME`", &o.filter.Until)
	flags.StringVar(&o.filter.Topic, "topic", "", "only originals of this `TOPIC`")
	partition := flags.Int("partition", -1, "only originals of this `PARTITION`; -1 means all")
	offset := flags.Int64("offset", -1, "only the original with this `OFFSET`; -1 means all")
	flags.BoolVar(&o.filter.Pending, "pending", false, "list: only letters that no replay has delivered")
	flags.BoolVar(&o.view.JSON, "json", false, "list: one JSON object a line for each letter")
	flags.IntVar(&o.view.Limit, "limit", 50, "list: show `N` letters beside the counts")
	flags.BoolVar(&o.all, "all", false, "list: show all letters")
	flags.BoolVar(&o.view.Values, "values", false, "list: show keys, values and answers too; they hold what events hold")
	flags.BoolVar(&o.dryRun, "dry-run", false, "replay: only find out what would be sent")
	flags.Float64Var(&o.replay.Rate, "rate", 0, "replay: at most `N` letters a second; 0 means no limit")
	flags.IntVar(&o.replay.InFlight, "in-flight", 0, "replay: at most `N` requests under way at a time; 0 means CONNECTOR_MAX_IN_FLIGHT")
	flags.DurationVar(&o.replay.Timeout, "timeout", 30*time.Second, "replay: how `LONG` each letter is tried")
	flags.BoolVar(&o.replay.Match, "match", false, "replay: leave out events that the mapping's trigger does not take any more")
	words, err := parseWords(flags, args)
	if err != nil {
		return nil, "", err
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	switch {
	case len(words) == 0:
		return nil, "", usagef("say what to do: list or replay")
	case words[0] != "list" && words[0] != "replay":
		return nil, "", usagef("%q is nothing to do with dead letters: give list or replay", words[0])
	case len(words) > 1:
		return nil, "", usagef("unexpected argument %q", words[1])
	}
	others := []string{"dry-run", "rate", "in-flight", "timeout", "match"}
	if words[0] == "replay" {
		others = []string{"pending", "json", "limit", "all", "values"}
	}
	for _, name := range others {
		if set[name] {
			return nil, "", usagef("--%s does not go with %s", name, words[0])
		}
	}
	switch {
	case set["partition"] && *partition < 0:
		return nil, "", usagef("--partition is %d: give a partition's number", *partition)
	case set["offset"] && *offset < 0:
		return nil, "", usagef("--offset is %d: give an offset, which is 0 or more", *offset)
	case o.view.Limit < 0:
		return nil, "", usagef("--limit is %d: give how many letters to show, or --all", o.view.Limit)
	case o.replay.Rate < 0 || o.replay.Rate != o.replay.Rate || o.replay.Rate > 1e6 || set["rate"] && o.replay.Rate < 1e-3 && o.replay.Rate != 0:
		return nil, "", usagef("--rate is %g: give letters a second, from 0.001 to 1000000, or 0 for no limit", o.replay.Rate)
	case o.replay.InFlight < 0 || o.replay.InFlight > 10000:
		return nil, "", usagef("--in-flight is %d: give a number from 1 to 10000", o.replay.InFlight)
	case o.replay.Timeout < 0 || o.replay.Timeout > 24*time.Hour:
		return nil, "", usagef("--timeout is %s: give a duration from 0s, for one attempt, to 24h", o.replay.Timeout)
	case !o.filter.Since.IsZero() && !o.filter.Until.IsZero() && !o.filter.Since.Before(o.filter.Until):
		return nil, "", usagef("--since is not before --until: nothing lies between them")
	}
	if set["partition"] {
		o.filter.Partition = new(int32(*partition))
	}
	if set["offset"] {
		o.filter.Offset = offset
	}
	if o.all {
		o.view.Limit = -1
	}
	return o, words[0], nil
}

// knownMappings refuses names that no mapping has: a replay would have nobody to send to.
func knownMappings(set *mapping.Set, wanted []string) error {
	var names []string
	for _, m := range set.Mappings() {
		names = append(names, m.Name, m.ID)
	}
	for _, w := range wanted {
		if !slices.Contains(names, w) {
			slices.Sort(names)
			return usagef("no mapping is called %q; there are %s", w, strings.Join(slices.Compact(names), ", "))
		}
	}
	return nil
}

// isTerminal says whether somebody may be watching.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
