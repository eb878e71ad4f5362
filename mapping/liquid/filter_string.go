package liquid

import (
	"errors"
	"iter"
	"math"
	"strings"
	"unicode"

	"segment-webhooks/mapping/document"
)

// errOneArgument is what liquidjs asserts for append and prepend.
var errOneArgument = errors.New("takes exactly one argument")

func appendFilter(r *renderer, in value, args arguments) (value, error) {
	left, right, err := r.textPair(in, args)
	return str(left + right), err
}

func prepend(r *renderer, in value, args arguments) (value, error) {
	left, right, err := r.textPair(in, args)
	return str(right + left), err
}

func (r *renderer) textPair(in value, args arguments) (left, right string, err error) {
	if len(args) != 1 {
		return "", "", errOneArgument
	}
	return r.texts2(in, args[0])
}

// texts2 returns the text of two values and pays for it.
func (r *renderer) texts2(a, b value) (s, t string, err error) {
	if s, err = r.chargedText(a); err != nil {
		return "", "", err
	}
	t, err = r.chargedText(b)
	return s, t, err
}

// capitalize returns s with its first unit in upper and the rest in lower case.
func capitalize(s string) string {
	return document.Upper(slice(s, 0, 1)) + document.Lower(slice(s, 1, len(s)))
}

// stripSet returns the units that strip, lstrip and rstrip remove if they are given an argument. JavaScript makes
// the set of characters, so those beyond U+FFFF match no unit.
func (r *renderer) stripSet(v value) (map[uint16]bool, error) {
	s, err := r.chargedText(v)
	if err != nil {
		return nil, err
	}
	set := make(map[uint16]bool)
	for len(s) > 0 {
		c, n := document.DecodeRune(s)
		if c <= 0xffff {
			set[uint16(c)] = true
		}
		s = s[n:]
	}
	return set, nil
}

// stripEnds removes blanks, or the units of the argument, at the ends that are asked for.
func (r *renderer) stripEnds(in value, args arguments, left, right bool) (value, error) {
	s, err := r.chargedText(in)
	if err != nil {
		return value{}, err
	}
	if !args.at(0).given() {
		if left {
			s = strings.TrimLeftFunc(s, document.IsBlank)
		}
		if right {
			s = strings.TrimRightFunc(s, document.IsBlank)
		}
		return str(s), nil
	}
	set, err := r.stripSet(args[0])
	if err != nil {
		return value{}, err
	}
	u := document.ToUTF16(s)
	for left && len(u) > 0 && set[u[0]] {
		u = u[1:]
	}
	for right && len(u) > 0 && set[u[len(u)-1]] {
		u = u[:len(u)-1]
	}
	return str(document.FromUTF16(u)), nil
}

func strip(r *renderer, in value, args arguments) (value, error) {
	return r.stripEnds(in, args, true, true)
}

func lstrip(r *renderer, in value, args arguments) (value, error) {
	return r.stripEnds(in, args, true, false)
}

func rstrip(r *renderer, in value, args arguments) (value, error) {
	return r.stripEnds(in, args, false, true)
}

func stripNewlines(s string) string {
	return strings.NewReplacer("\r\n", "", "\n", "").Replace(s)
}

// normalizeWhitespace replaces every run of blanks by one space.
func normalizeWhitespace(s string) string { return replaceRuns(s, " ", document.IsBlank) }

// replaceRuns replaces every run of what is by replacement.
func replaceRuns(s, replacement string, is func(rune) bool) string {
	var out strings.Builder
	for from, inside := 0, false; from < len(s); {
		c, n := document.DecodeRune(s[from:])
		switch {
		case !is(c):
			out.WriteString(s[from : from+n])
			inside = false
		case !inside:
			out.WriteString(replacement)
			inside = true
		}
		from += n
	}
	return out.String()
}

// replaceAll is replace and remove. An empty pattern stands between all units.
func (r *renderer) replaceAll(in, pattern, replacement value) (value, error) {
	s, p, err := r.texts2(in, pattern)
	if err != nil {
		return value{}, err
	}
	with, err := r.text(replacement)
	if err != nil {
		return value{}, err
	}
	if p == "" || document.HasSurrogate(p) {
		if err := r.charge(len(s) * (elementCost + len(with))); err != nil {
			return value{}, err
		}
		return str(strings.Join(split(s, p), with)), nil
	}
	if err := r.charge(strings.Count(s, p) * len(with)); err != nil {
		return value{}, err
	}
	return str(strings.ReplaceAll(s, p, with)), nil
}

func replace(r *renderer, in value, args arguments) (value, error) {
	return r.replaceAll(in, args.at(0), args.at(1))
}

func remove(r *renderer, in value, args arguments) (value, error) {
	return r.replaceAll(in, args.at(0), value{})
}

// replaceOne replaces the part that find gives.
func (r *renderer) replaceOne(in, pattern, replacement value, find func(s, part string) int) (value, error) {
	s, p, err := r.texts2(in, pattern)
	if err != nil {
		return value{}, err
	}
	with, err := r.chargedText(replacement)
	if err != nil {
		return value{}, err
	}
	before, behind, found := cut(s, p, find)
	if !found {
		return str(s), nil
	}
	return str(before + with + behind), nil
}

func replaceFirst(r *renderer, in value, args arguments) (value, error) {
	return r.replaceOne(in, args.at(0), args.at(1), strings.Index)
}

func replaceLast(r *renderer, in value, args arguments) (value, error) {
	return r.replaceOne(in, args.at(0), args.at(1), strings.LastIndex)
}

func removeFirst(r *renderer, in value, args arguments) (value, error) {
	return r.replaceOne(in, args.at(0), value{}, strings.Index)
}

func removeLast(r *renderer, in value, args arguments) (value, error) {
	return r.replaceOne(in, args.at(0), value{}, strings.LastIndex)
}

// splitFilter is split. Empty pieces at the end are dropped, as in Ruby.
func splitFilter(r *renderer, in value, args arguments) (value, error) {
	s, separator, err := r.texts2(in, args.at(0))
	if err != nil {
		return value{}, err
	}
	if s == "" {
		return array(nil), nil
	}
	n := len(s)
	if separator != "" && !document.HasSurrogate(separator) {
		n = strings.Count(s, separator) + 1
	}
	if err := r.charge(n * elementCost); err != nil {
		return value{}, err
	}
	pieces := split(s, separator)
	for len(pieces) > 0 && pieces[len(pieces)-1] == "" {
		pieces = pieces[:len(pieces)-1]
	}
	elements := make([]document.Value, len(pieces))
	for i, p := range pieces {
		elements[i] = document.StringValue(p)
	}
	return array(elements), nil
}

// truncate returns its input if it has no more than the given number of units, otherwise its start with three dots or
// the second argument, which count.
func truncate(r *renderer, in value, args arguments) (value, error) {
	s, ellipsis, err := r.texts2(in, args.or(1, str("...")))
	if err != nil {
		return value{}, err
	}
	most, err := r.toNumber(args.or(0, number(50)))
	if err != nil {
		return value{}, err
	}
	if float64(document.UTF16Len(s)) <= most {
		return in, nil
	}
	return str(slice(s, 0, toInt(most-float64(document.UTF16Len(ellipsis)))) + ellipsis), nil
}

// truncateWords returns the given number of words, joined by single spaces, with three dots or the second argument.
// As in liquidjs the dots are there even if exactly that many words were.
func truncateWords(r *renderer, in value, args arguments) (value, error) {
	s, ellipsis, err := r.texts2(in, args.or(1, str("...")))
	if err != nil {
		return value{}, err
	}
	most, err := r.toNumber(args.or(0, number(15)))
	if err != nil {
		return value{}, err
	}
	if most <= 0 {
		most = 1
	}
	var out strings.Builder
	n := 0.0
	for w := range words(s) {
		if n++; n <= math.Trunc(most) {
			if n > 1 {
				out.WriteByte(' ')
			}
			out.WriteString(w)
		}
		if n >= most {
			out.WriteString(ellipsis)
			break
		}
	}
	return str(out.String()), nil
}

// words returns the pieces between runs of blanks; the first and the last may be empty.
func words(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from, inside := 0, false
		for i, r := range s {
			if document.IsBlank(r) == inside {
				continue
			}
			if inside = !inside; !inside {
				from = i
			} else if !yield(s[from:i]) {
				return
			}
		}
		if inside {
			from = len(s)
		}
		yield(s[from:])
	}
}

// numberOfWords counts words between blanks. In mode cjk, and in mode auto where there are any, each Chinese, Japanese
// or Korean character is a word.
func numberOfWords(r *renderer, in value, args arguments) (value, error) {
	s, err := r.chargedText(in)
	if err != nil {
		return value{}, err
	}
	s = strings.TrimFunc(s, document.IsBlank)
	if s == "" {
		return number(0), nil
	}
	mode := args.at(0)
	if mode.literal == none && (mode.Str() == "cjk" || mode.Str() == "auto" && strings.IndexFunc(s, isCJK) >= 0) {
		n, inside := 0, false
		for _, r := range s {
			switch {
			case isCJK(r):
				n++
				inside = false
			case document.IsBlank(r):
				inside = false
			case !inside:
				n++
				inside = true
			}
		}
		return number(float64(n)), nil
	}
	n := 0.0
	for range words(s) {
		n++
	}
	return number(n), nil
}

func isCJK(r rune) bool {
	return unicode.Is(cjk, r)
}

// cjk are the blocks that number_of_words counts by character.
var cjk = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x3040, Hi: 0x30ff, Stride: 1}, // Hiragana, Katakana
	{Lo: 0x3400, Hi: 0x4dbf, Stride: 1}, // CJK extension A
	{Lo: 0x4e00, Hi: 0x9fff, Stride: 1}, // CJK
	{Lo: 0xac00, Hi: 0xd7af, Stride: 1}, // Hangul
	{Lo: 0xf900, Hi: 0xfaff, Stride: 1}, // CJK compatibility
}}
