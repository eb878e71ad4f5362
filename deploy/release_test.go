package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// What .goreleaser.yaml names is there. That goreleaser itself takes it, only goreleaser tells: "goreleaser check".
func TestReleaseNamesWhatIsThere(t *testing.T) {
	var release struct {
		Version int
		Builds  []struct {
			Main    string
			Env     []string
			Ldflags []string
		}
		Archives []struct{ Files []string }
		Sboms    []struct{ Artifacts string }
	}
	if err := yaml.Unmarshal(read(t, ".goreleaser.yaml"), &release); err != nil {
		t.Fatal(err)
	}
	if release.Version != 2 || len(release.Builds) != 1 || len(release.Archives) != 1 || len(release.Sboms) != 1 {
		t.Fatalf("the release is %+v; want version 2 with one build, one kind of archive and a bill of materials", release)
	}
	build := release.Builds[0]
	if _, err := os.Stat(filepath.Join(root, build.Main)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(string(read(t, "deploy/Dockerfile")), "-X main.version=") || !strings.Contains(strings.Join(build.Ldflags, " "), "-X main.version=") {
		t.Error("a release does not know its version")
	}
	if len(build.Env) != 1 || build.Env[0] != "CGO_ENABLED=0" {
		t.Error("released binaries are not static")
	}
	for _, pattern := range release.Archives[0].Files {
		if found, err := filepath.Glob(filepath.Join(root, pattern)); err != nil || len(found) == 0 {
			t.Errorf("archives hold %s, which matches nothing", pattern)
		}
	}
}
