package main

import (
	"context"
	"flag"
	"io"
	"log/slog"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
)

// runConnector delivers until ctx ends.
func runConnector(ctx context.Context, p process, flags *flag.FlagSet, args []string) error {
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
	log := newLogger(p.err, c)
	for _, w := range warnings {
		log.Warn("a mapping may not do what it looks like", "warning", w)
	}
	return connector.Run(ctx, c, set, connector.Options{Log: log})
}

func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
