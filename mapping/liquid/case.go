package liquid

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// upper and lower are JavaScript's toUpperCase and toLowerCase: full Unicode case mapping without a language.
func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return mapWhole(s, cases.Upper(language.Und))
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return mapWhole(s, cases.Lower(language.Und))
}

// mapWhole maps what stands between half characters, which have no case and which a Caser would replace.
func mapWhole(s string, c cases.Caser) string {
	if utf8.ValidString(s) {
		return c.String(s)
	}
	var out strings.Builder
	for from, at := 0, 0; ; {
		r, n := decode(s[at:])
		if n > 0 && !isHalf(r) {
			at += n
			continue
		}
		out.WriteString(c.String(s[from:at]))
		if n == 0 {
			return out.String()
		}
		out.WriteString(s[at : at+n])
		at += n
		from = at
	}
}
