package config_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"segment-webhooks/connector/config"
)

// The README's tables are this package's. UPDATE_README=1 writes them.
func TestREADME(t *testing.T) {
	const (
		path  = "../../README.md"
		begin = "<!-- variables -->\n"
		end   = "<!-- /variables -->"
	)
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no place for the variables: put the lines %q and %q where the tables belong", strings.TrimSpace(begin), end)
	}
	var want bytes.Buffer
	if err := config.WriteMarkdown(&want); err != nil {
		t.Fatal(err)
	}
	if got == want.String() {
		return
	}
	if os.Getenv("UPDATE_README") == "" {
		t.Fatal("the README's tables of variables are out of date: run UPDATE_README=1 go test ./connector/config")
	}
	if err := os.WriteFile(path, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
