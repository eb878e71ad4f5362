package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the documents beside the README name exists: tests and files. Evidence that has been renamed is none.
func TestDocumentsNames(t *testing.T) {
	t.Parallel()
	sources := sourceText(t)
	folder := filepath.Join(root, "deploy", "docs")
	for _, document := range []string{"how-we-know.md", "performance.md", "security.md"} {
		name := filepath.Join(folder, document)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(text), -1) {
			if !strings.Contains(sources, "func "+test+"(") {
				t.Errorf("%s names %s, and there is no such test", name, test)
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(folder, link[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, link[1], err)
			}
		}
	}
}
