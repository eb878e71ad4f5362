//go:build mutations

package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// mutation is a mistake that somebody could make, or has made.
type mutation struct {
	name   string // what is wrong with it
	costs  string // what it would cost: loss, duplicates, ...
	edits  []edit
	caught []trial // each of them must fail
}

// edit replaces a piece of a file, which must be there once.
type edit struct{ file, old, new string }

// trial is a run of tests that notices mistakes.
type trial struct {
	name, folder, run string
	args              []string
	more              []string // for a second run when the first has not noticed: some mistakes need a coincidence
}

// TestMutations makes each mistake and runs the tests that have to notice it. Nothing is written into the tree: the compiler is given the
// mutated files in place of the others. A mutation whose text is no longer found in the code has to be written anew.
func TestMutations(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Concat(mutations(), deliveryMutations(), inputMutations(), speedMutations()) {
		t.Run(m.name, func(t *testing.T) {
			overlay := m.overlay(t, root)
			for _, x := range m.caught {
				began := time.Now()
				out, failed := x.try(t, root, overlay, x.args)
				if !failed && x.more != nil {
					out, failed = x.try(t, root, overlay, x.more)
				}
				if !failed {
					t.Errorf("%s has not noticed: %s", x.name, m.costs)
					continue
				}
				t.Logf("%s, noticed by %s in %v: %s", m.costs, x.name, time.Since(began).Round(time.Second), verdictOf(out))
			}
		})
	}
}

// overlay writes the mutated files into a temporary folder and returns the name of the list for the compiler.
func (m *mutation) overlay(t *testing.T, root string) string {
	t.Helper()
	texts := map[string][]byte{}
	for _, e := range m.edits {
		name := filepath.Join(root, e.file)
		text, ok := texts[name]
		if !ok {
			var err error
			if text, err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		if n := bytes.Count(text, []byte(e.old)); n != 1 {
			t.Fatalf("%s holds this text %d times, want once:\n%s", e.file, n, e.old)
		}
		texts[name] = bytes.Replace(text, []byte(e.old), []byte(e.new), 1)
	}
	folder := t.TempDir()
	replace := map[string]string{}
	for name, text := range texts {
		replace[name] = filepath.Join(folder, strings.ReplaceAll(strings.TrimPrefix(name, root), string(filepath.Separator), "_"))
		if err := os.WriteFile(replace[name], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(name, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// try runs the tests of a trial. A mutation that does not compile is no mistake that anybody could make.
func (x *trial) try(t *testing.T, root, overlay string, with []string) (out []byte, failed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	args := []string{"test", "-count=1", "-timeout=5m", "-tags=synctests simulation", "-overlay=" + overlay, "-run=" + x.run, x.folder, "-args"}
	c := exec.CommandContext(ctx, "go", append(args, with...)...)
	c.Dir = root
	out, err := c.CombinedOutput()
	if bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")) || err != nil && !bytes.Contains(out, []byte("FAIL")) {
		t.Fatalf("%v\n%s", err, out)
	}
	return out, err != nil
}

// story is what every run of the simulation says.
var story = regexp.MustCompile(`^(seed \d+: |settled in |took |topic |worst delay )`)

// verdictOf picks what a reader wants to see of a failed run: the first complaint that is not the story of the run.
func verdictOf(out []byte) string {
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "panic: ") {
			return line
		}
		_, text, ok := strings.Cut(line, "_test.go:")
		if !ok {
			continue
		}
		_, text, _ = strings.Cut(text, ": ")
		if story.MatchString(text) {
			continue
		}
		return text[:min(len(text), 300)]
	}
	return "it fails:\n" + string(out[:min(len(out), 2000)])
}
