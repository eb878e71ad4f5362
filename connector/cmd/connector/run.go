package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

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
	limitMemory(p, c)
	return connector.Run(ctx, c, set, connector.Options{Log: log, Build: readBuild(version, debug.ReadBuildInfo)})
}

// limitMemory makes the garbage collector work harder as the process nears what the budget allows it, instead of letting garbage double what is
// held. GOMEMLIMIT, where it is set, is the operator's word.
func limitMemory(p process, c *config.Config) {
	for _, v := range p.environ {
		if strings.HasPrefix(v, "GOMEMLIMIT=") {
			return
		}
	}
	debug.SetMemoryLimit(int64(c.MemoryBudget) + overBudget)
}

// overBudget is what the process may take beside its budget of events: the program, connections, the Kafka client's buffers.
const overBudget = 48 << 20

func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
