package document

import (
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how many arrays and objects may stand inside one another. The deepest event that Segment's recorded
// vectors hold has 52; JSON.stringify itself gives up at some 4,500, which a hostile event must not bring about.
const MaxDepth = 1000

// SyntaxError says why a text is not the JSON that was asked for.
type SyntaxError struct {
	Offset int    // of the offending byte, from 0
	Reason string // what is wrong there, in words
}

// Error names the place and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// Parse reads one JSON value of any kind as JSON.parse does. The error is a *SyntaxError. The value does not refer to
// text.
func Parse(text []byte) (Value, error) {
	s := Scanner{paths: &Paths{}}
	if _, fault := s.read(text); fault != nil {
		return Value{}, fault
	}
	return build(s.text), nil
}

// build returns the value that text is, which must be valid and without a byte order mark.
func build(text []byte) Value {
	b := builder{text: string(text)}
	b.blanks()
	return b.value()
}

// builder makes a tree out of valid JSON. Strings without escapes share its one copy of the text. Elements and members
// are gathered on two stacks and copied out when their number is known.
type builder struct {
	text     string
	at       int
	elements []Value
	members  []Member
	decoded  []byte
}

// value reads the value at the current place.
func (b *builder) value() Value {
	switch b.text[b.at] {
	case '{':
		return b.object()
	case '[':
		return b.array()
	case '"':
		return Value{kind: String, str: b.string()}
	case 't':
		b.at += len("true")
		return BoolValue(true)
	case 'f':
		b.at += len("false")
		return BoolValue(false)
	case 'n':
		b.at += len("null")
		return NullValue()
	}
	from := b.at
	for b.at < len(b.text) && isNumberByte(b.text[b.at]) {
		b.at++
	}
	return NumberValue(jsonNumber(b.text[from:b.at]))
}

// isNumberByte reports whether c may be part of a number.
func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// object reads the object at the current place.
func (b *builder) object() Value {
	from := len(b.members)
	for !b.closed('}') {
		key := b.string()
		b.blanks()
		b.at++ // the colon
		b.blanks()
		b.members = append(b.members, Member{key, b.value()})
	}
	own := append([]Member(nil), b.members[from:]...)
	clear(b.members[from:])
	b.members = b.members[:from]
	return newObject(own)
}

// array reads the array at the current place.
func (b *builder) array() Value {
	from := len(b.elements)
	for !b.closed(']') {
		b.elements = append(b.elements, b.value())
	}
	own := append([]Value(nil), b.elements[from:]...)
	clear(b.elements[from:])
	b.elements = b.elements[:from]
	return ArrayValue(own)
}

// closed steps over the opening bracket or the comma, with blanks, to what follows; it reports whether that was the
// closing bracket instead.
func (b *builder) closed(bracket byte) bool {
	b.blanks()
	c := b.text[b.at]
	b.at++
	if c == bracket {
		return true
	}
	b.blanks()
	if b.text[b.at] == bracket { // an empty one: there is no trailing comma in valid JSON
		b.at++
		return true
	}
	return false
}

// string reads the string at the current place.
func (b *builder) string() string {
	b.at++
	from, plain := b.at, true
	for b.text[b.at] != '"' {
		if b.text[b.at] == '\\' {
			plain = false
			b.at++
		}
		b.at++
	}
	raw := b.text[from:b.at]
	b.at++
	if plain && utf8.ValidString(raw) {
		return raw
	}
	b.decoded = appendDecoded(b.decoded[:0], raw)
	return string(b.decoded)
}

// blanks steps over white space.
func (b *builder) blanks() {
	for b.at < len(b.text) && b.text[b.at] <= ' ' {
		b.at++
	}
}
