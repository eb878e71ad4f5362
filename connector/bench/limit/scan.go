package limit

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf8"
)

// jsonKind is the JSON type of a slot's value.
type jsonKind uint8

// The kinds; kindMissing means that the path is not in the event.
const (
	kindMissing jsonKind = iota
	kindNull
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindObject
	kindArray
)

// span is where one path's value lies in the scanned bytes.
type span struct {
	start, end uint32
	kind       jsonKind
	escaped    bool // a string that holds a backslash
	canonical  bool // the bytes are what JSON.stringify would print
}

// Errors of scan.
var (
	errSyntax = errors.New("limit: invalid JSON")
	errDepth  = errors.New("limit: nested too deep")
)

const maxDepth = 128

type frame struct {
	bloom uint64
	start uint32
	nc    uint32
	keys  uint32
	node  int32
	array bool
}

// scanner holds the state that one goroutine reuses from event to event.
type scanner struct {
	spans []span
	// different counts places where JSON.stringify would print other bytes.
	different uint32
	// slow says that key order or key identity needs the general (tree) path:
	// duplicate, integer-like or escaped keys.
	slow bool

	idx   index
	keys  []uint64
	stack [maxDepth]frame
}

// canonical reports whether the scanned bytes are JSON.stringify's own.
func (s *scanner) canonical() bool { return s.different == 0 && !s.slow }

const (
	lo  = 0x0101010101010101
	hi  = 0x8080808080808080
	qts = 0x2222222222222222
	bsl = 0x5c5c5c5c5c5c5c5c
	spc = 0x2020202020202020
)

// scanString returns the index of the closing quote of the string whose first
// character is at i, or -1. flags: 1 a backslash, 2 a byte >= 0x80, 4 not canonical.
func scanString(b []byte, i int) (int, uint8) {
	var fl uint8
	for {
		var m uint64
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q, s := w^qts, w^bsl
			m = (((w - spc) &^ w) | ((q - lo) &^ q) | ((s - lo) &^ s)) & hi
			h := w & hi
			if m != 0 {
				if h&((m&-m)-1) != 0 {
					fl |= 2
				}
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			if h != 0 {
				fl |= 2
			}
			i += 8
		}
		if m == 0 {
			for i < len(b) {
				c := b[i]
				if c == '"' || c == '\\' || c < 0x20 {
					break
				}
				if c >= 0x80 {
					fl |= 2
				}
				i++
			}
			if i >= len(b) {
				return -1, 0
			}
		}
		switch c := b[i]; {
		case c == '"':
			return i, fl
		case c == '\\':
			n, canon := scanEscape(b, i)
			if n == 0 {
				return -1, 0
			}
			fl |= 1
			if !canon {
				fl |= 4
			}
			i += n
		default:
			return -1, 0
		}
	}
}

// scanEscape checks the escape at b[i]=='\\'; canon: JSON.stringify prints it so.
func scanEscape(b []byte, i int) (n int, canon bool) {
	if i+1 >= len(b) {
		return 0, false
	}
	switch b[i+1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return 2, true
	case '/':
		return 2, false
	case 'u':
		if i+6 > len(b) {
			return 0, false
		}
		v, lower := hex4(b[i+2 : i+6])
		if v < 0 {
			return 0, false
		}
		canon = lower && v < 0x20 && v != 8 && v != 9 && v != 10 && v != 12 && v != 13
		return 6, canon // surrogates count as not canonical: a lone one may be
	}
	return 0, false
}

func hex4(b []byte) (v int, lower bool) {
	lower = true
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | int(c-'a'+10)
		case c >= 'A' && c <= 'F':
			v = v<<4 | int(c-'A'+10)
			lower = false
		default:
			return -1, false
		}
	}
	return v, lower
}

// scanNumber returns the end of the number at i, or -1, and whether the text
// surely is JavaScript's own form: no exponent, no trailing fraction zero, at
// most 15 significant digits (which a double always gives back), not -0, and
// not small enough for JavaScript to print an exponent.
func scanNumber(b []byte, i int) (int, bool) {
	neg := false
	if b[i] == '-' {
		neg = true
		i++
		if i >= len(b) {
			return -1, false
		}
	}
	st := i
	c := b[i]
	if c == '0' {
		i++
	} else if c >= '1' && c <= '9' {
		i++
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
	} else {
		return -1, false
	}
	sig := i - st
	zero := c == '0'
	canon := true
	if i < len(b) && b[i] == '.' {
		i++
		f := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == f {
			return -1, false
		}
		canon = b[i-1] != '0'
		if zero {
			lead := 0
			for f+lead < i && b[f+lead] == '0' {
				lead++
			}
			if lead > 5 {
				canon = false
			}
			sig = i - f - lead
		} else {
			sig += i - f
		}
		zero = false
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		canon = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		f := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == f {
			return -1, false
		}
	}
	return i, canon && sig <= 15 && !(neg && zero)
}

// Scan validates b and fills s.spans for p's paths.
func (s *scanner) scan(b []byte, p *program) error {
	if cap(s.spans) < p.n {
		s.spans = make([]span, p.n)
	}
	s.spans = s.spans[:p.n]
	clear(s.spans)
	s.keys = s.keys[:0]
	s.slow = false
	var (
		i      int
		depth  = -1
		nd     = int32(0) // trie node of the value to come; -1: no path goes here
		nc     uint32
		fr     *frame
		c      byte
		kind   jsonKind
		vstart int
		nc0    uint32
		esc    bool
		slot   int32
	)
	for i < len(b) && b[i] <= ' ' {
		if b[i] != ' ' && b[i] != '\n' && b[i] != '\t' && b[i] != '\r' {
			return errSyntax
		}
		nc++
		i++
	}

value:
	if i >= len(b) {
		return errSyntax
	}
	vstart, nc0, esc = i, nc, false
	switch c = b[i]; c {
	case '"':
		e, fl := scanString(b, i+1)
		if e < 0 {
			return errSyntax
		}
		if fl != 0 {
			if fl&2 != 0 && !utf8.Valid(b[i+1:e]) {
				nc++
			}
			if fl&4 != 0 {
				nc++
			}
			esc = fl&1 != 0
		}
		i = e + 1
		kind = kindString
	case '{':
		depth++
		if depth >= maxDepth {
			return errDepth
		}
		fr = &s.stack[depth]
		*fr = frame{start: uint32(i), nc: nc, keys: uint32(len(s.keys)), node: nd}
		i++
		for i < len(b) && b[i] <= ' ' {
			i, nc = skipWS(b, i, nc)
			if i < 0 {
				return errSyntax
			}
		}
		if i < len(b) && b[i] == '}' {
			i++
			goto closed
		}
		goto key
	case '[':
		depth++
		if depth >= maxDepth {
			return errDepth
		}
		fr = &s.stack[depth]
		*fr = frame{start: uint32(i), nc: nc, node: nd, array: true}
		i++
		for i < len(b) && b[i] <= ' ' {
			i, nc = skipWS(b, i, nc)
			if i < 0 {
				return errSyntax
			}
		}
		if i < len(b) && b[i] == ']' {
			i++
			goto closed
		}
		nd = -1
		goto value
	case 't':
		if i+4 > len(b) || string(b[i:i+4]) != "true" {
			return errSyntax
		}
		i += 4
		kind = kindTrue
	case 'f':
		if i+5 > len(b) || string(b[i:i+5]) != "false" {
			return errSyntax
		}
		i += 5
		kind = kindFalse
	case 'n':
		if i+4 > len(b) || string(b[i:i+4]) != "null" {
			return errSyntax
		}
		i += 4
		kind = kindNull
	default:
		if c != '-' && c-'0' > 9 {
			return errSyntax
		}
		e, canon := scanNumber(b, i)
		if e < 0 {
			return errSyntax
		}
		if !canon && !numberCanonical(b[i:e]) {
			nc++
		}
		i = e
		kind = kindNumber
	}
	if nd >= 0 {
		if slot = p.nodes[nd].slot; slot >= 0 {
			s.spans[slot] = span{uint32(vstart), uint32(i), kind, esc, nc == nc0}
		}
	}

after:
	if depth < 0 {
		for i < len(b) {
			if b[i] > ' ' {
				return errSyntax
			}
			i, nc = skipWS(b, i, nc)
			if i < 0 {
				return errSyntax
			}
		}
		s.different = nc
		return nil
	}
	for i < len(b) && b[i] <= ' ' {
		i, nc = skipWS(b, i, nc)
		if i < 0 {
			return errSyntax
		}
	}
	if i >= len(b) {
		return errSyntax
	}
	c = b[i]
	i++
	if c == ',' {
		for i < len(b) && b[i] <= ' ' {
			i, nc = skipWS(b, i, nc)
			if i < 0 {
				return errSyntax
			}
		}
		if fr.array {
			nd = -1
			goto value
		}
		goto key
	}
	if fr.array {
		if c != ']' {
			return errSyntax
		}
	} else {
		if c != '}' {
			return errSyntax
		}
	}

closed:
	if nd = fr.node; nd >= 0 {
		if slot = p.nodes[nd].slot; slot >= 0 {
			kind = kindObject
			if fr.array {
				kind = kindArray
			}
			s.spans[slot] = span{fr.start, uint32(i), kind, false, nc == fr.nc}
		}
	}
	if !fr.array {
		s.keys = s.keys[:fr.keys]
	}
	depth--
	if depth >= 0 {
		fr = &s.stack[depth]
	}
	goto after

key:
	{
		if i >= len(b) || b[i] != '"' {
			return errSyntax
		}
		ks := i + 1
		ke, fl := scanString(b, ks)
		if ke < 0 {
			return errSyntax
		}
		if fl != 0 {
			if fl&5 != 0 || !utf8.Valid(b[ks:ke]) {
				s.slow = true
			}
		}
		h := hashKey(b, ks, ke)
		bit := uint64(1) << (h >> 58)
		if fr.bloom&bit != 0 {
			for _, x := range s.keys[fr.keys:] {
				if x == h {
					s.slow = true
				}
			}
		}
		fr.bloom |= bit
		s.keys = append(s.keys, h)
		if ke > ks && b[ks]-'0' <= 9 && allDigits(b[ks:ke]) {
			s.slow = true
		}
		nd = -1
		if fr.node >= 0 {
			n := &p.nodes[fr.node]
			for k := n.table[h>>58]; k != 0; {
				kd := &n.kids[k-1]
				if kd.hash == h && string(b[ks:ke]) == kd.key {
					nd = kd.node
					break
				}
				k = kd.next
			}
		}
		i = ke + 1
		if i >= len(b) {
			return errSyntax
		}
		for b[i] <= ' ' {
			i, nc = skipWS(b, i, nc)
			if i < 0 || i >= len(b) {
				return errSyntax
			}
		}
		if b[i] != ':' {
			return errSyntax
		}
		i++
		for i < len(b) && b[i] <= ' ' {
			i, nc = skipWS(b, i, nc)
			if i < 0 {
				return errSyntax
			}
		}
		goto value
	}
}

func skipWS(b []byte, i int, nc uint32) (int, uint32) {
	switch b[i] {
	case ' ', '\n', '\t', '\r':
		return i + 1, nc + 1
	}
	return -1, nc
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}
