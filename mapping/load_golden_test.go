package mapping

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of testdata/load anew")

// TestLoadMessages checks what a user is told about a file, word for word: every fault at once, then the warnings.
func TestLoadMessages(t *testing.T) {
	yamls, _ := filepath.Glob("testdata/load/*.yaml")
	jsons, _ := filepath.Glob("testdata/load/*.json")
	files := slices.Concat(yamls, jsons)
	if len(files) == 0 {
		t.Fatal("found no files")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := messages(LoadText(filepath.Base(file), text, environment(map[string]string{"SET": "on"}), Options{}))
			golden := file + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func environment(variables map[string]string) Env {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

// messages is the outcome of loading as text.
func messages(_ *Set, warnings []Warning, err error) string {
	var b strings.Builder
	if err != nil {
		b.WriteString(err.Error() + "\n")
	}
	for _, w := range warnings {
		b.WriteString("warning: " + w.String() + "\n")
	}
	return b.String()
}
