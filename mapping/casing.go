package mapping

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"segment-webhooks/mapping/document"
)

// casing is @case: a string in upper or lower case, anything else as it is.
type casing struct {
	value  node
	change func(string) string
	bad    *ResolveError // set instead of change where the operator is none; only a string brings it to light
}

func (n casing) eval(in document.Value) (document.Value, error) {
	v, err := n.value.eval(in)
	if err != nil || v.Kind() != document.String {
		return v, err
	}
	if n.bad != nil {
		return document.Value{}, n.bad
	}
	return document.StringValue(n.change(v.Str())), nil
}

func toUpper(s string) string { return changeCase(s, strings.ToUpper, cases.Upper) }
func toLower(s string) string { return changeCase(s, strings.ToLower, cases.Lower) }

// changeCase maps s by the full rules of Unicode, whatever the locale: one letter may become several. Unpaired
// surrogates, which the mapping does not know, stay.
func changeCase(s string, ascii func(string) string, full func(language.Tag, ...cases.Option) cases.Caser) string {
	if isASCII(s) {
		return ascii(s)
	}
	if utf8.ValidString(s) {
		return full(language.Und).String(s)
	}
	var b strings.Builder
	start := 0
	for i := 0; i < len(s); {
		n := width(s[i])
		if !utf8.ValidString(s[i : i+n]) {
			b.WriteString(full(language.Und).String(s[start:i]))
			b.WriteString(s[i : i+n])
			start = i + n
		}
		i += n
	}
	b.WriteString(full(language.Und).String(s[start:]))
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
