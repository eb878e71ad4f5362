package document

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf16"
)

// Slot is what a Scanner found at one path. It refers to the scanned event and to the scanner, and is good until the
// scanner's next Scan. The zero Slot is Missing.
type Slot struct {
	raw  []byte // the value's JSON
	text []byte // a string's text, decoded
	kind Kind
	ours bool // raw is what JSON.stringify would print
}

// Kind returns the type of what stands there.
func (s Slot) Kind() Kind { return s.kind }

// Raw returns the JSON text of the value as it stands in the event, nil where it is missing; for what does not stand
// there, such as a length, the text that it would have. It is valid JSON but need not be JavaScript's form of it:
// AppendJSON gives that.
func (s Slot) Raw() []byte { return s.raw }

// AppendJSON appends what JSON.stringify gives for the value, nothing where it is missing.
func (s Slot) AppendJSON(dst []byte) []byte {
	if s.ours {
		return append(dst, s.raw...)
	}
	return appendForm(dst, s.raw)
}

// falsy reports whether the value, which is no array or object, counts as false in JavaScript.
func (s Slot) falsy() bool {
	switch s.kind {
	case Bool:
		return !s.Bool()
	case Number:
		return s.Number() == 0
	case String:
		return len(s.text) == 0
	}
	return true
}

// Bool returns whether the value is true.
func (s Slot) Bool() bool { return s.kind == Bool && s.raw[0] == 't' }

// Number returns the number that the value is, NaN if it is not a number.
func (s Slot) Number() float64 {
	if s.kind != Number {
		return math.NaN()
	}
	if f, ok := smallInteger(s.raw); ok {
		return f
	}
	return jsonNumber(string(s.raw))
}

// Equal reports whether the value is a string and equal to want, which is WTF-8.
func (s Slot) Equal(want string) bool { return s.kind == String && string(s.text) == want }

// Contains reports whether the value is a string with part in it.
func (s Slot) Contains(part string) bool {
	if s.kind != String {
		return false
	}
	if hasSurrogate(part) {
		return strings.Contains(units(string(s.text)), units(part))
	}
	return contains(s.text, part)
}

// HasPrefix reports whether the value is a string that starts with prefix.
func (s Slot) HasPrefix(prefix string) bool {
	if s.kind != String {
		return false
	}
	if hasSurrogate(prefix) {
		return strings.HasPrefix(units(string(s.text)), units(prefix))
	}
	return len(s.text) >= len(prefix) && string(s.text[:len(prefix)]) == prefix
}

// HasSuffix reports whether the value is a string that ends with suffix.
func (s Slot) HasSuffix(suffix string) bool {
	if s.kind != String {
		return false
	}
	if hasSurrogate(suffix) {
		return strings.HasSuffix(units(string(s.text)), units(suffix))
	}
	return len(s.text) >= len(suffix) && string(s.text[len(s.text)-len(suffix):]) == suffix
}

// Value returns the value as a tree of its own, which outlives the scan.
func (s Slot) Value() Value {
	switch s.kind {
	case Missing:
		return Value{}
	case Null:
		return NullValue()
	case Bool:
		return BoolValue(s.Bool())
	case Number:
		return NumberValue(s.Number())
	case String:
		return Value{kind: String, str: string(s.text)}
	}
	return build(s.raw)
}

// contains is bytes.Contains for a part that is a string, which would have to be copied for that one.
func contains(text []byte, part string) bool {
	if part == "" {
		return true
	}
	for {
		i := bytes.IndexByte(text, part[0])
		if i < 0 || len(text)-i < len(part) {
			return false
		}
		if string(text[i:i+len(part)]) == part {
			return true
		}
		text = text[i+1:]
	}
}

// units spells s with every character, a surrogate's half of a pair included, as wide as any other, so that the search
// for an unpaired surrogate finds halves of pairs as JavaScript does, and nothing across characters.
func units(s string) string {
	wide := make([]rune, 0, len(s))
	for len(s) > 0 {
		r, n := decodeWTF8(s)
		if r < 0x10000 {
			wide = append(wide, r+wideUnit)
		} else {
			high, low := utf16.EncodeRune(r)
			wide = append(wide, high+wideUnit, low+wideUnit)
		}
		s = s[n:]
	}
	return string(wide)
}

// wideUnit moves the UTF-16 units to where every one of them is a character of four bytes.
const wideUnit = 0x10000
