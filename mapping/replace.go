package mapping

import (
	"strings"

	"segment-webhooks/mapping/document"
)

// replaceLimit is how long each pattern and each replacement of an @replace may be, in UTF-16 units.
const replaceLimit = 10

// replace is @replace: one or two literal texts replaced in a string, number or boolean.
type replace struct {
	value node
	// broken is set where a pattern, replacement or flag has the wrong type. Validation refuses that where it looks;
	// where it does not, the outcome is an empty string.
	broken bool
	passes []substitution
	// tooLong is the error of a text beyond replaceLimit, which only a string, number or boolean brings to light.
	tooLong *ResolveError
}

func (n replace) eval(in document.Value) (document.Value, error) {
	v, err := n.value.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	switch v.Kind() {
	case document.String, document.Number, document.Bool:
	default:
		return document.StringValue(""), nil
	}
	if n.broken {
		return document.StringValue(""), nil
	}
	if n.tooLong != nil {
		return document.Value{}, n.tooLong
	}
	text := v.Text()
	for _, pass := range n.passes {
		text = pass.apply(text)
	}
	return document.StringValue(text), nil
}

// substitution replaces a literal text the way JavaScript's String.prototype.replace does with a regular expression
// that is nothing but the escaped text: it compares UTF-16 units and honours $$, $&, $` and $' in the replacement.
type substitution struct {
	pattern     string
	replacement string
	global      bool
	ignoreCase  bool
}

// apply returns s, which is WTF-8, with the pattern replaced. Halves of a surrogate pair that come to stand beside
// each other are left for the caller to join.
func (r substitution) apply(s string) string {
	pattern, units := r.pattern, false
	if r.ignoreCase || document.HasSurrogate(pattern) {
		// Half a pair can match, and letters beyond U+FFFF do not fold.
		s, pattern, units = document.SplitPairs(s), document.SplitPairs(pattern), true
	}
	var b strings.Builder
	done := 0
	for from := 0; from < len(s); {
		var start, end int
		switch {
		case r.ignoreCase:
			start, end = indexFold(s, pattern, from)
		default:
			start = indexFrom(s, pattern, from)
			end = start + len(pattern)
		}
		if start < 0 {
			break
		}
		b.WriteString(s[done:start])
		r.expand(&b, s, start, end)
		done, from = end, end
		if !r.global {
			break
		}
	}
	if done == 0 && !units {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// expand writes the replacement for the match s[start:end].
func (r substitution) expand(b *strings.Builder, s string, start, end int) {
	text := r.replacement
	for {
		dollar := strings.IndexByte(text, '$')
		if dollar < 0 || dollar+1 == len(text) {
			b.WriteString(text)
			return
		}
		b.WriteString(text[:dollar])
		switch text[dollar+1] {
		case '$':
			b.WriteByte('$')
		case '&':
			b.WriteString(s[start:end])
		case '`':
			b.WriteString(s[:start])
		case '\'':
			b.WriteString(s[end:])
		default:
			b.WriteByte('$')
			text = text[dollar+1:]
			continue
		}
		text = text[dollar+2:]
	}
}

func indexFrom(s, pattern string, from int) int {
	if i := strings.Index(s[from:], pattern); i >= 0 {
		return from + i
	}
	return -1
}

// indexFold finds pattern at or behind from, comparing unit by unit without regard to case. Both texts are without
// pairs. It returns -1 where there is none.
func indexFold(s, pattern string, from int) (start, end int) {
	for start = from; start < len(s); start += width(s[start:]) {
		end = start
		rest := pattern
		for rest != "" && end < len(s) {
			want, got := width(rest), width(s[end:])
			if foldUnit(rest[:want]) != foldUnit(s[end:end+got]) {
				break
			}
			rest, end = rest[want:], end+got
		}
		if rest == "" {
			return start, end
		}
	}
	return -1, -1
}

// width returns how many bytes the first unit of s has.
func width(s string) int {
	_, n := document.DecodeRune(s)
	return n
}

// foldUnit maps one UTF-16 unit, as WTF-8, to the form in which JavaScript compares it when case does not count: its
// upper case, unless that is more than one unit or leaves the non-ASCII characters.
func foldUnit(unit string) string {
	if len(unit) == 1 {
		if c := unit[0]; 'a' <= c && c <= 'z' {
			return strings.ToUpper(unit)
		}
		return unit
	}
	upper := document.Upper(unit)
	if len(upper) < 2 || document.UTF16Len(upper) != 1 {
		return unit
	}
	return upper
}
