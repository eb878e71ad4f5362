package document

import (
	"math/bits"
	"slices"
	"strconv"
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

// compared is how many keys of one object are compared with each new one. The keys of larger objects are sorted when
// the object closes, so that no event takes quadratic time.
const compared = 32

// pass reads a text from end to end, once. It checks that it is JSON, leaves in the slots what stands at their paths,
// and finds out whether JSON.stringify would print other bytes (foreign) and whether keys are repeated or out of order
// (mixed). It is one function of six blocks that jump to one another, for it is the loop that every byte of every event
// goes through; what is rare is elsewhere.
func (s *Scanner) pass(b []byte) (Kind, *SyntaxError) {
	var (
		nodes   = s.paths.nodes
		i       int           // the next byte
		start   int           // of the current value or key
		kind    Kind          // of the current value
		at      int32  = none // the node of its place
		foreign uint32        // how many things JSON.stringify prints in another way
		clean   uint32        // foreign, when the current value began
		depth   int           // how many arrays and objects are open
		top     *frame        // the innermost of them
	)
	b = b[:len(b):len(b)] //nolint:modernize // lets the compiler drop checks
	if len(nodes) > 0 {
		at = 0
	}
	if i < len(b) && b[i] <= ' ' {
		i = blanksEnd(b, i)
		foreign++
	}

value: // a value begins at i
	if i >= len(b) {
		return Missing, fault(b, i, "")
	}
	start, clean = i, foreign
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
		plain := true
		if i < len(b) && b[i] == '"' && high&highs == 0 {
			i++
		} else {
			str := scanString(b, start)
			if str.end < 0 {
				return Missing, stringFault(b, start)
			}
			if str.foreign {
				foreign++
			}
			plain = str.plain
			i = str.end
		}
		kind = String
		if at >= 0 {
			v := Slot{raw: b[start:i], kind: String, ours: foreign == clean}
			if plain {
				v.text = b[start+1 : i-1]
			}
			s.place(at, v)
		}
		goto after
	case '{', '[':
		if depth == len(s.stack) && !s.deepen() {
			return Missing, fault(b, i, "nested more than "+strconv.Itoa(MaxDepth)+" deep")
		}
		top = &s.stack[depth]
		depth++
		*top = frame{start: i, keys: len(s.keys), foreign: foreign, node: at, array: c == '['}
		i++
		if i < len(b) && b[i] <= ' ' {
			i = blanksEnd(b, i)
			foreign++
		}
		if i < len(b) && b[i] == c+2 { // in ASCII the closing bracket is two behind the opening one
			i++
			goto closed
		}
		if c == '[' {
			goto element
		}
		goto key
	case 't', 'f', 'n':
		word := "true"
		kind = Bool
		switch c {
		case 'f':
			word = "false"
		case 'n':
			word = "null"
			kind = Null
		}
		if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
			return Missing, wordFault(b, i, word)
		}
		i += len(word)
	default:
		if c != '-' && c-'0' > 9 {
			return Missing, fault(b, i, "expected a value")
		}
		num := scanNumber(b, i)
		if num.end < 0 {
			return Missing, numberFault(b, i)
		}
		if num.foreign {
			foreign++
		}
		i = num.end
		kind = Number
	}
	if at >= 0 {
		s.place(at, Slot{raw: b[start:i], kind: kind, ours: foreign == clean})
	}

after: // a value ended before i
	if i < len(b) && b[i] <= ' ' {
		i = blanksEnd(b, i)
		foreign++
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
		if i < len(b) && b[i] <= ' ' {
			i = blanksEnd(b, i)
			foreign++
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
	kind = Array
	if !top.array {
		kind = Object
		if len(s.keys)-top.keys > compared {
			s.findRepeated(s.keys[top.keys:])
		}
		s.keys = s.keys[:top.keys]
	}
	if top.node >= 0 {
		s.place(top.node, Slot{raw: b[top.start:i], kind: kind, ours: foreign == top.foreign})
		if top.array && nodes[top.node].length >= 0 {
			s.placeLength(nodes[top.node].length, int(top.next))
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
	if i >= len(b) || b[i] != '"' {
		return Missing, fault(b, i, "expected a key in double quotes")
	}
	i++
	start = i
	{
		var hash uint64
		var key []byte
		for {
			if i > len(b)-8 {
				break
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
		if i <= len(b)-8 && b[i] == '"' {
			key = b[start:i]
			i++
		} else { // escapes, characters beyond ASCII, or close to the end
			str := scanString(b, start-1)
			if str.end < 0 {
				return Missing, stringFault(b, start-1)
			}
			if str.foreign {
				foreign++
			}
			i = str.end
			key = b[start : i-1]
			if !str.plain {
				s.key = appendDecoded(s.key[:0], key)
				key = s.key
			}
			hash = hashKey(key)
		}
		cell, bit := &top.seen[hash>>62], uint64(1)<<(hash>>56&63)
		if *cell&bit != 0 && len(s.keys)-top.keys <= compared && slices.Contains(s.keys[top.keys:], hash) {
			s.mixed = true
		}
		*cell |= bit
		if len(key) > 0 && key[0]-'0' <= 9 {
			s.noteIndex(top, key)
		}
		if string(key) == "__proto__" {
			s.proto = true
		}
		s.keys = append(s.keys, hash)
		at = none
		if top.node >= 0 {
			at = nodes[top.node].child(hash, key)
		}
	}
	if i < len(b) && b[i] <= ' ' {
		i = blanksEnd(b, i)
		foreign++
	}
	if i >= len(b) || b[i] != ':' {
		return Missing, fault(b, i, "expected a colon")
	}
	i++
	if i < len(b) && b[i] <= ' ' {
		i = blanksEnd(b, i)
		foreign++
	}
	goto value
}

// blanksEnd returns where the white space that begins at b[i] ends.
func blanksEnd(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// deepen makes room for more frames, unless the text is nested too deeply.
func (s *Scanner) deepen() bool {
	n := len(s.stack)
	if n >= MaxDepth {
		return false
	}
	s.stack = append(s.stack, make([]frame, min(max(16, n), MaxDepth-n))...)
	return true
}

// noteIndex notes a key that may be an array index, which JavaScript has in front of others and in ascending order.
func (s *Scanner) noteIndex(top *frame, key []byte) {
	index, ok := arrayIndex(key)
	if !ok {
		return
	}
	if index < top.next || len(s.keys)-top.keys > int(top.indexed) {
		s.mixed = true
	}
	top.next = index + 1
	top.indexed++
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
