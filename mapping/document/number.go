package document

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// AppendNumber appends what JavaScript's String(f) gives: the shortest decimal that reads back as f, in exponent form
// below 1e-6 and from 1e21 on, 0 for -0, NaN, Infinity and -Infinity.
func AppendNumber(dst []byte, f float64) []byte {
	switch {
	case f == 0:
		return append(dst, '0')
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes two digits of exponent at least, JavaScript one.
	if n := len(dst); n-from >= len("1e-07") && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendJSONNumber appends what JSON.stringify(f) gives: null where f is not finite.
func appendJSONNumber(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return AppendNumber(dst, f)
}

// jsonNumber returns the double that a valid JSON number is, an infinity where it is too large.
func jsonNumber(text string) float64 {
	if f, ok := smallInteger(text); ok {
		return f
	}
	f, _ := strconv.ParseFloat(text, 64) // the error is the range's, and f then is what JavaScript has
	return f
}

// smallInteger returns the value of a JSON number of digits only that a double holds exactly whatever they are.
func smallInteger[T string | []byte](text T) (f float64, ok bool) {
	if len(text) > 15 {
		return 0, false
	}
	var n int64
	for i := range len(text) {
		c := text[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return float64(n), true
}

// ParseNumber returns what JavaScript's Number(s) gives: the number that s spells, blanks around it ignored, 0 for
// blanks only, NaN if s spells none. Decimals, Infinity and whole numbers behind 0x, 0o and 0b are understood.
func ParseNumber(s string) float64 {
	s = TrimBlanks(s)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		switch s[1] {
		case 'x', 'X':
			return parseWhole(s[2:], 16)
		case 'o', 'O':
			return parseWhole(s[2:], 8)
		case 'b', 'B':
			return parseWhole(s[2:], 2)
		}
	}
	unsigned := strings.TrimPrefix(s, "+")
	if unsigned == s {
		unsigned = strings.TrimPrefix(s, "-")
	}
	if unsigned == "Infinity" {
		if s[0] == '-' {
			return math.Inf(-1)
		}
		return math.Inf(1)
	}
	if !isDecimal(unsigned) {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s, 64) // as in jsonNumber
	return f
}

// parseWhole returns the double nearest to the whole number that digits spell in the given base, NaN if they do not.
func parseWhole(digits string, base int) float64 {
	for i := range len(digits) {
		if _, err := strconv.ParseUint(digits[i:i+1], base, 8); err != nil {
			return math.NaN()
		}
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return math.NaN()
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}

// isDecimal reports whether s is a decimal literal of JavaScript: digits before or behind an optional point, an
// optional exponent. Go's ParseFloat reads more than that.
func isDecimal(s string) bool {
	digits := func() bool {
		rest := strings.TrimLeft(s, "0123456789")
		some := len(rest) < len(s)
		s = rest
		return some
	}
	some := digits()
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		some = digits() || some
	}
	if !some {
		return false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}
