package deploy

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Every module that ends in the binary has its licence listed.
func TestLicencesAreListed(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("docs/licences.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile("../go.mod"); err != nil { // so that a cached answer ends with what it was about
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "../connector/cmd/connector").Output()
	if err != nil {
		t.Fatal(err)
	}
	for module := range strings.FieldsSeq(string(out)) {
		if !strings.Contains(string(list), "| "+module+" |") && !strings.Contains(string(list), "| "+module+"/") {
			t.Errorf("docs/licences.md says nothing of %s: run make licences", module)
		}
	}
	for line := range strings.Lines(string(list)) {
		if strings.Contains(line, "Unknown") || strings.Contains(line, "GPL") {
			t.Errorf("somebody has to look at this licence: %s", line)
		}
	}
}
