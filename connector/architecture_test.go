package connector_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "segment-webhooks"

// arrows says what the code of each folder may import besides the standard library: our own packages, and the outside
// libraries that the folder owns. A folder below one of these follows the nearest. An import is allowed when it is one of
// the entries or below one.
//
// The three layers schemas, mapping and sink know nothing of each other and nothing of the connector; what passes between
// them is bytes and small structs.
var arrows = map[string]struct{ ours, outside []string }{
	"schemas":          {outside: []string{"github.com/linkedin/goavro/v2", "github.com/twmb/franz-go/pkg/sr"}},
	"mapping":          {ours: []string{"mapping"}, outside: []string{"github.com/goccy/go-yaml"}},
	"mapping/document": {outside: []string{"golang.org/x/text"}},
	"mapping/trigger":  {ours: []string{"mapping/document", "mapping/spelling"}},
	"mapping/liquid":   {ours: []string{"mapping/document"}},
	"sink":             {outside: []string{"github.com/hashicorp/go-retryablehttp", "github.com/klauspost/compress", "golang.org/x/oauth2"}},

	"connector": {
		ours:    []string{"schemas", "mapping", "sink", "connector/config", "connector/kafka", "connector/lane", "connector/overview", "connector/preview", "connector/tracing", "connector/web"},
		outside: []string{"github.com/prometheus/client_golang"},
	},
	"connector/bench": {outside: []string{"github.com/twmb/franz-go", "golang.org/x/sys"}},
	"connector/cmd":   {ours: []string{"schemas", "mapping", "sink", "connector"}},
	"connector/config": {
		outside: []string{"github.com/kelseyhightower/envconfig"},
	},
	"connector/demo": {
		ours:    []string{"mapping", "sink", "connector"},
		outside: []string{"github.com/twmb/franz-go"},
	},
	"connector/kafka":     {outside: []string{"github.com/twmb/franz-go", "github.com/prometheus/client_golang/prometheus"}},
	"connector/kafkatest": {outside: []string{"github.com/twmb/franz-go"}},
	"connector/lane":      {},
	"connector/letters":   {ours: []string{"mapping", "sink", "connector", "connector/kafka"}},
	"connector/lanes":     {ours: []string{"connector/kafka", "connector/lane"}},
	"connector/overview":  {},
	"connector/preview":   {ours: []string{"mapping", "sink"}},
	"connector/torture":   {},
	"connector/tracing":   {outside: []string{"go.opentelemetry.io/otel", "go.opentelemetry.io/proto/otlp/trace", "google.golang.org/protobuf/proto"}},
	"connector/web":       {ours: []string{"connector/overview", "connector/preview"}},

	"deploy": {ours: []string{"connector/config", "mapping"}, outside: []string{"github.com/goccy/go-yaml"}},
}

// layers do not import each other, not even in tests.
var layers = []string{"schemas", "mapping", "sink"}

// helpers are for tests; in a binary they would be an accident. Each may be imported by code of the folders given.
var helpers = map[string][]string{
	"testing":                                                 {"connector/kafkatest"}, // and what is below it, such as testing/synctest
	"github.com/google/go-cmp":                                nil,
	"github.com/rogpeppe/go-internal":                         nil,
	"github.com/twmb/franz-go/pkg/kfake":                      {"connector/demo"},
	"github.com/twmb/franz-go/pkg/sr/srfake":                  nil,
	module + "/connector/kafkatest":                           nil,
	module + "/mapping/reference":                             nil,
	"github.com/prometheus/client_golang/prometheus/testutil": nil,
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		allowed, ok := rule(f.folder)
		if !ok {
			t.Errorf("%s: no rule for folder %s: say in arrows what it may import", f.path, f.folder)
			continue
		}
		for _, imported := range f.imports {
			if own, ours := strings.CutPrefix(imported, module+"/"); ours {
				if problem := ourImport(f, own, allowed.ours); problem != "" {
					t.Errorf("%s imports %s: %s", f.path, imported, problem)
				}
				continue
			}
			if !f.test && outside(imported) && !within(imported, allowed.outside) {
				t.Errorf("%s imports %s, which %s does not own", f.path, imported, f.folder)
			}
			if owners, helper := helperOwners(imported); helper && !f.test && !within(f.folder, owners) {
				t.Errorf("%s imports %s, which is for tests", f.path, imported)
			}
		}
	}
}

// ourImport says what is wrong with a file that imports the folder own of this module, "" if nothing.
func ourImport(f goFile, own string, allowed []string) string {
	if owners, helper := helperOwners(module + "/" + own); helper && !f.test && !within(f.folder, owners) {
		return "it is for tests"
	}
	for _, layer := range layers {
		if within(f.folder, []string{layer}) && !within(own, []string{layer}) {
			return layer + " knows nothing but itself"
		}
	}
	if f.test || within(own, allowed) {
		return ""
	}
	return "the arrows of " + f.folder + " do not lead there"
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	comments := map[string]string{}
	for _, f := range goFiles(t) {
		if !f.test {
			comments[f.folder] += f.doc
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(comments)) {
		if comments[folder] == "" {
			t.Errorf("package %s has no package comment", folder)
		}
	}
}

// What only one machine knows has no place in a repository that others read.
func TestNoForeignPaths(t *testing.T) {
	t.Parallel()
	var forbidden [][]byte // in halves, or this file would hold them
	for _, halves := range [][2]string{{"/wor", "k/"}, {"/far", "m/"}, {"../sha", "red"}, {"bash_", "jobs"}, {"/.lib", "rary/"}} {
		forbidden = append(forbidden, []byte(halves[0]+halves[1]))
	}
	walk(t, func(name string) {
		text, err := os.ReadFile(filepath.Join(moduleRoot(t), name))
		if err != nil {
			t.Error(err)
			return
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			for _, s := range forbidden {
				if bytes.Contains(line, s) {
					t.Errorf("%s:%d holds %q", name, n+1, s)
				}
			}
		}
	})
}

// goFile is what these tests know of a Go file. Paths and folders are relative to the module's root, with slashes.
type goFile struct {
	path, folder string
	test         bool
	imports      []string
	doc          string
}

// goFiles parses every Go file of the module, whatever its build tags.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	walk(t, func(name string) {
		if path.Ext(name) != ".go" {
			return
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(moduleRoot(t), name), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		files = append(files, goFile{
			path:    name,
			folder:  path.Dir(name),
			test:    strings.HasSuffix(name, "_test.go"),
			imports: importPaths(t, syntax),
			doc:     syntax.Doc.Text(),
		})
	})
	if len(files) == 0 {
		t.Fatal("found no Go file")
	}
	return files
}

func importPaths(t *testing.T, syntax *ast.File) []string {
	t.Helper()
	var paths []string
	for _, spec := range syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// walk calls f with every file of the module that is not made by a build.
func walk(t *testing.T, f func(name string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(moduleRoot(t)), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".kafka", ".node", "bin", "dist"}, name):
			return fs.SkipDir
		case entry.Type().IsRegular() && name != ".git": // which is a file in a worktree
			f(name)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("reading the tree: %v", err)
	}
}

// moduleRoot is the folder above this package: tests run in their package's folder.
func moduleRoot(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("../go.mod"); err != nil {
		t.Fatalf("the module's root is not above the working directory: %v", err)
	}
	return ".."
}

// rule finds the arrows of a folder: its own, or the nearest above it.
func rule(folder string) (allowed struct{ ours, outside []string }, ok bool) {
	for ; folder != "."; folder = path.Dir(folder) {
		if allowed, ok = arrows[folder]; ok {
			return allowed, true
		}
	}
	return allowed, false
}

func helperOwners(imported string) ([]string, bool) {
	for helper, owners := range helpers {
		if within(imported, []string{helper}) {
			return owners, true
		}
	}
	return nil, false
}

// outside tells an import path with a host name from one of the standard library.
func outside(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// within tells whether p is one of the roots or below one.
func within(p string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return p == root || strings.HasPrefix(p, root+"/")
	})
}
