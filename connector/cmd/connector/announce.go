package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// announce says at the start what the connector is going to do, and what looks risky: for people on one screen, for programs, with
// CONNECTOR_LOG_FORMAT=json, as lines of the log.
func announce(w io.Writer, log *slog.Logger, c *config.Config, set *mapping.Set, b connector.Build, notes []string) error {
	if ctx := context.TODO(); !log.Enabled(ctx, slog.LevelInfo) { //nolint:forbidigo // asked about the level alone
		return nil
	}
	if c.LogFormat != "json" {
		fmt.Fprintf(w, "connector %s\n\n", b.Version)
		if err := summarise(w, c, set, notes); err != nil {
			return fmt.Errorf("printing the summary: %w", err)
		}
		fmt.Fprintln(w)
		return nil
	}
	log.Info("starting", "version", b.Version, "topics", c.Kafka.Topics, "group", c.Kafka.Group, "brokers", c.Kafka.Brokers,
		"access", access(&c.Kafka), "signed", c.Delivery.SharedSecret.IsSet(), "retry_window", config.FormatDuration(c.Delivery.RetryWindow),
		"dead_letters", c.Delivery.DLQTopic, "memory_budget", c.MemoryBudget.String(), "serves", c.HTTPAddr, "mappings", len(set.Mappings()))
	for _, m := range set.Mappings() {
		size := 1
		if m.Batch {
			size = m.BatchSize
		}
		log.Info("mapping runs", "mapping", m.Name, "target", target(m, c.Delivery.AllowedHosts), "batch_size", size)
	}
	for _, note := range notes {
		log.Warn("worth a look", "note", note)
	}
	return nil
}
