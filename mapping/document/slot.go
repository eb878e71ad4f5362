package document

import (
	"bytes"
	"math"
	"strings"
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
func (s *Slot) Kind() Kind { return s.kind }

// Raw returns the JSON text of the value as it stands in the event, nil where it is missing; for what does not stand
// there, such as a length, the text that it would have. It is valid JSON but need not be JavaScript's form of it:
// AppendJSON gives that.
func (s *Slot) Raw() []byte { return s.raw }

// AppendJSON appends what JSON.stringify gives for the value, nothing where it is missing.
func (s *Slot) AppendJSON(dst []byte) []byte {
	if s.ours {
		return append(dst, s.raw...)
	}
	return appendForm(dst, s.raw)
}

// falsy reports whether the value, which is no array or object, counts as false in JavaScript.
func (s *Slot) falsy() bool {
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
func (s *Slot) Bool() bool { return s.kind == Bool && s.raw[0] == 't' }

// Number returns the number that the value is, NaN if it is not a number.
func (s *Slot) Number() float64 {
	if s.kind != Number {
		return math.NaN()
	}
	if f, ok := smallInteger(s.raw); ok {
		return f
	}
	return jsonNumber(string(s.raw))
}

// Equal reports whether the value is a string and equal to want, which is WTF-8.
func (s *Slot) Equal(want string) bool { return s.kind == String && string(s.text) == want }

// Contains reports whether the value is a string with part in it.
func (s *Slot) Contains(part string) bool {
	if s.kind != String {
		return false
	}
	if HasSurrogate(part) {
		return strings.Contains(SplitPairs(string(s.text)), SplitPairs(part))
	}
	return contains(s.text, part)
}

// HasPrefix reports whether the value is a string that starts with prefix.
func (s *Slot) HasPrefix(prefix string) bool {
	if s.kind != String {
		return false
	}
	if HasSurrogate(prefix) {
		return strings.HasPrefix(SplitPairs(string(s.text)), SplitPairs(prefix))
	}
	return len(s.text) >= len(prefix) && string(s.text[:len(prefix)]) == prefix
}

// HasSuffix reports whether the value is a string that ends with suffix.
func (s *Slot) HasSuffix(suffix string) bool {
	if s.kind != String {
		return false
	}
	if HasSurrogate(suffix) {
		return strings.HasSuffix(SplitPairs(string(s.text)), SplitPairs(suffix))
	}
	return len(s.text) >= len(suffix) && string(s.text[len(s.text)-len(suffix):]) == suffix
}

// Value returns the value as a tree of its own, which outlives the scan.
func (s *Slot) Value() Value {
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
