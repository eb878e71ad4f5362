package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lanes"
	"segment-webhooks/mapping"
)

// lanesTimeout bounds all that is asked of Kafka.
const lanesTimeout = time.Minute

var errSlowKafka = errors.New("no answer in time")

// runLanes shows or edits the progress of mappings.
func runLanes(ctx context.Context, p process, flags *flag.FlagSet, args []string) error {
	asJSON := flags.Bool("json", false, "list: one JSON object a line for each partition")
	to := flags.String("to", "", "seek: the `PLACE` to go on from: earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z")
	topic := flags.String("topic", "", "only this `TOPIC`")
	partition := flags.Int("partition", -1, "seek, drop: only this `PARTITION` of each topic; -1 means all")
	dryRun := flags.Bool("dry-run", false, "seek, drop: only show what would be changed")
	words, err := parseWords(flags, args)
	if err != nil {
		return err
	}
	set := func(name string) (found bool) {
		flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
		return found
	}
	if len(words) == 0 {
		return usagef("say what to do: list, seek or drop")
	}
	verb, words := words[0], words[1:]
	var allowed []string
	switch verb {
	case "list":
		allowed = []string{"json", "topic"}
	case "seek":
		allowed = []string{"to", "topic", "partition", "dry-run"}
	case "drop":
		allowed = []string{"topic", "partition", "dry-run"}
	default:
		return usagef("%q is nothing to do with lanes: give list, seek or drop", verb)
	}
	for _, name := range []string{"json", "to", "partition", "dry-run"} {
		if set(name) && !slices.Contains(allowed, name) {
			return usagef("--%s does not go with %s", name, verb)
		}
	}
	switch {
	case verb == "list" && len(words) > 0:
		return usagef("unexpected argument %q", words[0])
	case verb != "list" && len(words) != 1:
		return usagef("%s takes one mapping, by its name or by the id that list shows", verb)
	case verb == "seek" && *to == "":
		return usagef("--to is missing: give earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z")
	case set("partition") && *partition < 0:
		return usagef("--partition is %d: give a partition's number", *partition)
	}

	c, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	mappings, _, err := loadMappings(c, p.environ)
	if err != nil {
		return err
	}
	admin, err := kafka.NewAdmin(connector.KafkaOptions(c, connector.Options{Log: newLogger(p.err, c)}))
	if err != nil {
		return err
	}
	defer admin.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, lanesTimeout, errSlowKafka)
	defer cancel()
	tool := &lanes.Tool{Admin: admin, Group: c.Kafka.Group, Topics: c.Kafka.Topics, Mappings: laneMappings(mappings), Out: p.out, Now: time.Now}
	edit := lanes.Edit{Topic: *topic, Partition: *partition, DryRun: *dryRun}
	switch verb {
	case "list":
		err = tool.List(ctx, *topic, *asJSON)
	case "seek":
		edit.Lane = words[0]
		err = tool.Seek(ctx, edit, *to)
	default:
		edit.Lane = words[0]
		err = tool.Drop(ctx, edit)
	}
	switch {
	case errors.Is(err, lanes.ErrUsage), errors.Is(err, lanes.ErrNoLane):
		return usagef("%v", err)
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w: %w (CONNECTOR_KAFKA_BROKERS is %s)", context.Cause(ctx), err, strings.Join(c.Kafka.Brokers, ", "))
	}
	return err
}

func laneMappings(set *mapping.Set) []lanes.Mapping {
	var out []lanes.Mapping
	for _, m := range set.Mappings() {
		out = append(out, lanes.Mapping{Name: m.Name, Identity: m.ID})
	}
	return out
}

// parseWords reads flags that may stand before, between and after words.
func parseWords(flags *flag.FlagSet, args []string) (words []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usagef("%v", err)
		}
		if flags.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
}
