package document_test

import (
	"slices"
	"testing"

	"segment-webhooks/mapping/document"
)

const (
	high = "\xed\xa0\xbd" // U+D83D, the first half of 😀
	low  = "\xed\xb8\x80" // U+DE00, the second
)

// TestCase checks full case mapping, with the two rules that look at neighbours or lengthen a text, and that half a
// character stays what it is.
func TestCase(t *testing.T) {
	for _, tc := range []struct{ name, in, upper, lower string }{
		{"ASCII", "aB1", "AB1", "ab1"},
		{"nothing", "", "", ""},
		{"sharp s", "Straße", "STRASSE", "straße"},
		{"ligature", "ﬁn", "FIN", "ﬁn"},
		{"dotted capital I", "İ", "İ", "i̇"},
		{"dotless i", "ı", "I", "ı"},
		{"last sigma", "ΑΣ ΣΑ", "ΑΣ ΣΑ", "ας σα"},
		{"sigma before half a character", "ΑΣ" + high + "Α", "ΑΣ" + high + "Α", "ας" + high + "α"},
		{"halves in the wrong order", low + "é" + high, low + "É" + high, low + "é" + high},
		{"beyond U+FFFF", "𐐨𐐀", "𐐀𐐀", "𐐨𐐨"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := document.Upper(tc.in); got != tc.upper {
				t.Errorf("upper case is %q, want %q", got, tc.upper)
			}
			if got := document.Lower(tc.in); got != tc.lower {
				t.Errorf("lower case is %q, want %q", got, tc.lower)
			}
		})
	}
}

// TestUnits checks the ways to UTF-16 units and back.
func TestUnits(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		units    []uint16
		split    string
	}{
		{"nothing", "", nil, ""},
		{"ASCII", "ab", []uint16{'a', 'b'}, "ab"},
		{"up to U+FFFF", "é€\uffff", []uint16{0xe9, 0x20ac, 0xffff}, "é€\uffff"},
		{"pair", "a😀", []uint16{'a', 0xd83d, 0xde00}, "a" + high + low},
		{"half a pair before a pair", high + "😀", []uint16{0xd83d, 0xd83d, 0xde00}, high + high + low},
		{"second half first", low + high, []uint16{0xde00, 0xd83d}, low + high},
		{"the last characters", "\U0010ffff\U00010000", []uint16{0xdbff, 0xdfff, 0xd800, 0xdc00}, "\xed\xaf\xbf\xed\xbf\xbf\xed\xa0\x80\xed\xb0\x80"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			units := document.ToUTF16(tc.in)
			if !slices.Equal(units, tc.units) {
				t.Errorf("units %x, want %x", units, tc.units)
			}
			if got := document.UTF16Len(tc.in); got != len(tc.units) {
				t.Errorf("length %d, want %d", got, len(tc.units))
			}
			if got := document.FromUTF16(tc.units); got != tc.in {
				t.Errorf("the units give %q, want %q", got, tc.in)
			}
			split := document.SplitPairs(tc.in)
			if split != tc.split {
				t.Errorf("without pairs %q, want %q", split, tc.split)
			}
			if got := document.JoinPairs(split); got != tc.in {
				t.Errorf("joined again %q, want %q", got, tc.in)
			}
		})
	}
}

// TestParseString checks what sets a text that JavaScript holds apart from bytes that it has yet to decode.
func TestParseString(t *testing.T) {
	const none = "no JSON"
	for _, tc := range []struct{ name, in, want string }{
		{"object", ` {"a":[1]} `, `{"a":[1]}`},
		{"nothing", ``, none},
		{"two values", `1 2`, none},
		{"byte order mark", "\ufeff{}", none},
		{"half a character", `"` + high + `"`, `"\ud83d"`},
		{"half a character in a key", `{"` + low + `":1}`, `{"\ude00":1}`},
		{"an escaped and a plain half", `"\ud83d` + low + `"`, `"😀"`},
		{"half a character outside strings", high, none},
		{"half a character behind a backslash", `"\` + high + `"`, none},
		{"half a character behind a backslash that is escaped", `"\\` + high + `"`, `"\\\ud83d"`},
		{"half a character, then a backslash at the end", high + `\`, none},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := none
			if v, ok := document.ParseString(tc.in); ok {
				got = string(v.AppendJSON(nil))
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestBlanks checks the ends that JavaScript trims: U+180E and U+200B, which look blank, are none.
func TestBlanks(t *testing.T) {
	const blanks = "\t\n\v\f\r \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
	if got := document.TrimBlanks(blanks + "\u180ea b\u200b" + blanks); got != "\u180ea b\u200b" {
		t.Errorf("got %q", got)
	}
}
