package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
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
	asked, stop := hangups()
	defer stop()
	reload := reloading(c, p.environ, asked)
	set, warnings, err := loadMappings(c, p.environ)
	if err != nil {
		return err
	}
	log := newLogger(p.err, c)
	build := readBuild(version, debug.ReadBuildInfo)
	if err := announce(p.err, log, c, set, build, append(risks(c, set), texts(warnings)...)); err != nil {
		return err
	}
	limitMemory(p, c)
	return connector.Run(ctx, c, set, connector.Options{Log: log, Reload: reload, Build: build})
}

// limitMemory makes the garbage collector work harder as the process nears what the budget allows it, instead of letting garbage double what is
// held; and less as long as it does not. GOMEMLIMIT and GOGC, where they are set, are the operator's word.
func limitMemory(p process, c *config.Config) {
	set := func(name string) bool {
		return slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	}
	if set("GOMEMLIMIT") {
		return
	}
	debug.SetMemoryLimit(int64(c.MemoryBudget) + overBudget)
	if !set("GOGC") {
		debug.SetGCPercent(garbagePercent)
	}
}

// garbagePercent is how much garbage there may be beside what is held, in its hundredths, while the memory limit is not near. Go's 100 collects twice as
// often, which takes 5 % of the time with batches.
const garbagePercent = 200

// overBudget is what the process's heap and stacks may take beside its budget of events: connections, the Kafka client's buffers. The program
// itself, some 25 MiB of it in memory, is not counted against Go's limit, and has to fit into the 64 MiB of README.md as well.
const overBudget = 36 << 20

func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// reloading says where changed mappings come from: the file, which may change, and is read again on SIGHUP in any case. It has to be called
// before the file is read for the first time.
func reloading(c *config.Config, environ []string, asked <-chan os.Signal) connector.Reload {
	if c.Mappings.File == "" {
		return connector.Reload{}
	}
	fingerprint := func() (string, error) {
		text, err := os.ReadFile(c.Mappings.File)
		sum := sha256.Sum256(text)
		return string(sum[:]), err
	}
	loaded, _ := fingerprint() // a file that cannot be read ends the start
	return connector.Reload{
		Load:        func() (*mapping.Set, []mapping.Warning, error) { return loadMappings(c, environ) },
		Fingerprint: fingerprint, Loaded: loaded, Asked: asked,
	}
}
