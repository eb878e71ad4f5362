package document

import (
	"strings"
	"unicode/utf16"
)

// JavaScript measures, cuts and searches text by UTF-16 units. Where that makes a difference, text that is WTF-8 has to
// be taken apart into them.

// UTF16Len returns the length that JavaScript gives for s: its number of UTF-16 units. s is WTF-8.
func UTF16Len(s string) int { return utf16Len(s) }

// utf16Len is UTF16Len for strings and bytes alike.
func utf16Len[T string | []byte](s T) int {
	n := 0
	for i := range len(s) {
		if c := s[i]; c&0xc0 != 0x80 { // not a continuation byte
			n++
			if c >= 0xf0 {
				n++
			}
		}
	}
	return n
}

// utf16Unit returns the i-th UTF-16 unit of s, which is WTF-8.
func utf16Unit[T string | []byte](s T, i int) (unit rune, ok bool) {
	for len(s) > 0 {
		r, n := DecodeRune(s)
		high, low := r, rune(none)
		if r >= 0x10000 {
			high, low = utf16.EncodeRune(r)
		}
		if i == 0 {
			return high, true
		}
		i--
		if low != none {
			if i == 0 {
				return low, true
			}
			i--
		}
		s = s[n:]
	}
	return 0, false
}

// ToUTF16 returns the UTF-16 units of s, which is WTF-8.
func ToUTF16(s string) []uint16 {
	units := make([]uint16, 0, len(s))
	for len(s) > 0 {
		r, n := DecodeRune(s)
		if utf16.IsSurrogate(r) {
			units = append(units, uint16(r))
		} else {
			units = utf16.AppendRune(units, r)
		}
		s = s[n:]
	}
	return units
}

// FromUTF16 returns the text that the units make.
func FromUTF16(units []uint16) string {
	out := make([]byte, 0, len(units))
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if isHigh(r) && i+1 < len(units) && isLow(rune(units[i+1])) {
			i++
			r = joinSurrogates(r, rune(units[i]))
		}
		out = AppendRune(out, r)
	}
	return string(out)
}

// SplitPairs returns s, which is WTF-8, with every UTF-16 unit encoded on its own: characters beyond U+FFFF become their
// two surrogates (CESU-8). Searching and comparing bytes then is searching and comparing units. JoinPairs is the way
// back.
func SplitPairs(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > 0xffff }) < 0 {
		return s
	}
	out := make([]byte, 0, len(s)+len(s)/2)
	for len(s) > 0 {
		r, n := DecodeRune(s)
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			out = AppendRune(out, high)
			r = low
		}
		out = AppendRune(out, r)
		s = s[n:]
	}
	return string(out)
}

// JoinPairs returns s with every two surrogates that meet joined to the character that they are.
func JoinPairs(s string) string { return toWTF8(s) }
