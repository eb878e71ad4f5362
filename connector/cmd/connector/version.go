package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"runtime/debug"

	"segment-webhooks/connector"
)

// version is set by the linker where a release is built; without it the build information counts.
var version string

// runVersion prints one line: the version, the revision it was built from, and Go's version.
func runVersion(_ context.Context, p process, flags *flag.FlagSet, args []string) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	fmt.Fprintln(p.out, describeBuild(version, debug.ReadBuildInfo))
	return nil
}

func describeBuild(release string, read func() (*debug.BuildInfo, bool)) string {
	b := readBuild(release, read)
	line := "connector " + b.Version
	if b.Revision != "" {
		line += " (" + b.Revision + ")"
	}
	return line + " " + b.Go
}

// readBuild says which program this is, as far as that is known.
func readBuild(release string, read func() (*debug.BuildInfo, bool)) connector.Build {
	info, ok := read()
	if !ok {
		info = &debug.BuildInfo{GoVersion: "an unknown Go"}
	}
	b := connector.Build{Version: cmp.Or(release, info.Main.Version, "(devel)"), Go: info.GoVersion}
	changed := ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value[:min(12, len(setting.Value))]
		case "vcs.modified":
			if setting.Value == "true" {
				changed = " with changes"
			}
		}
	}
	if b.Revision != "" {
		b.Revision += changed
	}
	return b
}
