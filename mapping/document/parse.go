package document

import (
	"strings"
	"unicode/utf16"
)

// MaxDepth is how many arrays and objects may stand inside one another. The deepest event that Segment's recorded
// vectors hold has 52; JSON.stringify itself gives up at some 4,500, which a hostile event must not bring about.
const MaxDepth = 1000

// Parse reads one JSON value of any kind as JSON.parse does. The error is a *SyntaxError. The value does not refer to
// text.
func Parse(text []byte) (Value, error) {
	s := Scanner{paths: &Paths{}, keys: make([]uint64, 0, 64)}
	if _, fault := s.read(text); fault != nil {
		return Value{}, fault
	}
	return build(s.text), nil
}

// ParseString reads a text as JSON.parse does, one that is at hand as a string of JavaScript and not as bytes: unpaired
// surrogates in strings are kept, and a byte order mark in front is no JSON. ok is false for what is no JSON.
func ParseString(s string) (v Value, ok bool) {
	if strings.HasPrefix(s, byteOrderMark) {
		return Value{}, false
	}
	v, err := Parse(escapeSurrogates(s))
	return v, err == nil
}

// escapeSurrogates returns JSON text with the unpaired surrogates of its strings as \u escapes, which says the same in
// UTF-8. One behind a backslash stays: that is no JSON.
func escapeSurrogates(s string) []byte {
	if !HasSurrogate(s) {
		return []byte(s)
	}
	var out []byte
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		if r == '\\' && i+n < len(s) {
			_, escaped := DecodeRune(s[i+n:])
			n += escaped
		}
		if utf16.IsSurrogate(r) {
			out = appendEscape(out, r)
		} else {
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return out
}

// build returns the value that text is, which must be valid and without a byte order mark.
func build(text []byte) Value {
	b := builder{json: text, text: string(text)}
	b.blanks()
	return b.value()
}

// builder makes a tree out of valid JSON. Strings without escapes share its one copy of the text. Elements and members
// are gathered on two stacks and, when their number is known, move to slices that are cut from a few large ones.
type builder struct {
	json []byte
	text string // a copy of json
	at   int

	elements, ownElements []Value
	members, ownMembers   []Member
	bodies                []body
	decoded               []byte
}

// value reads the value at the current place.
func (b *builder) value() Value {
	switch c := b.json[b.at]; c {
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
	for b.at < len(b.json) && isNumberByte(b.json[b.at]) {
		b.at++
	}
	return NumberValue(jsonNumber(b.text[from:b.at]))
}

// isNumberByte reports whether c may be part of a number.
func isNumberByte(c byte) bool { return c-'0' <= 9 || c == '-' || c == '+' || c == '.' || c|' ' == 'e' }

// object reads the object at the current place.
func (b *builder) object() Value {
	from := len(b.members)
	for b.more('}') {
		key := b.string()
		b.blanks()
		b.at++ // the colon
		b.blanks()
		b.members = append(b.members, Member{key, b.value()})
	}
	own := newObject(moved(&b.ownMembers, &b.members, from))
	if own.members == nil {
		return Value{kind: Object}
	}
	return Value{kind: Object, body: b.body(own)}
}

// array reads the array at the current place.
func (b *builder) array() Value {
	from := len(b.elements)
	for b.more(']') {
		b.elements = append(b.elements, b.value())
	}
	own := moved(&b.ownElements, &b.elements, from)
	if own == nil {
		return Value{kind: Array}
	}
	return Value{kind: Array, body: b.body(body{elements: own})}
}

// body returns a place for own.
func (b *builder) body(own body) *body {
	return &cut(&b.bodies, []body{own})[0]
}

// moved takes what was gathered on a stack since from to a slice of its own; nil if that is nothing.
func moved[T any](store, stack *[]T, from int) []T {
	gathered := (*stack)[from:]
	if len(gathered) == 0 {
		return nil
	}
	own := cut(store, gathered)
	*stack = (*stack)[:from]
	return own
}

// cut copies items to the free part of store, or of a new one, and returns the copy.
func cut[T any](store *[]T, items []T) []T {
	if cap(*store)-len(*store) < len(items) {
		*store = make([]T, 0, max(len(items), min(2*cap(*store), 256), 8))
	}
	from := len(*store)
	*store = append(*store, items...)
	return (*store)[from:len(*store):len(*store)]
}

// more steps over the opening bracket or a comma to what follows, and reports whether that is another member or element;
// if not it steps over the closing bracket.
func (b *builder) more(bracket byte) bool {
	b.blanks()
	c := b.json[b.at]
	b.at++
	if c == bracket {
		return false
	}
	b.blanks()
	if b.json[b.at] == bracket { // nothing between the brackets: valid JSON has no comma before one
		b.at++
		return false
	}
	return true
}

// string reads the string at the current place.
func (b *builder) string() string {
	s := scanString(b.json, b.at)
	from, to := b.at+1, s.end-1
	b.at = s.end
	if s.plain {
		return b.text[from:to]
	}
	b.decoded = appendDecoded(b.decoded[:0], b.json[from:to])
	return string(b.decoded)
}

// blanks steps over white space.
func (b *builder) blanks() {
	for b.at < len(b.json) && b.json[b.at] <= ' ' {
		b.at++
	}
}
