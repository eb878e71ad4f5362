package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/connector/preview"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
	"segment-webhooks/sink"
)

// runPreview shows what the connector would do with events from a file. It needs no Kafka and sends nothing; for a value in Avro with a schema's id it
// asks the schema registry.
func runPreview(ctx context.Context, p process, flags *flag.FlagSet, args []string) error {
	mappings := flags.String("mappings", "", "`FILE` of mappings, YAML or JSON; not needed where CONNECTOR_WEBHOOK_URLS is set")
	events := flags.String("events", "", "`FILE` of events, JSON lines or one document, or the value of one record in Avro; - is standard input")
	output := flags.String("output", "text", "`FORM`: text, json (one object a line) or curl (commands for a shell)")
	keepGoing := flags.Bool("keep-going", false, "report mappings that do not load, and go on with the rest")
	exact := flags.Bool("exact", false, "show bodies in text as the exact bytes")
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := config.LoadRequests(p.environ)
	if err != nil {
		return configFaults(err)
	}
	switch {
	case *mappings == "" && !c.Classic.URLs.IsSet():
		return usagef("--mappings is missing: name a mappings file, or set CONNECTOR_WEBHOOK_URLS")
	case *events == "":
		return usagef("--events is missing: name a file of events, or - for standard input")
	case !slices.Contains(preview.Outputs(), *output):
		return usagef("--output is %q: give %s", *output, strings.Join(preview.Outputs(), ", "))
	}
	set, invalid, err := previewMappings(*mappings, lookup(p.environ), mappingOptions(c), *keepGoing)
	if err != nil {
		return err
	}
	text, err := readEvents(*events, p.in)
	found := preview.Split(text)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s holds no event: give JSON lines, or one JSON document", *events)
	}
	if err != nil {
		return &faultsError{about: "the events", faults: []error{err}}
	}
	decoder, err := connector.NewDecoder(&c.Events, connector.Options{})
	if err != nil {
		return err
	}
	defer decoder.Close()
	for _, e := range found {
		if err := decoder.Load(ctx, e.Text); err != nil {
			return fmt.Errorf("decoding event %d: %w", e.Number, err)
		}
	}
	var valid func([]byte) error
	if c.Events.Validate == "dead-letter" {
		valid = schemas.Validate
	}
	senders, err := previewSenders(c, set)
	if err != nil {
		return &faultsError{about: "the mappings", faults: flatten(err)}
	}
	return preview.Run(p.out, set, invalid, found, preview.Options{
		Decode:    decoder.Decode,
		Valid:     valid,
		Output:    *output,
		Exact:     *exact,
		Sender:    senders,
		Now:       time.Now(),
		UserAgent: c.Delivery.UserAgent,
	})
}

// previewSenders returns how the requests of mappings are signed and prove who sends them; nil where no secret is set and
// none proves anything.
func previewSenders(c *config.Config, set *mapping.Set) (func(*mapping.Mapping) preview.Sender, error) {
	client, err := sink.NewClient(sink.Options{})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	senders := make(map[*mapping.Mapping]preview.Sender)
	needed := false
	var faults []error
	for _, m := range set.Mappings() {
		s, err := connector.NewSender(c, client, m, slog.New(slog.DiscardHandler))
		faults = append(faults, err)
		senders[m] = preview.Sender{Signer: s.Signer, Auth: s.Auth}
		needed = needed || s.Auth != nil || m.Signing.Schemes != nil || s.Signer != nil
	}
	if err := errors.Join(faults...); err != nil || !needed {
		return nil, err
	}
	return func(m *mapping.Mapping) preview.Sender { return senders[m] }, nil
}

func readEvents(path string, in io.Reader) ([]byte, error) {
	if path == "-" {
		text, err := io.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("reading events from standard input: %w", err)
		}
		return text, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	return text, nil
}
