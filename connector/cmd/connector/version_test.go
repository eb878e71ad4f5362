package main

import (
	"runtime/debug"
	"testing"
)

func TestDescribeBuild(t *testing.T) {
	built := func(version string, settings ...debug.BuildSetting) func() (*debug.BuildInfo, bool) {
		return func() (*debug.BuildInfo, bool) {
			return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}, Settings: settings}, true
		}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	changed := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		name    string
		release string
		read    func() (*debug.BuildInfo, bool)
		want    string
	}{
		{"a release", "v1.2.3", built("(devel)", revision), "connector v1.2.3 (0123456789ab) go1.26.0"},
		{"installed as a module", "", built("v1.2.3"), "connector v1.2.3 go1.26.0"},
		{"built from a changed checkout", "", built("(devel)", revision, changed), "connector (devel) (0123456789ab with changes) go1.26.0"},
		{"without build information", "", func() (*debug.BuildInfo, bool) { return nil, false }, "connector (devel) an unknown Go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := describeBuild(c.release, c.read); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
