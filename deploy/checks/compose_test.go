package checks

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
)

// What "docker compose config" checks, by the library that it uses, for every profile.
func TestComposeConfig(t *testing.T) {
	file, err := filepath.Abs("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	load := func(profiles ...string) []string {
		options, err := cli.NewProjectOptions([]string{file}, cli.WithProfiles(profiles), cli.WithWorkingDirectory(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		project, err := options.LoadProject(context.Background())
		if err != nil {
			t.Fatalf("profiles %v: %v", profiles, err)
		}
		return project.ServiceNames()
	}
	plain := load()
	if slices.Contains(plain, "prometheus") || !slices.Contains(plain, "connector") {
		t.Errorf("without a profile %v run", plain)
	}
	if all := load("monitoring"); !slices.Contains(all, "prometheus") || !slices.Contains(all, "grafana") || len(all) != len(plain)+2 {
		t.Errorf("with the profile monitoring %v run", all)
	}
}
