package limit

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// numberCanonical settles a number that scanNumber was not sure of.
func numberCanonical(b []byte) bool {
	var tmp [40]byte
	return string(appendNumber(tmp[:0], b)) == string(b)
}

// appendNumber appends JavaScript's form of a valid JSON number.
func appendNumber(dst, b []byte) []byte {
	f, _ := strconv.ParseFloat(string(b), 64)
	if math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	if f == 0 {
		return append(dst, '0')
	}
	if a := math.Abs(f); a >= 1e21 || a < 1e-6 {
		at := len(dst)
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		if n := len(dst); n-at > 3 && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendCanonical appends JSON.stringify(JSON.parse(b)) for valid b whose keys
// are neither duplicate nor integer-like (Scan says so).
func appendCanonical(dst, b []byte) []byte {
	from, i := 0, 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			e, fl := scanString(b, i+1)
			if fl&4 != 0 || fl&2 != 0 && !utf8.Valid(b[i+1:e]) {
				dst = append(dst, b[from:i+1]...)
				dst = appendString(dst, b[i+1:e])
				from = e
			}
			i = e + 1
		case c == '-' || c-'0' <= 9:
			e, canon := scanNumber(b, i)
			if !canon {
				dst = append(dst, b[from:i]...)
				dst = appendNumber(dst, b[i:e])
				from = e
			}
			i = e
		case c <= ' ':
			dst = append(dst, b[from:i]...)
			for i++; i < len(b) && b[i] <= ' '; i++ {
			}
			from = i
		default:
			i++
		}
	}
	return append(dst, b[from:]...)
}

const hexd = "0123456789abcdef"

// appendString appends the inner part of a JSON string, decoded and encoded
// again as JavaScript does (lone surrogates stay \udXXX).
func appendString(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		if c != '\\' {
			if c < utf8.RuneSelf {
				dst = append(dst, c)
				i++
				continue
			}
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, "\uFFFD"...)
			} else {
				dst = append(dst, b[i:i+n]...)
			}
			i += n
			continue
		}
		switch b[i+1] {
		case '/':
			dst = append(dst, '/')
			i += 2
		case 'u':
			v, _ := hex4(b[i+2:])
			i += 6
			if v >= 0xd800 && v < 0xe000 {
				if v < 0xdc00 && i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
					if l, _ := hex4(b[i+2:]); l >= 0xdc00 && l < 0xe000 {
						dst = utf8.AppendRune(dst, rune((v-0xd800)<<10|(l-0xdc00))+0x10000)
						i += 6
						continue
					}
				}
				dst = append(dst, '\\', 'u', hexd[v>>12], hexd[v>>8&15], hexd[v>>4&15], hexd[v&15])
				continue
			}
			dst = appendRune(dst, v)
		default:
			dst = append(dst, '\\', b[i+1])
			i += 2
		}
	}
	return dst
}

func appendRune(dst []byte, v int) []byte {
	switch v {
	case '"':
		return append(dst, '\\', '"')
	case '\\':
		return append(dst, '\\', '\\')
	case 8:
		return append(dst, '\\', 'b')
	case 9:
		return append(dst, '\\', 't')
	case 10:
		return append(dst, '\\', 'n')
	case 12:
		return append(dst, '\\', 'f')
	case 13:
		return append(dst, '\\', 'r')
	}
	if v < 0x20 {
		return append(dst, '\\', 'u', '0', '0', hexd[v>>4], hexd[v&15])
	}
	return utf8.AppendRune(dst, rune(v))
}
