package document

import (
	"math/bits"
	"slices"
)

// frame is an array or object that is still open.
type frame struct {
	seen    [4]uint64 // of an object: a bit for each hash of its keys so far, to find repeated ones without looking
	start   int       // of its opening bracket
	keys    int       // of an object: where its keys begin in Scanner.keys
	next    uint32    // of an array: the index of the next element; of an object: 1 + its last array-index key
	indexed uint32    // of an object: how many keys are array indexes
	foreign uint32    // as in pass, when it was opened
	node    int32     // the place that it stands at, or none
	array   bool
}

// compared is how many keys of one object are compared with each new one; the keys of larger objects are sorted when
// the object closes, so that no event takes quadratic time.
const compared = 32

// pass reads text from end to end, once. It checks that it is JSON, leaves in the slots what stands at their paths, and
// finds out whether JSON.stringify would print these very bytes (foreign) and whether keys are repeated or out of order
// (mixed). It is one function of four blocks that jump to one another, since this is the loop that each event goes
// through; all that is rare is elsewhere.
func (s *Scanner) pass(b []byte) (Kind, *SyntaxError) {
	var (
		i       int
		depth   int
		top     *frame // the innermost open array or object
		foreign uint32 // how many things were seen that JSON.stringify prints in another way
		at      int32  = none
		kind    Kind
		lit     literal
		start   int
		before0 uint32
		nodes   = s.paths.nodes
	)
	b = b[:len(b):len(b)]
	if len(nodes) > 0 {
		at = 0
	}
	for i < len(b) && b[i] <= ' ' {
		if !isBlank(b[i]) {
			return Missing, fault(b, i, "expected a value")
		}
		foreign++
		i++
	}

value: // a value begins at i; at is the node of its place
	if i >= len(b) {
		return Missing, fault(b, i, "")
	}
	start, before0 = i, foreign
	switch c := b[i]; c {
	case '"':
		i++
		var high uint64
		for i <= len(b)-8 {
			w := word(b, i)
			m := stops(w)
			high |= w & before(m)
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		lit.plain = true
		if i < len(b) && b[i] == '"' && high&highs == 0 {
			i++
		} else {
			lit = scanString(b, start)
			if lit.end < 0 {
				return Missing, stringFault(b, start)
			}
			if lit.foreign {
				foreign++
			}
			i = lit.end
		}
		kind = String
	case '{', '[':
		if depth == len(s.stack) && !s.deepen() {
			return Missing, fault(b, i, tooDeep)
		}
		top = &s.stack[depth]
		depth++
		*top = frame{start: i, keys: len(s.keys), foreign: foreign, node: at, array: c == '['}
		i++
		for i < len(b) && b[i] <= ' ' {
			if !isBlank(b[i]) {
				return Missing, fault(b, i, "a control character")
			}
			foreign++
			i++
		}
		if i < len(b) && b[i] == c+2 { // ']' and '}' are two behind '[' and '{'
			i++
			goto closed
		}
		if c == '[' {
			goto element
		}
		goto key
	case 't', 'f', 'n':
		w := "true"
		kind = Bool
		switch c {
		case 'f':
			w = "false"
		case 'n':
			w = "null"
			kind = Null
		}
		if len(b)-i < len(w) || string(b[i:i+len(w)]) != w {
			return Missing, wordFault(b, i, w)
		}
		i += len(w)
	default:
		if c != '-' && c-'0' > 9 {
			return Missing, fault(b, i, "expected a value")
		}
		lit = scanNumber(b, i)
		if lit.end < 0 {
			return Missing, numberFault(b, i)
		}
		if lit.foreign {
			foreign++
		}
		i = lit.end
		kind = Number
	}
	if at >= 0 {
		s.place(at, found{start: uint32(start), end: uint32(i), kind: kind, plain: lit.plain, ours: foreign == before0})
	}

after: // a value ended before i
	for i < len(b) && b[i] <= ' ' {
		if !isBlank(b[i]) {
			return Missing, fault(b, i, "a control character")
		}
		foreign++
		i++
	}
	if depth == 0 {
		if i < len(b) {
			return Missing, fault(b, i, "text after the end of the value")
		}
		s.foreign = foreign > 0
		return kind, nil
	}
	if i >= len(b) {
		return Missing, fault(b, i, "")
	}
	if b[i] == ',' {
		i++
		for i < len(b) && b[i] <= ' ' {
			if !isBlank(b[i]) {
				return Missing, fault(b, i, "a control character")
			}
			foreign++
			i++
		}
		if top.array {
			goto element
		}
		goto key
	}
	if top.array && b[i] != ']' || !top.array && b[i] != '}' {
		return Missing, fault(b, i, "expected a comma or the closing bracket")
	}
	i++

closed: // the innermost array or object ended before i
	if top.array {
		kind = Array
	} else {
		kind = Object
		if len(s.keys)-top.keys > compared {
			s.findRepeated(s.keys[top.keys:])
		}
		s.keys = s.keys[:top.keys]
	}
	if at = top.node; at >= 0 {
		s.place(at, found{start: uint32(top.start), end: uint32(i), kind: kind, ours: foreign == top.foreign})
		if top.array && nodes[at].length >= 0 {
			s.placeLength(nodes[at].length, int(top.next))
		}
	}
	if depth--; depth > 0 {
		top = &s.stack[depth-1]
	}
	goto after

element: // an array's element begins at i
	at = none
	if top.node >= 0 {
		at = nodes[top.node].element(top.next)
	}
	top.next++
	goto value

key: // an object's key begins at i
	{
		if i >= len(b) || b[i] != '"' {
			return Missing, fault(b, i, "expected a key in double quotes")
		}
		i++
		start = i
		var hash uint64
		var key []byte
		for {
			if i > len(b)-8 {
				goto oddKey
			}
			w := word(b, i)
			if m := stopsASCII(w); m != 0 {
				n := bits.TrailingZeros64(m) >> 3
				hash = hashEnd(hash, w, n)
				i += n
				break
			}
			hash = hashWord(hash, w)
			i += 8
		}
		if b[i] == '"' {
			key = b[start:i]
			i++
			goto keyKnown
		}
	oddKey:
		lit = scanString(b, start-1)
		if lit.end < 0 {
			return Missing, stringFault(b, start-1)
		}
		i = lit.end
		key = b[start : i-1]
		if lit.foreign {
			foreign++
		}
		if !lit.plain {
			s.key = appendDecoded(s.key[:0], key)
			key = s.key
		}
		hash = hashKey(key)
	keyKnown:
		cell, bit := &top.seen[hash>>62], uint64(1)<<(hash>>56&63)
		if *cell&bit != 0 && len(s.keys)-top.keys <= compared && slices.Contains(s.keys[top.keys:], hash) {
			s.mixed = true
		}
		*cell |= bit
		if len(key) > 0 && key[0]-'0' <= 9 {
			if n, ok := arrayIndex(key); ok {
				if n < top.next || len(s.keys)-top.keys > int(top.indexed) {
					s.mixed = true
				}
				top.next = n + 1
				top.indexed++
			}
		}
		if string(key) == "__proto__" {
			s.proto = true
		}
		s.keys = append(s.keys, hash)
		at = none
		if top.node >= 0 {
			at = nodes[top.node].child(hash, key)
		}
		for i < len(b) && b[i] <= ' ' {
			if !isBlank(b[i]) {
				return Missing, fault(b, i, "expected a colon")
			}
			foreign++
			i++
		}
		if i >= len(b) || b[i] != ':' {
			return Missing, fault(b, i, "expected a colon")
		}
		i++
		for i < len(b) && b[i] <= ' ' {
			if !isBlank(b[i]) {
				return Missing, fault(b, i, "expected a value")
			}
			foreign++
			i++
		}
		goto value
	}
}

// isBlank reports whether c is white space between JSON's tokens.
func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// deepen makes room for more frames, unless the text is nested too deeply.
func (s *Scanner) deepen() bool {
	n := len(s.stack)
	if n >= MaxDepth {
		return false
	}
	s.stack = append(s.stack, make([]frame, min(max(16, n), MaxDepth-n))...)
	return true
}

// findRepeated notes it if two hashes are equal. Equal hashes of unequal keys do no harm but to take longer.
func (s *Scanner) findRepeated(hashes []uint64) {
	slices.Sort(hashes)
	for i := 1; i < len(hashes); i++ {
		if hashes[i] == hashes[i-1] {
			s.mixed = true
		}
	}
}

const tooDeep = "nested more than 1000 deep"

// fault says what is wrong at b[i], or that the text ends there.
func fault(b []byte, i int, reason string) *SyntaxError {
	if i >= len(b) {
		return &SyntaxError{len(b), "the text ends in the middle of a value"}
	}
	return &SyntaxError{i, reason}
}

// wordFault finds where the text at b[i] stops being the given word.
func wordFault(b []byte, i int, w string) *SyntaxError {
	n := 0
	for i+n < len(b) && b[i+n] == w[n] {
		n++
	}
	return fault(b, i+n, "expected "+w)
}

// numberFault finds what is wrong with the number at b[i].
func numberFault(b []byte, i int) *SyntaxError {
	digits := func() bool {
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	whole := i
	if digits() && i > whole+1 && b[whole] == '0' {
		return fault(b, whole+1, "a number of several digits does not start with 0")
	}
	if i > whole && i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return fault(b, i, "expected a digit")
		}
	}
	if i > whole && i < len(b) && b[i]|' ' == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
	}
	return fault(b, i, "expected a digit")
}

// stringFault finds what is wrong with the string at b[i].
func stringFault(b []byte, i int) *SyntaxError {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c < ' ':
			return fault(b, i, "a control character in a string must be escaped")
		case c == '\\':
			if n, _ := scanEscape(b[i:]); n == 0 {
				return fault(b, i+1, `expected one of the escapes \" \\ \/ \b \f \n \r \t or \u with four hexadecimal digits`)
			}
			i++
		}
	}
	return fault(b, i, "")
}
