package document

import (
	"strings"
	"unicode/utf16"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Upper returns what JavaScript's toUpperCase gives: s by the full rules of Unicode, by which one letter may become
// several, and of no language in particular. s is WTF-8.
func Upper(s string) string {
	if IsASCII(s) {
		return strings.ToUpper(s)
	}
	return changeCase(s, cases.Upper(language.Und))
}

// Lower is Upper for toLowerCase.
func Lower(s string) string {
	if IsASCII(s) {
		return strings.ToLower(s)
	}
	return changeCase(s, cases.Lower(language.Und))
}

// changeCase maps what stands between unpaired surrogates, which have no case and which a Caser would replace.
func changeCase(s string, c cases.Caser) string {
	if !HasSurrogate(s) {
		return c.String(s)
	}
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); {
		r, n := DecodeRune(s[i:])
		if utf16.IsSurrogate(r) {
			b.WriteString(c.String(s[from:i]))
			b.WriteString(s[i : i+n])
			from = i + n
		}
		i += n
	}
	b.WriteString(c.String(s[from:]))
	return b.String()
}
