package liquid

import (
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// Text is WTF-8 here as in package document, but JavaScript measures, cuts and searches it by UTF-16 units. Where
// that makes a difference the functions below work on units.

// The UTF-16 units that are half a character, from low ones on the second half.
const (
	surrogateMin = 0xd800
	surrogateLow = 0xdc00
	surrogateEnd = 0xe000
)

// isASCII reports whether bytes of s are units.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// units returns the UTF-16 units of s.
func units(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for len(s) > 0 {
		r, n := decode(s)
		if isHalf(r) {
			out = append(out, uint16(r))
		} else {
			out = utf16.AppendRune(out, r)
		}
		s = s[n:]
	}
	return out
}

// decode returns the first character of s, which may be half a one, and its length.
func decode(s string) (r rune, length int) {
	r, length = utf8.DecodeRuneInString(s)
	if length == 1 && r == utf8.RuneError { // WTF-8 is malformed at surrogates only
		return rune(s[0]&0x0f)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return r, length
}

// isHalf reports whether r is a surrogate, half a character.
func isHalf(r rune) bool { return surrogateMin <= r && r < surrogateEnd }

// fromUnits returns the text that the units make.
func fromUnits(in []uint16) string {
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		r := rune(in[i])
		if surrogateMin <= r && r < surrogateLow && i+1 < len(in) {
			if pair := utf16.DecodeRune(r, rune(in[i+1])); pair != utf8.RuneError {
				r = pair
				i++
			}
		}
		out = appendWTF8(out, r)
	}
	return string(out)
}

// appendWTF8 appends r, which may be a surrogate.
func appendWTF8(dst []byte, r rune) []byte {
	if isHalf(r) {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}

// joined returns s with the surrogates that meet in it joined.
func joined(s string) string { return document.StringValue(s).Str() }

// slice returns the units of s from (included) to to (excluded), both limited to what there is.
func slice(s string, from, to int) string {
	if isASCII(s) {
		from, to = clamp(from, len(s)), clamp(to, len(s))
		return s[from:max(from, to)]
	}
	u := units(s)
	from, to = clamp(from, len(u)), clamp(to, len(u))
	return fromUnits(u[from:max(from, to)])
}

func clamp(n, most int) int { return max(0, min(n, most)) }

// surrogates reports whether s holds half a character, which byte-wise search would not find inside a whole one.
func surrogates(s string) bool {
	return !utf8.ValidString(s)
}

// pairs returns s with every unit in an encoding of its own (CESU-8), in which searching and comparing bytes is
// searching and comparing units. joined is the way back.
func pairs(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > 0xffff }) < 0 {
		return s
	}
	out := make([]byte, 0, len(s)+len(s)/2)
	for _, u := range units(s) {
		out = appendWTF8(out, rune(u))
	}
	return string(out)
}

// compare orders text by units.
func compare(a, b string) int {
	if isASCII(a) && isASCII(b) {
		return strings.Compare(a, b)
	}
	return strings.Compare(pairs(a), pairs(b))
}

// contains reports whether part stands somewhere in s.
func contains(s, part string) bool {
	if surrogates(part) {
		return strings.Contains(pairs(s), pairs(part))
	}
	return strings.Contains(s, part)
}

// split returns what String.prototype.split does: the pieces of s between separators, the units of s where the
// separator is empty.
func split(s, separator string) []string {
	if separator == "" {
		return splitUnits(s)
	}
	if !surrogates(separator) {
		return strings.Split(s, separator)
	}
	pieces := strings.Split(pairs(s), pairs(separator))
	for i := range pieces {
		pieces[i] = joined(pieces[i])
	}
	return pieces
}

// splitUnits returns every unit of s as a string of its own.
func splitUnits(s string) []string {
	out := make([]string, 0, len(s))
	if isASCII(s) {
		for i := range len(s) {
			out = append(out, s[i:i+1])
		}
		return out
	}
	for _, u := range units(s) {
		out = append(out, string(appendWTF8(nil, rune(u))))
	}
	return out
}

// cut returns what stands before and behind the part of s that find, strings.Index or strings.LastIndex, gives.
func cut(s, part string, find func(s, part string) int) (before, behind string, found bool) {
	half := surrogates(part)
	if half {
		s, part = pairs(s), pairs(part)
	}
	i := find(s, part)
	if i < 0 {
		return s, "", false
	}
	before, behind = s[:i], s[i+len(part):]
	if half {
		before, behind = joined(before), joined(behind)
	}
	return before, behind, true
}

// isBlank reports whether r is white space or a line end of JavaScript, what \s matches and trim removes.
func isBlank(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}

// toInt returns the whole number that JavaScript makes of f where it wants one: truncated, 0 for NaN, limited to
// what an int surely holds.
func toInt(f float64) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f > math.MaxInt32:
		return math.MaxInt32
	case f < math.MinInt32:
		return math.MinInt32
	}
	return int(f)
}
