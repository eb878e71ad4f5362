package document_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
)

// probes are the paths that checkAgree looks at. They fit what randomText and the fuzz seeds make.
var probes = []string{
	"", "a", "b", "c", "é", "0", "7", "length", "a.a", "a.b", "a.c", "a.0", "a.1", "a.7", "a.length", "a.a.a", "a.a.b", "a.b.length", "a.0.0",
	"a.0.a", "a.0.length", "a.1.b.0", "b.a", "b.0.a.length", "b.length.x", "c.1.1.1", "b.b.b.b", "__proto__", "a.__proto__",
	"a_key_of_more_than_sixteen_bytes", "a_key_of_more_than_sixteen_bytes.a",
}

// walk goes down a path as triggers and mappings do: it stops at what counts as false.
func walk(v document.Value, path string) document.Value {
	for _, key := range keys(path) {
		if !v.Truthy() {
			break
		}
		v = v.Get(key)
	}
	return v
}

// checkAgree checks that the scanner and the tree say the same of text, and that Go's own JSON package agrees on
// whether it is JSON.
func checkAgree(t *testing.T, s *document.Scanner, slots []int, text []byte) {
	t.Helper()
	v, parseErr := document.Parse(text)
	var syntax *document.SyntaxError
	tooDeep := errors.As(parseErr, &syntax) && strings.Contains(syntax.Reason, "deep")
	if valid := json.Valid(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))); valid != (parseErr == nil) && !tooDeep {
		t.Fatalf("%q: got error %v, but valid is %v", text, parseErr, valid)
	}
	if parseErr != nil && (syntax.Offset < 0 || syntax.Offset > len(text)) {
		t.Fatalf("%q: offset %d", text, syntax.Offset)
	}
	scanErr := s.Scan(text)
	if isEvent := parseErr == nil && v.Kind() == document.Object; isEvent != (scanErr == nil) {
		t.Fatalf("%q: Scan: %v, Parse: %v and %v", text, scanErr, v.Kind(), parseErr)
	}
	if scanErr != nil {
		return
	}
	want := v.AppendJSON(nil)
	if got := s.AppendCanonical(nil); !bytes.Equal(got, want) {
		t.Fatalf("%q: the scanner prints\n%q, the tree\n%q", text, got, want)
	}
	if got, want := s.Canonical(), bytes.Equal(text, want); got != want {
		t.Fatalf("%q: Canonical: got %v, want %v", text, got, want)
	}
	if holdsProto(v) && !s.HasProto() {
		t.Fatalf("%q: HasProto: got false", text)
	}
	for i, path := range probes {
		checkSlot(t, text, path, s.Slot(slots[i]), walk(v, path))
	}
	if err := s.Scan(want); err != nil || !s.Canonical() {
		t.Fatalf("%q: its form %q: got %v, canonical %v", text, want, err, s.Canonical())
	}
}

// checkSlot checks that a slot holds want.
func checkSlot(t *testing.T, text []byte, path string, got *document.Slot, want document.Value) {
	t.Helper()
	form := want.AppendJSON(nil)
	switch {
	case got.Kind() != want.Kind():
		t.Fatalf("%q: %q is %v, want %v", text, path, got.Kind(), want.Kind())
	case !bytes.Equal(got.Value().AppendJSON(nil), form):
		t.Fatalf("%q: %q is %s, want %s", text, path, got.Value().AppendJSON(nil), form)
	case !bytes.Equal(got.AppendJSON(nil), form):
		t.Fatalf("%q: %q prints %s, want %s", text, path, got.AppendJSON(nil), form)
	case want.Kind() == document.String && !(got.Equal(want.Str()) && got.HasPrefix(want.Str()) && got.HasSuffix(want.Str()) && got.Contains(want.Str())):
		t.Fatalf("%q: %q is not equal to %q", text, path, want.Str())
	case want.Kind() == document.Number && got.Number() != want.Float():
		t.Fatalf("%q: %q is %v, want %v", text, path, got.Number(), want.Float())
	case want.Kind() != document.Number && !math.IsNaN(got.Number()):
		t.Fatalf("%q: %q is the number %v", text, path, got.Number())
	case got.Bool() != want.Bool():
		t.Fatalf("%q: %q is %v, want %v", text, path, got.Bool(), want.Bool())
	}
}

// holdsProto reports whether v or something in it has a key __proto__.
func holdsProto(v document.Value) bool {
	for _, m := range v.Members() {
		if m.Key == "__proto__" || holdsProto(m.Value) {
			return true
		}
	}
	for i := range v.Len() {
		if holdsProto(v.Index(i)) {
			return true
		}
	}
	return false
}

// prober returns a scanner for probes.
func prober() (*document.Scanner, []int) {
	var paths document.Paths
	var slots []int
	for _, path := range probes {
		slots = append(slots, paths.Add(keys(path)))
	}
	return document.NewScanner(&paths), slots
}

// randomText appends a random value: a small alphabet of keys makes repeated and misplaced ones common.
func randomText(r *rand.Rand, dst []byte, depth int) []byte {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	blank := func() string {
		if depth%3 == 0 && r.IntN(4) == 0 {
			return pick(" ", "\n", "\t\r")
		}
		return ""
	}
	key := func() string {
		return pick("a", "a", "b", "b", "c", "é", "0", "7", "1", "12", "length", `\u0061`, `a\"`, "__proto__", "a_key_of_more_than_sixteen_bytes", "\xff", `\ud800`, "01")
	}
	kind := r.IntN(10)
	if depth == 0 && kind < 9 {
		kind = 9
	}
	if depth > 5 && kind > 6 {
		kind = r.IntN(6)
	}
	switch kind {
	case 0:
		return append(dst, pick("true", "false", "null")...)
	case 1, 2:
		return append(dst, pick("0", "-0", "1", "12.50", "1e3", "1e400", "-1e400", "1e-400", "123456789012345678", "0.0000001", "0.1", "-7")...)
	case 3, 4, 5:
		dst = append(dst, '"')
		for range r.IntN(4) {
			dst = append(dst, pick("", "x", "longer than eight bytes", "é", "😀", `\n`, `\ud83d\ude00`, `\ud83d`, `\/`, `\u0041`, "\xe2\x82")...)
		}
		return append(dst, '"')
	}
	open, closing := "{", "}"
	if kind == 6 || kind == 7 {
		open, closing = "[", "]"
	}
	dst = append(dst, open+blank()...)
	n := r.IntN(5)
	if r.IntN(50) == 0 {
		n = 60
	}
	for i := range n {
		if i > 0 {
			dst = append(dst, blank()+","+blank()...)
		}
		if open == "{" {
			name := key()
			if n > 20 {
				name += string(document.AppendNumber(nil, float64(r.IntN(2000))))
			}
			dst = append(dst, `"`+name+`"`+blank()+":"+blank()...)
		}
		dst = randomText(r, dst, depth+1+n/20)
	}
	return append(dst, blank()+closing...)
}

// TestScannerAndTreeAgree compares the two ways into an event on random texts, a part of them damaged.
func TestScannerAndTreeAgree(t *testing.T) {
	const seed = 20240607
	r := rand.New(rand.NewPCG(seed, 1))
	s, slots := prober()
	var text []byte
	for range 4_000 {
		text = randomText(r, text[:0], 0)
		if r.IntN(10) == 0 {
			const spoilers = "\"\\{}[],:0e-. \x00\x1f\xff"
			text[r.IntN(len(text))] = spoilers[r.IntN(len(spoilers))]
		}
		checkAgree(t, s, slots, text)
	}
}

func FuzzScan(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f.Add(randomText(r, nil, 0))
	}
	for _, event := range corpus(f) {
		f.Add(event)
	}
	for _, line := range gunzip(f, vectors) {
		var row struct{ Event string }
		unmarshal(f, line, &row)
		f.Add([]byte(row.Event))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, slots := prober()
		checkAgree(t, s, slots, text)
	})
}

// FuzzParse checks that what is printed reads back as the same value.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"b":[1,2.50,-0,1e400],"0":"\ud800x\u00e9"}`, `"\ud83d\ude00"`, "\"\xff\"", ` [ ] `, `1e21`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := document.Parse(text)
		if err != nil {
			return
		}
		form := v.AppendJSON(nil)
		again, err := document.Parse(form)
		if err != nil {
			t.Fatalf("%q prints %q: %v", text, form, err)
		}
		if got := again.AppendJSON(nil); !bytes.Equal(got, form) {
			t.Fatalf("%q prints %q, and that prints %q", text, form, got)
		}
		if v.Kind() == document.String {
			if made := document.StringValue(v.Str()); made.Str() != v.Str() {
				t.Fatalf("%q: StringValue changes %q to %q", text, v.Str(), made.Str())
			}
		}
	})
}
