//go:build differential

package mapping

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"segment-webhooks/mapping/document"
)

// author writes mappings and events at random, as JSON text.
type author struct {
	*rand.Rand
	templates []string // of Liquid
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// quotedText returns s as JSON.
func quotedText(s string) string { return string(quoted(s)) }

// keys are those of events and of mappings. Few, so that paths lead somewhere.
func (a author) key() string {
	if a.IntN(40) == 0 {
		return pick(a.Rand, "", "0", "1", "01", "length", "é", "😀", "\xed\xa0\xbd", "a.b", "x y", "q'r", `s"t`, "[0]", "$", "@", "__proto__", "toString", "constructor", "4294967295")
	}
	return pick(a.Rand, "a", "b", "c", "type", "event", "properties", "traits", "items", "n", "s")
}

// texts hold what case mapping, replacing, searching and escaping stumble over.
func (a author) text() string {
	if a.IntN(8) > 0 {
		return pick(a.Rand, "", "a", "b", "x", "ab", "Order Completed", "5", "true", "null", "{}", "[1]", `{"a":{"b":[1,null]}}`, "a.b", "a-b-c", "$.a", "0", " ")
	}
	pieces := []string{
		"Straße", "ΑΣ", "ς", "σ", "İ", "ı", "ſ", "K", "ﬁ", "é", "e\u0301", "😀", "𐐨", "\xed\xa0\xbd", "\xed\xb8\x80", "\u2028", "\ufeff", "\x7f", "\x00", "\n", "\t",
		`"`, `\`, `\\`, "$&", "$$", "$'", "$`", "$1", "{{a}}", "{{{b}}}", "{{ items.0 }}", "{{", "}}", "<", "\u00a0", "\U0010ffff", "1e400", "-0", "[", "]", "(", ")", "*", "+", "?", ".", "^", "|", "/",
	}
	var b strings.Builder
	for range 1 + a.IntN(3) {
		b.WriteString(pick(a.Rand, pieces...))
	}
	return b.String()
}

func (a author) number() string {
	if a.IntN(4) > 0 {
		return strconv.Itoa(a.IntN(20) - 5)
	}
	return pick(a.Rand, "0", "-0", "0.0", "1.0", "1.50", "1e3", "1E+21", "1e21", "123456789012345678901234567890", "1e-7", "0.000001", "5e-324", "1.7976931348623157e308",
		"9007199254740993", "0.1", "-1e-10", "1e400", "-1e400", "4294967295")
}

func (a author) scalar() string {
	switch a.IntN(6) {
	case 0:
		return pick(a.Rand, "true", "false")
	case 1:
		return "null"
	case 2, 3:
		return a.number()
	}
	return quotedText(a.text())
}

// blank is mostly nothing.
func (a author) blank() string {
	if a.IntN(30) == 0 {
		return pick(a.Rand, " ", "\n", "\t", "\r\n ")
	}
	return ""
}

func (a author) list(open, closing string, n int, element func() string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = a.blank() + element() + a.blank()
	}
	return open + strings.Join(parts, ",") + closing
}

func (a author) object(n int, value func() string) string {
	return a.list("{", "}", n, func() string { return quotedText(a.key()) + a.blank() + ":" + a.blank() + value() })
}

// json writes any value.
func (a author) json(depth int) string {
	inner := func() string { return a.json(depth - 1) }
	k := a.IntN(6)
	switch {
	case depth == 0 || k < 3:
		return a.scalar()
	case k == 3:
		return a.list("[", "]", a.IntN(4), inner)
	}
	return a.object(a.IntN(5), inner)
}

func (a author) event() string { return a.object(2+a.IntN(8), func() string { return a.json(4) }) }

// path writes a path in one of its spellings.
func (a author) path() string {
	if a.IntN(25) == 0 {
		return pick(a.Rand, "", "$", "$.", ".", "..", "$.$.a", "a$.b", "[", "]", "a[", "a]b", "a[b]", "['a", "a..b", `["a"]["b"]`, "$['a']", "a[0]]", "x y", " a ", "@", "a.'b'", "$.length")
	}
	var b strings.Builder
	b.WriteString(pick(a.Rand, "$.", "$.", "$.", ""))
	for i := range 1 + a.IntN(3) {
		key := a.key()
		switch {
		case a.IntN(8) == 0:
			b.WriteString("[" + pick(a.Rand, "0", "1", `'`+key+`'`, `"`+key+`"`) + "]")
			continue
		case i > 0:
			b.WriteByte('.')
		}
		b.WriteString(pick(a.Rand, key, key, key, "length", "0"))
	}
	return b.String()
}

func (a author) template() string {
	var b strings.Builder
	for range a.IntN(5) {
		b.WriteString(pick(a.Rand, "{{"+a.path()+"}}", "{{ "+a.path()+" }}", "{{{"+a.path()+"}}}", a.text(), "{{}}", "{{{}}}", "}}{{", "{ {a}}"))
	}
	return b.String()
}

// mapping writes a piece of a mapping: plain JSON with directives in it, or a directive.
func (a author) mapping(depth int) string {
	inner := func() string { return a.mapping(depth - 1) }
	k := a.IntN(10)
	switch {
	case depth == 0 && k < 4, k == 0:
		return a.scalar()
	case depth == 0:
		return a.directive("@path", depth)
	case k == 1:
		return a.list("[", "]", a.IntN(4), inner)
	case k < 5:
		return a.object(a.IntN(4), inner)
	}
	return a.directive(pick(a.Rand, append(directiveNames(), "@path", "@template")...), depth)
}

// directive writes one, spoiled now and then.
func (a author) directive(name string, depth int) string {
	options := a.options(name, depth)
	switch a.IntN(120) {
	case 0:
		name = pick(a.Rand, "@Path", "@", "@nope", "path", "@path ", "@if2")
	case 1:
		options = a.mapping(max(depth-1, 0))
	case 2:
		return `{` + quotedText(name) + `:` + options + `,` + pick(a.Rand, `"_metadata":{"@path":1}`, `"x":1`, `"@path":"$.a"`) + `}`
	}
	return `{` + quotedText(name) + `:` + options + `}`
}

// options writes what belongs below a directive.
func (a author) options(name string, depth int) string {
	below := max(depth-1, 0)
	value := func() string { return a.mapping(below) }
	switch name {
	case "@path":
		if a.IntN(30) == 0 {
			return value()
		}
		return quotedText(a.path())
	case "@template":
		if a.IntN(30) == 0 {
			return value()
		}
		return quotedText(a.template())
	case "@liquid":
		return quotedText(pick(a.Rand, a.templates...))
	case "@literal", "@excludeWhenNull":
		return value()
	case "@arrayPath":
		from := func() string { return quotedText(pick(a.Rand, a.path(), "$.items")) }
		return "[" + pick(a.Rand, from, from, from, value)() + pick(a.Rand, ","+a.object(1+a.IntN(3), value), ","+value(), "") + "]"
	}
	return a.named(a.pairs(name, value))
}

// pairs returns the options of a directive that has several, each a key and its value.
func (a author) pairs(name string, value func() string) []string {
	word := func(odd string, words ...string) string { return quotedText(a.rarely(odd, pick(a.Rand, words...))) }
	short := func() string {
		text := []rune(a.text())
		return quotedText(string(text[:min(len(text), 8)]))
	}
	// What may be a text, or an object, or else a directive.
	text := func() string {
		return a.rarely(value(), pick(a.Rand, quotedText(a.text()), a.directive("@path", 0), a.directive("@template", 0), value()))
	}
	object := func() string {
		return a.rarely(value(), pick(a.Rand, a.object(1+a.IntN(3), value), a.directive("@path", 0), a.object(2, value)))
	}
	flag := func() string { return a.rarely(`"yes"`, pick(a.Rand, "true", "false")) }
	switch name {
	case "@if":
		return []string{pick(a.Rand, "exists", "blank"), value(), "then", value(), "else", value()}
	case "@case":
		return []string{"operator", word("Upper", "lower", "upper"), "value", text()}
	case "@replace":
		return []string{
			"value", text(), "pattern", short(), "replacement", short(), "global", flag(), "ignorecase", flag(),
			"pattern2", short(), "replacement2", short(),
		}
	case "@merge":
		return []string{"objects", a.list("[", "]", a.IntN(4), object), "direction", word("LEFT", "left", "right")}
	case "@transform":
		return []string{"apply", object(), "mapping", object()}
	case "@flatten":
		return []string{"value", value(), "separator", word("", ".", "_", "__"), "omitArrays", flag()}
	}
	return []string{"value", value(), "mode", word("Encode", "encode", "decode")} // @json
}

// rarely returns what is odd now and then.
func (a author) rarely(odd, usual string) string {
	if a.IntN(25) == 0 {
		return odd
	}
	return usual
}

// named writes an object of options, in which some may be missing, more often the later ones.
func (a author) named(pairs []string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		if i >= 4 && a.IntN(3) == 0 || a.IntN(60) == 0 {
			continue
		}
		parts = append(parts, quotedText(pairs[i])+":"+pairs[i+1])
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// whole writes a mapping from the root.
func (a author) whole() string {
	if a.IntN(10) > 0 {
		return a.object(1+a.IntN(3), func() string { return a.mapping(3) })
	}
	if a.IntN(3) > 0 {
		return a.directive(pick(a.Rand, directiveNames()...), 3)
	}
	return `{` + quotedText(rootDirectiveKey) + `:` + pick(a.Rand, a.directive("@transform", 2), a.directive("@merge", 2), a.mapping(2)) +
		`,"a":` + a.mapping(2) + `,"b":` + a.mapping(1) + `}`
}

// changed puts other things in the place of some values of a mapping.
func (a author) changed(v document.Value) document.Value {
	if a.IntN(12) == 0 {
		other, _ := document.Parse([]byte(a.mapping(1)))
		return other
	}
	switch v.Kind() {
	case document.Array:
		elements := make([]document.Value, v.Len())
		for i := range elements {
			elements[i] = a.changed(v.Index(i))
		}
		return document.ArrayValue(elements)
	case document.Object:
		var members []document.Member
		for _, member := range v.Members() {
			members = append(members, document.Member{Key: member.Key, Value: a.changed(member.Value)})
		}
		return document.ObjectValue(members)
	}
	return v
}
