package document

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Strings are looked at eight bytes at a time: each of these holds one byte eight times.
const (
	ones    = 0x0101010101010101
	twos    = 0x0202020202020202
	over    = 0x2121212121212121 // one more than the blank
	slashes = 0x5c5c5c5c5c5c5c5c
	highs   = 0x8080808080808080
)

// stops marks, in their high bits, the bytes of w that end the plain part of a string: quotes, backslashes and control
// characters. The lowest mark is always right, those above it need not be.
func stops(w uint64) uint64 {
	return ((w ^ twos - over) | (w ^ slashes - ones)) &^ w & highs // flipping bit 1 puts the quote right behind the controls
}

// stopsASCII is stops that also marks all bytes beyond ASCII.
func stopsASCII(w uint64) uint64 {
	return ((w ^ twos - over) | (w ^ slashes - ones) | w) & highs
}

// before returns a mask of the bits below the lowest mark, of all bits if there is none.
func before(marks uint64) uint64 { return marks&-marks - 1 }

// word returns the eight bytes at b[i], the first one lowest.
func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

// literal is what is known of a string or number after stepping over it.
type literal struct {
	end     int  // just behind it; -1 if it is malformed
	plain   bool // of a string: the bytes between the quotes are the text itself
	foreign bool // JSON.stringify would print it in another way
}

// scanString steps over the string whose opening quote is b[i].
func scanString(b []byte, i int) literal {
	var high uint64
	from := i + 1
	s := literal{plain: true}
	for i++; i < len(b); {
		if i+8 <= len(b) {
			w := word(b, i)
			m := stops(w)
			high |= w & before(m)
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		switch c := b[i]; {
		case c == '"':
			if high&highs != 0 && !utf8.Valid(b[from:i]) {
				s.plain, s.foreign = false, true
			}
			s.end = i + 1
			return s
		case c == '\\':
			n, ours := scanEscape(b[i:])
			if n == 0 {
				return literal{end: -1}
			}
			s.plain = false
			s.foreign = s.foreign || !ours
			i += n
		case c < ' ':
			return literal{end: -1}
		default: // one of the last seven bytes of the text
			high |= uint64(c)
			i++
		}
	}
	return literal{end: -1}
}

// scanEscape returns how many bytes the escape sequence at the start of b takes, both of a surrogate pair included, and
// whether JSON.stringify writes it so; 0 if it is malformed.
func scanEscape(b []byte) (n int, ours bool) {
	r, n := unescape(b)
	var form [6]byte
	return n, mustEscape(r) && string(appendEscape(form[:0], r)) == string(b[:n])
}

// scanNumber steps over the number whose first byte is b[i], a digit or a minus.
func scanNumber(b []byte, i int) literal {
	from := i
	if b[i] == '-' {
		i++
	}
	whole := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	digits := i - whole
	if digits == 0 || digits > 1 && b[whole] == '0' {
		return literal{end: -1}
	}
	// A double gives back any 15 digits, so that these need no closer look.
	surely := digits <= 15 && (b[whole] != '0' || whole == from)
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == point {
			return literal{end: -1}
		}
		// No zero at the end; and not so small that JavaScript writes an exponent.
		surely = digits+i-point <= 15 && b[i-1] != '0' && (b[whole] != '0' || i-point <= 6)
	}
	if i < len(b) && b[i]|' ' == 'e' {
		surely = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exponent := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == exponent {
			return literal{end: -1}
		}
	}
	return literal{end: i, foreign: !surely && !isNumberForm(b[from:i])}
}

// isNumberForm reports whether the valid JSON number b is what JSON.stringify prints for it.
func isNumberForm(b []byte) bool {
	var form [32]byte // JavaScript's longest number has 25 bytes
	return len(b) <= len(form) && string(appendJSONNumber(form[:0], jsonNumber(string(b)))) == string(b)
}
