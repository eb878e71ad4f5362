package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"segment-webhooks/mapping/trigger"
)

// What the README claims is checked here: whoever changes the product is told which sentence has become untrue.
// UPDATE_README=1 writes what can be written.

const root = "../../.."

// block is a fenced block of the README: what stands behind the fence, and the lines between.
type block struct {
	language, text string
	start, end     int // of text in the README
}

func readREADME(t *testing.T) (text string, blocks []block) {
	t.Helper()
	all, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	text = string(all)
	at, open := 0, -1
	for line := range strings.Lines(text) {
		at += len(line)
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case !fence:
		case open < 0:
			open = len(blocks)
			blocks = append(blocks, block{language: language, start: at})
		default:
			b := &blocks[open]
			b.end = at - len(line)
			b.text = text[b.start:b.end]
			open = -1
		}
	}
	if open >= 0 {
		t.Fatalf("README.md: the block %q is not closed", blocks[open].language)
	}
	return text, blocks
}

// replace puts text in the place of README[start:end], or fails the test if it is not there already.
func replace(t *testing.T, readme string, start, end int, text string) {
	t.Helper()
	got := readme[start:end]
	switch {
	case got == text:
	case os.Getenv("UPDATE_README") == "":
		t.Errorf("the README shows\n%s\nwant\n%s\nrun UPDATE_README=1 go test ./connector/cmd/connector", got, text)
	default:
		if err := os.WriteFile(filepath.Join(root, "README.md"), []byte(readme[:start]+text+readme[end:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shellCommand is one command of a README's sh block.
type shellCommand struct {
	environ []string
	args    []string
	stdin   string
}

var assignment = regexp.MustCompile(`^[A-Z][A-Z0-9_]*=`)

// shellCommands reads what the README uses of the shell: words, double and single quotes, variables in front, and a here document.
func shellCommands(t *testing.T, text string) []shellCommand {
	t.Helper()
	var all []shellCommand
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for len(lines) > 0 {
		line := lines[0]
		lines = lines[1:]
		var c shellCommand
		for _, word := range shellWords(t, line) {
			end, here := strings.CutPrefix(word, "<<")
			switch {
			case here:
				n := slices.Index(lines, end)
				if n < 0 {
					t.Fatalf("README.md: the here document %s has no end", end)
				}
				c.stdin = strings.Join(lines[:n], "\n") + "\n"
				lines = lines[n+1:]
			case len(c.args) == 0 && assignment.MatchString(word):
				c.environ = append(c.environ, word)
			default:
				c.args = append(c.args, word)
			}
		}
		if len(c.args) > 0 {
			all = append(all, c)
		}
	}
	return all
}

func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	var quote rune
	started := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == ' ':
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		case r == '#' && !started:
			return words
		case strings.ContainsRune("|&;$`\\>*", r):
			t.Fatalf("README.md: %q is more shell than this test reads: keep it simple, or make the block console", line)
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quote != 0 {
		t.Fatalf("README.md: unclosed quote in %q", line)
	}
	if started {
		words = append(words, word.String())
	}
	return words
}

const goRun = "go run ./connector/cmd/connector "

// A command in an sh block works in a fresh checkout, without a network: the make targets and files it names are there. Where its
// output is shown below, that is what it prints.
func TestREADMECommands(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	readme, blocks := readREADME(t)
	shown := 0
	for i, b := range blocks {
		if b.language != "sh" {
			continue
		}
		commands := shellCommands(t, b.text)
		for _, c := range commands {
			switch c.args[0] {
			case "make":
				for _, arg := range c.args[1:] {
					if !assignment.MatchString(arg) && !bytes.Contains(makefile, []byte("\n"+arg+":")) {
						t.Errorf("README.md runs make %s: the Makefile has no such target", arg)
					}
				}
			case "go":
				for _, arg := range c.args[1:] {
					if _, err := os.Stat(filepath.Join(root, arg)); strings.Contains(arg, "/") && err != nil {
						t.Errorf("README.md names %s: %v", arg, err)
					}
				}
			default:
				t.Errorf("README.md runs %s in an sh block: those are for make and go; what needs more goes into a console block", c.args[0])
			}
		}
		next := block{}
		if i+1 < len(blocks) {
			next = blocks[i+1]
		}
		if next.language != "text" || !strings.Contains(b.text, goRun) {
			continue
		}
		shown++
		if len(commands) != 1 {
			t.Fatalf("README.md shows the output of %d commands at once", len(commands))
		}
		replace(t, readme, next.start, next.end, runInRoot(t, commands[0]))
		if readme, blocks = readREADME(t); t.Failed() {
			return
		}
	}
	if shown < 2 {
		t.Errorf("README.md shows the output of %d commands, want that of preview and check", shown)
	}
}

// runInRoot runs the command line "go run ./connector/cmd/connector …" as from the repository's root, and gives what it prints.
func runInRoot(t *testing.T, c shellCommand) string {
	t.Helper()
	args := c.args[len(strings.Fields(goRun)):]
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	defer t.Chdir(here)
	var out bytes.Buffer
	code := run(t.Context(), args, process{environ: c.environ, in: strings.NewReader(c.stdin), out: &out, err: &out})
	if code != 0 {
		fmt.Fprintf(&out, "exit status %d\n", code) // as go run says
	}
	return out.String()
}

// The mapping that the README explains is the first of the example.
func TestREADMEMapping(t *testing.T) {
	example, err := os.ReadFile(filepath.Join(root, "deploy/examples/mappings.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, blocks := readREADME(t)
	for _, b := range blocks {
		if b.language == "yaml" && !strings.Contains(string(example), "\n"+b.text) {
			t.Errorf("deploy/examples/mappings.yaml does not hold what the README shows of it:\n%s", b.text)
		}
	}
}

// The functions that check signatures are those of the receiver that the sink is tested with.
func TestREADMEReceiver(t *testing.T) {
	program, err := os.ReadFile(filepath.Join(root, "sink/testdata/verify-signing.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	_, blocks := readREADME(t)
	shown := 0
	for _, b := range blocks {
		if b.language != "js" {
			continue
		}
		for _, function := range strings.SplitAfter(b.text, "\n}\n") {
			if _, code, found := strings.Cut(function, "function "); found {
				if shown++; !strings.Contains(string(program), "function "+code) {
					t.Errorf("the README shows a function that no test has tried:\nfunction %s", code)
				}
			}
		}
	}
	if shown < 3 {
		t.Errorf("the README shows %d functions, want one for each scheme", shown)
	}
}

// The differences in triggers are those that package trigger knows.
func TestREADMETriggers(t *testing.T) {
	const begin, end = "<!-- triggers -->\n", "<!-- /triggers -->"
	readme, _ := readREADME(t)
	start, stop := strings.Index(readme, begin), strings.Index(readme, end)
	if start < 0 || stop < start {
		t.Fatalf("README.md has no place for the triggers: put the lines %q and %q where the tables belong", begin, end)
	}
	var b strings.Builder
	for _, class := range []struct {
		class trigger.Class
		title string
	}{
		{trigger.Difference, "Loads, and means what it says"},
		{trigger.Refusal, "Refused at load"},
		{trigger.Caution, "Loads, gives Segment's answer, and a warning"},
	} {
		fmt.Fprintf(&b, "| %s | |\n|---|---|\n", class.title)
		for r := trigger.Reason(1); r != 0; r++ {
			if r.String() != "none" && r.Class() == class.class {
				fmt.Fprintf(&b, "| `%s` | %s |\n", r, r.Sentence())
			}
		}
		b.WriteByte('\n')
	}
	replace(t, readme, start+len(begin), stop, strings.TrimSuffix(b.String(), "\n"))
}

// What the README names exists: tests, files, settings of the Go version, headers of dead letters, metrics.
func TestREADMENames(t *testing.T) {
	readme, _ := readREADME(t)
	sources := sourceText(t)
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(readme, -1) {
		if !strings.Contains(sources, "func "+name+"(") {
			t.Errorf("README.md names %s, and there is no such test", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(filepath.Join(root, link[1])); err != nil {
			t.Errorf("README.md links to %s: %v", link[1], err)
		}
	}
	if all := anchors(readme); len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Errorf("README.md has a heading twice: %v", all)
	}
	for _, link := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(readme, -1) {
		if !slices.Contains(anchors(readme), link[1]) {
			t.Errorf("README.md links to its heading #%s, which is not there: %v", link[1], anchors(readme))
		}
	}
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	for _, want := range []string{"go.dev/dl/go" + string(version[1]) + ".", "Go " + string(version[1])} {
		if !strings.Contains(readme, want) {
			t.Errorf("README.md lacks %q, the version that go.mod asks for", want)
		}
	}
	written := headersOfDeadLetters(t)
	for _, h := range written {
		if !strings.Contains(readme, "`dlq."+h+"`") {
			t.Errorf("README.md does not tell about the header dlq.%s", h)
		}
	}
	for _, h := range regexp.MustCompile("`dlq\\.([a-z0-9_]+)`").FindAllStringSubmatch(readme, -1) {
		if !slices.Contains(written, h[1]) {
			t.Errorf("README.md tells about the header dlq.%s, which nothing writes", h[1])
		}
	}
	golden, err := os.ReadFile(filepath.Join(root, "connector/testdata/metrics.golden"))
	if err != nil {
		t.Fatal(err)
	}
	exist := regexp.MustCompile(`(?m)^connector_[a-z_]+`).FindAllString(string(golden), -1)
	told := regexp.MustCompile(`connector_[a-z_]+[a-z]`).FindAllString(readme, -1)
	for _, name := range told {
		if !slices.Contains(exist, name) && name != "connector_kafka" {
			t.Errorf("README.md names the metric %s, which nothing counts", name)
		}
	}
	for _, name := range exist {
		if !slices.Contains(told, name) {
			t.Errorf("README.md does not tell about the metric %s", name)
		}
	}
}

// anchors are what the README's headings are linked by.
func anchors(readme string) []string {
	var all []string
	for _, h := range regexp.MustCompile(`(?m)^##? (.+)$`).FindAllStringSubmatch(readme, -1) {
		name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

// headersOfDeadLetters reads in the code which headers it writes, without their prefix.
func headersOfDeadLetters(t *testing.T) []string {
	t.Helper()
	code, err := os.ReadFile(filepath.Join(root, "connector/deadletter.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`add\("([a-z_]+)"|Key: "dlq\.([a-z0-9_]+)"`).FindAllStringSubmatch(string(code), -1) {
		all = append(all, m[1]+m[2])
	}
	marks, err := os.ReadFile(filepath.Join(root, "connector/letters/letter.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`Header += "dlq\.(settles)"`).FindAllStringSubmatch(string(marks), -1) {
		all = append(all, m[1])
	}
	if len(all) < 10 {
		t.Fatalf("found the headers %q in connector/deadletter.go, which must be more", all)
	}
	return all
}

// sourceText is the text of all Go files.
func sourceText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
