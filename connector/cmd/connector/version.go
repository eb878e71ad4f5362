package main

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
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
	info, ok := read()
	if !ok {
		info = &debug.BuildInfo{GoVersion: "an unknown Go"}
	}
	if release == "" {
		release = info.Main.Version
	}
	if release == "" {
		release = "(devel)"
	}
	revision, changed := "", ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			revision = setting.Value[:min(12, len(setting.Value))]
		case "vcs.modified":
			if setting.Value == "true" {
				changed = " with changes"
			}
		}
	}
	line := "connector " + release
	if revision != "" {
		line += " (" + revision + changed + ")"
	}
	return line + " " + info.GoVersion
}
