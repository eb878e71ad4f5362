package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A stranger's first ten minutes: every command that the README and the guides show is run as written, or is one of those that need what a test
// does not have, and then what it names has to be there:
//
//	sh blocks       "go run ./connector/cmd/connector" is run here; of "make", the target has to exist, and CI runs it
//	console blocks  "connector": the command has to exist. "docker compose": the profile has to; the files are checked with Compose's own library
//	                by make manifests. "make": the target has to. "kubectl": the folder has to; its manifests are checked there as well. sudo, curl, echo, source, export: looked at only
func TestDocsCommands(t *testing.T) {
	guides, err := filepath.Glob(filepath.Join(root, "deploy/docs/*.md"))
	if err != nil || len(guides) < 4 {
		t.Fatalf("found the guides %v, %v", guides, err)
	}
	for _, path := range append(guides, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, guide := filepath.Base(path), filepath.Base(path) != "README.md"
		for _, b := range regexp.MustCompile("(?ms)^```(sh|console)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
			switch {
			case b[1] == "console":
				checkConsole(t, name, b[2])
			case guide: // the README's are run by TestREADMECommands
				for _, c := range shellCommands(t, b[2]) {
					if !strings.HasPrefix(strings.Join(c.args, " ")+" ", goRun) {
						t.Errorf("%s runs %q in an sh block, which are for %q", name, c.args, goRun)
						continue
					}
					if out := runInRoot(t, c); strings.Contains(out, "exit status") {
						t.Errorf("%s: %q fails:\n%s", name, c.args, out)
					}
				}
			}
		}
	}
}

func checkConsole(t *testing.T, file, text string) {
	t.Helper()
	compose, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		shown, prompt := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if !prompt {
			continue
		}
		words := strings.Fields(shown)
		switch words[0] {
		case "connector":
			if len(words) > 1 && !slices.ContainsFunc(commands(), func(c command) bool { return c.name == words[1] }) {
				t.Errorf("%s: there is no command %q", file, shown)
			}
		case "docker":
			if i := slices.Index(words, "--profile"); i > 0 && !strings.Contains(string(compose), "profiles: ["+words[i+1]+"]") {
				t.Errorf("%s: docker-compose.yml has no profile %s", file, words[i+1])
			}
		case "make":
			if !strings.Contains(string(makefile), "\n"+words[1]+":") {
				t.Errorf("%s: the Makefile has no target %s", file, words[1])
			}
		case "kubectl":
			if i := slices.Index(words, "-k"); i > 0 {
				if _, err := os.Stat(filepath.Join(root, words[i+1], "kustomization.yaml")); err != nil {
					t.Errorf("%s: %q: %v", file, shown, err)
				}
			}
		case "sudo", "curl", "echo", "source", "export":
		default:
			t.Errorf("%s shows %q, and nothing looks at it: say in TestDocsCommands what becomes of such commands", file, shown)
		}
	}
}

// The guides link to what is there, headings included.
func TestDocsLinks(t *testing.T) {
	guides, err := filepath.Glob(filepath.Join(root, "deploy/docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range guides {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^):#]*)(#[^)]+)?\)`).FindAllStringSubmatch(string(text), -1) {
			target := path
			if link[1] != "" {
				target = filepath.Join(filepath.Dir(path), link[1])
			}
			linked, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr != nil || err != nil && !info.IsDir() {
				t.Errorf("%s links to %s, which is not there", filepath.Base(path), link[1])
				continue
			}
			if heading := strings.TrimPrefix(link[2], "#"); heading != "" && !slices.Contains(anchors(string(linked)), heading) {
				t.Errorf("%s links to heading %s of %s, which is not there", filepath.Base(path), link[2], target)
			}
		}
	}
}
