package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// runCheck says what the connector would do with this configuration, or everything that is wrong with it.
func runCheck(ctx context.Context, p process, flags *flag.FlagSet, args []string) error {
	registry := flags.Bool("registry", false, "also ask the schema registry whether it answers")
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	set, warnings, err := loadMappings(c, p.environ)
	if err != nil {
		return err
	}
	if err := summarise(p.out, c, set, append(risks(c, set), texts(warnings)...)); err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	if *registry {
		return askRegistry(ctx, p.out, &c.Events)
	}
	return nil
}

// askRegistry finds out whether the schema registry answers.
func askRegistry(ctx context.Context, w io.Writer, events *config.Events) error {
	urls := strings.Join(events.Registry.URLs, ", ")
	if urls == "" {
		return usagef("--registry: CONNECTOR_SCHEMA_REGISTRY_URL is not set, so there is none to ask")
	}
	decoder, err := connector.NewDecoder(events, connector.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()
	if err := decoder.Ping(ctx); err != nil {
		return fmt.Errorf("asking the schema registry at %s (CONNECTOR_SCHEMA_REGISTRY_URL): %w", urls, err)
	}
	fmt.Fprintf(w, "\nThe schema registry at %s answers.\n", urls)
	return nil
}

// signs says how requests are signed unless their mapping says otherwise.
func signs(d *config.Delivery) string {
	if !d.SharedSecret.IsSet() {
		return "nothing: no shared secret is set"
	}
	text := "with the shared secret"
	if d.PreviousSecret.IsSet() {
		text += " and the one before"
	}
	if !slices.Equal(d.Signing, []string{"segment"}) {
		text += ", " + strings.Join(d.Signing, ", ")
	}
	return text
}

func texts(warnings []mapping.Warning) []string {
	all := make([]string, len(warnings))
	for i, w := range warnings {
		all[i] = w.String()
	}
	return all
}

// summarise prints on one screen what is consumed, which mappings run and where they point, where dead letters go, and
// what deserves a look.
func summarise(w io.Writer, c *config.Config, set *mapping.Set, notes []string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	d := &c.Delivery

	row("reads", "%s as group %s, at first from %s", strings.Join(c.Kafka.Topics, ", "), c.Kafka.Group, c.Kafka.Start)
	row("from", "%s, %s", strings.Join(c.Kafka.Brokers, ", "), access(&c.Kafka))
	row("decodes", "%s", decoding(&c.Events))
	row("signs", "%s", signs(d))
	row("retries", "for %s, waiting %s to %s, %d requests of a mapping at a time", config.FormatDuration(d.RetryWindow), config.FormatDuration(d.RetryMin), config.FormatDuration(d.RetryMax), d.MaxInFlight)
	row("dead letters", "to %s, %s", d.DLQTopic, choose(d.DLQCreate, "created where missing", "which must exist"))
	row("memory", "at most %s of events", c.MemoryBudget)
	row("serves", "%s", c.HTTPAddr)
	row("mappings", "%d", len(set.Mappings()))
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range set.Mappings() {
		how := "one by one"
		if m.Batch {
			how = fmt.Sprintf("batches of up to %d", m.BatchSize)
		}
		if sent := connector.SentAs(c, m); sent != "" {
			how += "; " + sent
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", m.Name, target(m, d.AllowedHosts), how)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	text := "\nNothing looks risky.\n"
	if len(notes) > 0 {
		text = "\nWorth a look:\n"
	}
	for _, note := range notes {
		text += "  - " + strings.ReplaceAll(note, "\n", "\n    ") + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// decoding says how values become events.
func decoding(e *config.Events) string {
	how := map[string]string{"auto": "JSON, or Avro in a frame", "json": "JSON", "avro": "Avro in a frame"}[e.Format]
	switch {
	case len(e.Registry.URLs) > 0:
		how += ", with schemas from " + strings.Join(e.Registry.URLs, ", ")
	case e.Format != "json":
		how += ", with the schemas built in: no schema registry is set"
	}
	if e.Validate != "off" {
		how += "; events that break Segment's specification: " + map[string]string{"warn": "a warning", "dead-letter": "dead letters"}[e.Validate]
	}
	return how
}

// access says how the brokers are talked to.
func access(k *config.Kafka) string {
	how := choose(k.TLS, "over TLS", "in the clear")
	if k.SASL.Mechanism == "" {
		return how
	}
	how += " with " + k.SASL.Mechanism
	if k.SASL.Username != "" {
		how += " as " + k.SASL.Username
	}
	return how
}

// target says where a mapping points.
func target(m *mapping.Mapping, allowed []string) string {
	switch {
	case m.HostFromEvent():
		return "a host from the event: " + strings.Join(allowed, ", ")
	case m.Alternatives != nil:
		return "any of " + strings.Join(endpoints(m), ", ")
	}
	return cmp.Or(m.Endpoint(), "computed from the event")
}

// endpoints lists scheme, host and port of what a mapping calls, in so far as they are the same for all events.
func endpoints(m *mapping.Mapping) []string {
	if m.Alternatives == nil {
		return []string{m.Endpoint()}
	}
	var all []string
	for _, a := range m.Alternatives {
		all = append(all, a.Endpoint())
	}
	return all
}

// risks lists what is allowed but often not meant.
func risks(c *config.Config, set *mapping.Set) []string {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	d, k := &c.Delivery, &c.Kafka
	if !d.SharedSecret.IsSet() && slices.ContainsFunc(set.Mappings(), func(m *mapping.Mapping) bool { return !m.Signing.Secret.IsSet() }) {
		note("CONNECTOR_SHARED_SECRET is not set: receivers cannot tell these requests from forged ones")
	}
	if k.SASL.Mechanism != "" && !k.TLS {
		note("CONNECTOR_KAFKA_TLS is false: %s sends credentials that anybody on the way can read or try to guess", k.SASL.Mechanism)
	}
	if r := &c.Events.Registry; (r.Username != "" || r.Token.IsSet() || r.TokenFile != "") && slices.ContainsFunc(r.URLs, func(u string) bool { return strings.HasPrefix(u, "http:") }) {
		note("CONNECTOR_SCHEMA_REGISTRY_URL is plain HTTP: anybody on the way can read its credentials")
	}
	if k.Start == "latest" {
		note("CONNECTOR_KAFKA_START is latest: what is in the topics before the group's first start is never delivered")
	}
	if d.RequestTimeout > c.ShutdownGrace {
		note("CONNECTOR_SHUTDOWN_GRACE (%s) is shorter than CONNECTOR_REQUEST_TIMEOUT (%s): stopping may cut requests off, and send them again later", config.FormatDuration(c.ShutdownGrace), config.FormatDuration(d.RequestTimeout))
	}
	const restart = 30 * time.Second
	if k.InstanceID != "" && k.SessionTimeout < 2*restart {
		note("CONNECTOR_KAFKA_SESSION_TIMEOUT is %s: a static member that takes longer to restart loses its partitions; 1m or more leaves time", config.FormatDuration(k.SessionTimeout))
	}
	computed := false
	for _, m := range set.Mappings() {
		computed = computed || m.HostFromEvent()
		if m.Alternatives != nil {
			note("CONNECTOR_CLASSIC_DELIVER_TO is any: an event that one URL takes is not sent again to those that failed; all gives each retries of its own")
		}
		if slices.ContainsFunc(endpoints(m), func(e string) bool { return strings.HasPrefix(e, "http://") }) {
			note("mapping %q sends over plain HTTP: anybody on the way can read its events and headers", m.Name)
		}
	}
	if len(d.AllowedHosts) > 0 && !computed {
		note("CONNECTOR_ALLOWED_HOSTS is set, but no mapping takes its host from an event")
	}
	return notes
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
