package liquid

import (
	"math"
	"strings"

	"segment-webhooks/mapping/document"
)

// Text is WTF-8 here as in package document, but JavaScript measures, cuts and searches it by UTF-16 units. Where
// that makes a difference the functions below work on units.

// slice returns the units of s from (included) to to (excluded), both limited to what there is.
func slice(s string, from, to int) string {
	if document.IsASCII(s) {
		from, to = clamp(from, len(s)), clamp(to, len(s))
		return s[from:max(from, to)]
	}
	u := document.ToUTF16(s)
	from, to = clamp(from, len(u)), clamp(to, len(u))
	return document.FromUTF16(u[from:max(from, to)])
}

func clamp(n, most int) int { return max(0, min(n, most)) }

// compare orders text by units.
func compare(a, b string) int {
	if document.IsASCII(a) && document.IsASCII(b) {
		return strings.Compare(a, b)
	}
	return strings.Compare(document.SplitPairs(a), document.SplitPairs(b))
}

// contains reports whether part stands somewhere in s.
func contains(s, part string) bool {
	if document.HasSurrogate(part) {
		return strings.Contains(document.SplitPairs(s), document.SplitPairs(part))
	}
	return strings.Contains(s, part)
}

// split returns what String.prototype.split does: the pieces of s between separators, the units of s where the
// separator is empty.
func split(s, separator string) []string {
	if separator == "" {
		return splitUnits(s)
	}
	if !document.HasSurrogate(separator) {
		return strings.Split(s, separator)
	}
	pieces := strings.Split(document.SplitPairs(s), document.SplitPairs(separator))
	for i := range pieces {
		pieces[i] = document.JoinPairs(pieces[i])
	}
	return pieces
}

// splitUnits returns every unit of s as a string of its own.
func splitUnits(s string) []string {
	out := make([]string, 0, len(s))
	if document.IsASCII(s) {
		for i := range len(s) {
			out = append(out, s[i:i+1])
		}
		return out
	}
	for _, u := range document.ToUTF16(s) {
		out = append(out, string(document.AppendRune(nil, rune(u))))
	}
	return out
}

// cut returns what stands before and behind the part of s that find, strings.Index or strings.LastIndex, gives.
func cut(s, part string, find func(s, part string) int) (before, behind string, found bool) {
	half := document.HasSurrogate(part)
	if half {
		s, part = document.SplitPairs(s), document.SplitPairs(part)
	}
	i := find(s, part)
	if i < 0 {
		return s, "", false
	}
	before, behind = s[:i], s[i+len(part):]
	if half {
		before, behind = document.JoinPairs(before), document.JoinPairs(behind)
	}
	return before, behind, true
}

// toInt returns the whole number that JavaScript makes of f where it wants one: truncated, 0 for NaN, limited to
// what an int surely holds.
func toInt(f float64) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f > math.MaxInt32:
		return math.MaxInt32
	case f < math.MinInt32:
		return math.MinInt32
	}
	return int(f)
}
