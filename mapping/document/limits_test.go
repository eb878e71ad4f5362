package document_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
)

// TestScanAllocatesNothing covers what happens to every event: scan, compare, print, in JavaScript's form or not.
func TestScanAllocatesNothing(t *testing.T) {
	escaped := []byte(`{"type":"tr\u0061ck","event":"caf\u00e9 with a name of more than 32 bytes","\u0075serId":"1\n","properties":{"total":12.50,"products":[{"a":-0}]}}`)
	for _, tc := range []struct {
		name   string
		events [][]byte
	}{
		{"canonical", corpus(t)},
		{"spaced", spaced(corpus(t))},
		{"escaped", [][]byte{escaped}},
		{"index keys and many keys", [][]byte{[]byte(`{"0":1,"7":2,"a":` + manyKeys(300, "") + `}`)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := scannerOf(len(wanted))
			var dst []byte
			total := 0.0
			got := testing.AllocsPerRun(20, func() {
				for _, event := range tc.events {
					if err := s.Scan(event); err != nil {
						t.Fatal(err)
					}
					for i := range wanted {
						slot := s.Slot(i)
						if slot.Equal("Order Completed") || slot.Contains("a longer text, of more than 32 bytes") || slot.HasPrefix("x") || slot.HasSuffix("y") {
							total += slot.Number()
						}
						dst = slot.AppendJSON(dst[:0])
					}
					dst = s.AppendCanonical(dst[:0])
				}
			})
			if got != 0 {
				t.Errorf("got %v allocations, want none", got)
			}
		})
	}
}

// TestNoInputTakesQuadraticTime would run for minutes if it did, and out of memory or stack if something were unbounded.
func TestNoInputTakesQuadraticTime(t *testing.T) {
	const n = 100_000
	object := func(key func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,"` + key(i) + `":1`)
		}
		return "{" + b.String()[1:] + "}"
	}
	for _, tc := range []struct {
		name, text string
		ok         bool
	}{
		{"many keys", object(strconv.Itoa), true},
		{"many keys that look alike", object(func(i int) string { return "a_long_beginning_" + strconv.Itoa(i) + "_a_long_end" }), true},
		{"one key over and over", object(func(int) string { return "a" }), true},
		{"two keys over and over", object(func(i int) string { return strconv.Itoa(i % 2) }), true},
		{"index keys descending", object(func(i int) string { return strconv.Itoa(n - i) }), true},
		{"objects of many keys, and one repeated", `{"a":[` + strings.Repeat(manyKeys(100, `,"key0":1`)+",", 200) + `0]}`, true},
		{"many elements", `{"a":[` + strings.Repeat("0,", n) + `0]}`, true},
		{"deep", `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}", false},
		{"deep objects", strings.Repeat(`{"a":`, n), false},
		{"as deep as allowed, keys repeated at each level", strings.Repeat(`{"a":1,"a":`, document.MaxDepth) + "1" + strings.Repeat("}", document.MaxDepth), true},
		{"a long number", `{"a":` + strings.Repeat("1", 5*n) + "}", true},
		{"a long fraction", `{"a":0.` + strings.Repeat("0", 5*n) + "1}", true},
		{"a long exponent", `{"a":1e` + strings.Repeat("9", 5*n) + "}", true},
		{"open quotes", strings.Repeat(`{"a":"`, n), false},
		{"backslashes", `{"a":"` + strings.Repeat(`\`, 2*n) + `"}`, true},
		{"half a pair over and over", `{"a":"` + strings.Repeat(`\ud83d`, n) + `"}`, true},
		{"malformed bytes", `{"a":"` + strings.Repeat("\xf0\x9f", n) + `"}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := scannerOf(1)
			if err := s.Scan([]byte(tc.text)); (err == nil) != tc.ok {
				t.Fatalf("got error %v, want one: %v", err, !tc.ok)
			}
			if tc.ok && !bytes.Equal(s.AppendCanonical(nil), parse(t, tc.text).AppendJSON(nil)) {
				t.Error("scanner and tree print different bytes")
			}
		})
	}
}

func TestLongString(t *testing.T) {
	for _, tc := range []struct {
		name, first string
		megabytes   int
	}{{"plain", "x", 50}, {"escaped", `\u0078`, 5}} {
		t.Run(tc.name, func(t *testing.T) {
			long := strings.Repeat("0123456789", tc.megabytes*100_000)
			text := `{"a":"` + tc.first + long + `","b":true}`
			s, slots := scan(t, text, "a", "a.length", "b")
			if got, want := slots[1].Number(), float64(1+len(long)); got != want {
				t.Errorf("length: got %v, want %v", got, want)
			}
			if !slots[0].HasPrefix("x0123") || !slots[0].HasSuffix("789") || !slots[2].Bool() {
				t.Error("the slots do not hold what was sent")
			}
			if got, want := string(s.AppendCanonical(nil)), `{"a":"x`+long+`","b":true}`; got != want {
				t.Errorf("form: got %d bytes, want %d", len(got), len(want))
			}
			if err := s.Scan([]byte(`{"a":"\n"}`)); err != nil || !s.Slot(0).Equal("\n") || !s.Canonical() {
				t.Errorf("the next event: %v, %q", err, s.Slot(0).Raw())
			}
		})
	}
}

// TestScannerIsReusable checks that nothing of one event is left in the next, whatever path it took.
func TestScannerIsReusable(t *testing.T) {
	events := []string{
		`{"a":{"b":"x"},"b":1}`, `{"a":1,"a":{"b":2}}`, `{`, `{"z":1,"0":{}}`, `{"__proto__":1,"a":{"b":null}}`, " {\"a\":\"\xff\"}", `{}`, `[]`, `{"a":"é\n"}`,
	}
	used, slots := prober()
	for range 3 {
		for _, first := range events {
			for _, second := range events {
				_ = used.Scan([]byte(first)) // its error is what the second must not see
				fresh, _ := prober()
				if got, want := used.Scan([]byte(second)), fresh.Scan([]byte(second)); (got == nil) != (want == nil) {
					t.Fatalf("%s after %s: got %v, want %v", second, first, got, want)
				} else if got != nil {
					continue
				}
				if used.Canonical() != fresh.Canonical() || used.HasProto() != fresh.HasProto() {
					t.Errorf("%s after %s: canonical %v, proto %v, want %v, %v", second, first, used.Canonical(), used.HasProto(), fresh.Canonical(), fresh.HasProto())
				}
				for i, n := range slots {
					if got, want := used.Slot(n), fresh.Slot(n); got.Kind() != want.Kind() || !bytes.Equal(got.Raw(), want.Raw()) {
						t.Errorf("%s after %s: %q is %s, want %s", second, first, probes[i], got.Raw(), want.Raw())
					}
				}
			}
		}
	}
}
