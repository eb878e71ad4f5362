package schemas

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
)

// What is written here is what JSON.stringify writes, so that an event need not be written again to be in JavaScript's form.

// maxSafeInteger is the largest integer up to which doubles hold every one.
const maxSafeInteger = 1<<53 - 1

// appendLong appends an integer: as a number where a double holds it, as text otherwise. Whoever reads JSON as JavaScript does would else get a
// different number, and identifiers are what numbers that large usually are.
func appendLong(dst []byte, n int64) []byte {
	if n > maxSafeInteger || n < -maxSafeInteger {
		dst = append(dst, '"')
		dst = strconv.AppendInt(dst, n, 10)
		return append(dst, '"')
	}
	return strconv.AppendInt(dst, n, 10)
}

// appendNumber appends a double, null where it is not finite.
func appendNumber(dst []byte, f float64) []byte { return appendFloat(dst, f, 64) }

// appendFloat appends the shortest decimal that reads back as f in so many bits: a float that was written as 0.1 is 0.1 and not
// 0.10000000149011612.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case f == 0: // -0 too
		return append(dst, '0')
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	// Go writes two digits of exponent at least, JavaScript one.
	if n := len(dst); n-from >= len("1e-07") && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendString appends text that is valid UTF-8.
func appendString[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	dst = append(dst, text[from:]...)
	return append(dst, '"')
}

// compareKeys orders the members of an object that Avro leaves without order: first the keys that JavaScript takes for array indexes, in
// ascending order, because it would put them there; then the others by their bytes.
func compareKeys(a, b []byte) int {
	i, aIsIndex := arrayIndex(a)
	j, bIsIndex := arrayIndex(b)
	switch {
	case aIsIndex && bIsIndex:
		return cmp.Compare(i, j)
	case aIsIndex:
		return -1
	case bIsIndex:
		return 1
	}
	return bytes.Compare(a, b)
}

// arrayIndex is the number from 0 to 4294967294 that a key spells without sign or leading zeros.
func arrayIndex(key []byte) (n uint64, ok bool) {
	if len(key) == 0 || len(key) > len("4294967294") || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	for _, c := range key {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n < math.MaxUint32
}
