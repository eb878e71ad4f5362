package document

import (
	"strings"
	"unicode/utf8"
)

// IsASCII reports whether every byte of s is a character, and so a UTF-16 unit, of its own.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// HasSurrogate reports whether s, which is WTF-8, holds an unpaired surrogate: half a character.
func HasSurrogate(s string) bool { return !utf8.ValidString(s) }

// IsBlank reports whether r is white space or a line end to JavaScript: what \s matches and trim removes.
func IsBlank(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}

// TrimBlanks returns what JavaScript's trim gives: s without the blanks at its ends.
func TrimBlanks(s string) string { return strings.TrimFunc(s, IsBlank) }
