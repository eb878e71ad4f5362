package mapping

import (
	"strings"

	"segment-webhooks/mapping/document"
)

// path is where a value stands below an input: the keys to follow, one after the other. An empty path is the input
// itself.
type path []string

// parsePath splits a path as it is written in a mapping. Dots separate, so do an opening bracket before a quote or a
// digit and closing brackets behind one; empty pieces count for nothing and quotes are deleted. A key that holds a
// dot or a quote therefore cannot be named.
func parsePath(text string) path {
	if text == "" || text == "." {
		return nil
	}
	var keys path
	from := 0
	cut := func(to, next int) {
		if to > from {
			keys = append(keys, stripQuotes(text[from:to]))
		}
		from = next
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '.':
			cut(i, i+1)
		case c == '[' && i+1 < len(text) && isQuoteOrDigit(text[i+1]):
			cut(i, i+1)
		case c == ']' && i > 0 && isQuoteOrDigit(text[i-1]):
			end := i + 1
			for end < len(text) && text[end] == ']' {
				end++
			}
			cut(i, end)
			i = end - 1
		}
	}
	cut(len(text), len(text))
	return keys
}

// parseRootedPath is parsePath for @path and @arrayPath, which remove the first "$." wherever it stands.
func parseRootedPath(text string) path {
	return parsePath(strings.Replace(text, "$.", "", 1))
}

func stripQuotes(key string) string {
	if !strings.ContainsAny(key, `"'`) {
		return key
	}
	return strings.NewReplacer(`"`, "", "'", "").Replace(key)
}

func isQuoteOrDigit(c byte) bool {
	return c == '"' || c == '\'' || '0' <= c && c <= '9'
}

// in returns what stands at p below v. Walking stops at the first falsy value and yields it: below 0 stands 0.
func (p path) in(v document.Value) document.Value {
	for _, key := range p {
		if !v.Truthy() {
			return v
		}
		v = v.Get(key)
	}
	return v
}
