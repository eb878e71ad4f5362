package document

import (
	"unicode/utf16"
	"unicode/utf8"
)

// The surrogates, the halves of which UTF-16 makes characters beyond U+FFFF.
const (
	surrogateMin = 0xd800
	surrogateLow = 0xdc00
	surrogateEnd = 0xe000
)

// isHigh reports whether r is the first half of a surrogate pair.
func isHigh(r rune) bool { return surrogateMin <= r && r < surrogateLow }

// isLow reports whether r is the second half of a surrogate pair.
func isLow(r rune) bool { return surrogateLow <= r && r < surrogateEnd }

// AppendRune appends r, which may be a surrogate, in WTF-8.
func AppendRune(dst []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}

// DecodeRune returns the first character of s, which must not be empty, and how many bytes it has. An unpaired surrogate
// is a character here; for bytes that are not WTF-8 it returns utf8.RuneError and how many of them the WHATWG decoder
// replaces by one U+FFFD.
func DecodeRune[T string | []byte](s T) (r rune, size int) {
	if c := s[0]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	if isSurrogate(s) {
		return rune(s[0]&0x0f)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	if r, n := decodeRune(s); n > 1 {
		return r, n
	}
	return utf8.RuneError, malformed(s)
}

// decodeRune is utf8.DecodeRune for strings and bytes alike.
func decodeRune[T string | []byte](s T) (r rune, width int) {
	var b [utf8.UTFMax]byte
	return utf8.DecodeRune(b[:copy(b[:], s)])
}

// isSurrogate reports whether s starts with the three bytes of a surrogate.
func isSurrogate[T string | []byte](s T) bool {
	return len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2]&0xc0 == 0x80
}

// malformed returns how many of the malformed bytes at the start of s the WHATWG decoder replaces by one U+FFFD: the
// longest piece that starts a well-formed sequence, at least one.
func malformed[T string | []byte](s T) int {
	lo, hi, more := byte(0x80), byte(0xbf), 0
	switch c := s[0]; {
	case 0xc2 <= c && c <= 0xdf:
		more = 1
	case 0xe0 <= c && c <= 0xef:
		more = 2
	case 0xf0 <= c && c <= 0xf4:
		more = 3
	}
	switch s[0] {
	case 0xe0:
		lo = 0xa0
	case 0xed:
		hi = 0x9f
	case 0xf0:
		lo = 0x90
	case 0xf4:
		hi = 0x8f
	}
	n := 1
	for n <= more && n < len(s) && lo <= s[n] && s[n] <= hi {
		lo, hi = 0x80, 0xbf
		n++
	}
	return n
}

// appendUTF8 appends bytes as the WHATWG decoder reads them: malformed sequences, surrogates among them, become
// U+FFFD.
func appendUTF8[T string | []byte](dst []byte, s T) []byte {
	good := 0 // s[:good] is well formed and not yet appended
	for good < len(s) {
		if s[good] < utf8.RuneSelf {
			good++
			continue
		}
		if _, n := decodeRune(s[good:]); n > 1 {
			good += n
			continue
		}
		dst = append(dst, s[:good]...)
		dst = append(dst, "\uFFFD"...)
		s = s[good+malformed(s[good:]):]
		good = 0
	}
	return append(dst, s...)
}

// toWTF8 returns s with every malformed sequence replaced by U+FFFD and every high surrogate that meets a low one
// joined with it to the character that they are.
func toWTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, n := DecodeRune(s)
		if isHigh(r) && isSurrogate(s[n:]) {
			if low, m := DecodeRune(s[n:]); isLow(low) {
				r, n = joinSurrogates(r, low), n+m
			}
		}
		out = AppendRune(out, r)
		s = s[n:]
	}
	return string(out)
}

// joinSurrogates returns the character that a high and a low surrogate make.
func joinSurrogates(high, low rune) rune {
	return (high-surrogateMin)<<10 | (low - surrogateLow) + 0x10000
}
