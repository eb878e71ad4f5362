package mapping

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// width returns how many bytes the WTF-8 character has that begins with c.
func width(c byte) int {
	switch {
	case c < 0x80:
		return 1
	case c < 0xe0:
		return 2
	case c < 0xf0:
		return 3
	}
	return 4
}

// hasSurrogate reports whether s holds an unpaired surrogate.
func hasSurrogate(s string) bool { return !utf8.ValidString(s) }

// splitPairs returns s with every character beyond U+FFFF as its two surrogates.
func splitPairs(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > 0xffff }) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		n := width(s[i])
		if n < 4 {
			b.WriteString(s[i : i+n])
		} else {
			r, _ := utf8.DecodeRuneInString(s[i:])
			r -= 0x10000
			writeSurrogate(&b, 0xd800|r>>10)
			writeSurrogate(&b, 0xdc00|r&0x3ff)
		}
		i += n
	}
	return b.String()
}

func writeSurrogate(b *strings.Builder, r rune) {
	b.WriteByte(0xe0 | byte(r>>12))
	b.WriteByte(0x80 | byte(r>>6)&0x3f)
	b.WriteByte(0x80 | byte(r)&0x3f)
}

// escapeSurrogates returns JSON text with its unpaired surrogates as \\u escapes, which says the same in UTF-8.
func escapeSurrogates(s string) string {
	if !hasSurrogate(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		n := width(s[i])
		if unit := s[i : i+n]; hasSurrogate(unit) {
			fmt.Fprintf(&b, "\\u%04x", 0xd000|rune(unit[1]&0x3f)<<6|rune(unit[2]&0x3f))
		} else {
			b.WriteString(unit)
		}
		i += n
	}
	return b.String()
}
