package document_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/reference"
)

// How much TestAgainstNode compares: go test -run Node -node.texts 100000 -node.seed 7.
var (
	nodeTexts = flag.Int("node.texts", 2000, "how many random texts to compare with node")
	nodeSeed  = flag.Int("node.seed", 1, "seed of the random texts")
)

const vectors = "../testdata/vectors/events.jsonl.gz"

// TestVectorEvents compares every recorded event with JavaScript's form of it.
func TestVectorEvents(t *testing.T) {
	want := map[string]string{}
	for _, line := range gunzip(t, "testdata/canonical.jsonl.gz") {
		var answer [2]string
		unmarshal(t, line, &answer)
		want[answer[0]] = answer[1]
	}
	events := gunzip(t, vectors)
	if len(events) != len(want) {
		t.Fatalf("%d events and %d answers", len(events), len(want))
	}
	for _, line := range events {
		var row struct{ ID, Event string }
		unmarshal(t, line, &row)
		checkForm(t, row.ID, []byte(row.Event), []byte(want[row.ID]))
	}
}

// TestRandomTexts compares random texts with the answers that node gave for them; canonical.mjs made both.
func TestRandomTexts(t *testing.T) {
	checkAnswers(t, gunzip(t, "testdata/random.txt.gz"))
}

// TestAgainstNode asks node itself, where there is one: the checked-in answers must be its own, and it compares more
// random texts.
func TestAgainstNode(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Log("no node on the PATH; the checked-in answers were compared by the other tests")
		return
	}
	if got, want := node(t, "vectors", vectors), gunzip(t, "testdata/canonical.jsonl.gz"); !equalLines(got, want) {
		t.Error("testdata/canonical.jsonl.gz is not what canonical.mjs gives for the vectors")
	}
	checkAnswers(t, node(t, "random", strconv.Itoa(*nodeTexts), strconv.Itoa(*nodeSeed)))
}

// checkAnswers checks lines of a text and JavaScript's form of it, or "-", both in base64.
func checkAnswers(t *testing.T, lines [][]byte) {
	t.Helper()
	refused, same := 0, 0
	for i, line := range lines {
		in, out, _ := bytes.Cut(line, []byte(" "))
		text := decode64(t, in)
		if string(out) == "-" {
			refused++
			if v, err := document.Parse(text); err == nil {
				t.Errorf("line %d: JSON.parse refuses %q, Parse gives %s", i+1, text, v.AppendJSON(nil))
			}
			if err := document.NewScanner(nil).Scan(text); err == nil {
				t.Errorf("line %d: JSON.parse refuses %q, Scan does not", i+1, text)
			}
			continue
		}
		want := decode64(t, out)
		if bytes.Equal(text, want) {
			same++
		}
		checkForm(t, fmt.Sprintf("line %d", i+1), text, want)
	}
	t.Logf("%d texts, %d refused, %d in JavaScript's form already", len(lines), refused, same)
}

// checkForm checks that Parse and, for an object, Scan give JavaScript's form of text, which is want.
func checkForm(t *testing.T, name string, text, want []byte) {
	t.Helper()
	v, err := document.Parse(text)
	if err != nil {
		t.Errorf("%s: Parse(%q): %v", name, text, err)
		return
	}
	if got := v.AppendJSON(nil); !bytes.Equal(got, want) {
		t.Errorf("%s: Parse(%q) prints\n%q, want\n%q", name, text, got, want)
	}
	s := document.NewScanner(nil)
	err = s.Scan(text)
	if isObject := v.Kind() == document.Object; isObject != (err == nil) {
		t.Errorf("%s: Scan of a text of type %v: got error %v", name, v.Kind(), err)
	}
	if err != nil {
		return
	}
	if got := s.AppendCanonical(nil); !bytes.Equal(got, want) {
		t.Errorf("%s: AppendCanonical of %q gives\n%q, want\n%q", name, text, got, want)
	}
	if got, want := s.Canonical(), bytes.Equal(text, want); got != want {
		t.Errorf("%s: Canonical of %q: got %v, want %v", name, text, got, want)
	}
}

// node runs canonical.mjs and returns the lines that it prints.
func node(t *testing.T, args ...string) [][]byte {
	t.Helper()
	lines, err := reference.Ask(t.Context(), nil, "testdata/canonical.mjs", args...)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// gunzip returns the lines of a compressed file.
func gunzip(tb testing.TB, name string) [][]byte {
	tb.Helper()
	file, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	reader, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return splitLines(text)
}

func splitLines(text []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

func equalLines(a, b [][]byte) bool { return bytes.Equal(bytes.Join(a, nil), bytes.Join(b, nil)) }

func unmarshal(tb testing.TB, line []byte, into any) {
	tb.Helper()
	if err := json.Unmarshal(line, into); err != nil {
		tb.Fatalf("%s: %v", line, err)
	}
}

func decode64(tb testing.TB, word []byte) []byte {
	tb.Helper()
	text, err := base64.StdEncoding.AppendDecode(nil, word)
	if err != nil {
		tb.Fatalf("%s: %v", word, err)
	}
	return text
}
