package document

import "unicode/utf16"

// unescape returns the character that the escape sequence at the start of s stands for, and the length of the sequence:
// 0 if it is malformed. The two sequences of a surrogate pair are one; an unpaired surrogate is a character.
func unescape[T string | []byte](s T) (r rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch c := s[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r = hexUnit(s[2:])
		if r < 0 {
			return 0, 0
		}
		if isHigh(r) && len(s) > 8 && s[6] == '\\' && s[7] == 'u' {
			if low := hexUnit(s[8:]); isLow(low) {
				return joinSurrogates(r, low), 12
			}
		}
		return r, 6
	}
	return 0, 0
}

// hexUnit returns the UTF-16 unit that four hexadecimal digits spell, -1 if they are none.
func hexUnit[T string | []byte](s T) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendDecoded appends the text that raw, the inner part of a valid JSON string, stands for.
func appendDecoded[T string | []byte](dst []byte, raw T) []byte {
	for len(raw) > 0 {
		plain := plainLen(raw)
		dst = appendUTF8(dst, raw[:plain])
		if raw = raw[plain:]; len(raw) > 0 {
			r, n := unescape(raw)
			dst = AppendRune(dst, r)
			raw = raw[n:]
		}
	}
	return dst
}

// plainLen returns how many bytes of raw are before its first backslash.
func plainLen[T string | []byte](raw T) int {
	for i := range len(raw) {
		if raw[i] == '\\' {
			return i
		}
	}
	return len(raw)
}

// mustEscape reports whether JSON.stringify writes r as an escape sequence.
func mustEscape(r rune) bool { return r < ' ' || r == '"' || r == '\\' || utf16.IsSurrogate(r) }

const hexDigits = "0123456789abcdef"

// appendEscape appends the escape that JSON.stringify writes for a character that it does not write as it is.
func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
