package trigger_test

import (
	"slices"
	"strings"
	"unicode/utf16"

	"segment-webhooks/mapping/document"
)

// This file is Segment's trigger parser and evaluator as they were observed, quirks and all, written a second time and
// apart from the package: what it does with a text is what the package's answers are held against. Names inherited from
// JavaScript's base objects are the one thing left out.

// segToken is a token; kind is one of the letters below.
type segToken struct {
	kind byte // i identifier, o operator, n number, s string, c and/or, 0 null, e end, or the mark . [ ] , ( ) itself
	text string
}

// segTerminator tells whether a word or operator may end before unit i.
func segTerminator(s []uint16, i int) bool {
	return i >= len(s) || strings.ContainsRune(" \t\n,])", rune(s[i]))
}

func segLetter(u uint16) bool { return 'a' <= u|0x20 && u|0x20 <= 'z' && u < 0x80 }
func segDigit(u uint16) bool  { return '0' <= u && u <= '9' }

func segLex(text string) (tokens []segToken, ok bool) {
	s := utf16.Encode([]rune(text))
	unit := func(i int) uint16 {
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '!' && (segLetter(unit(i+1)) || unit(i+1) == '('), c == '=':
			tokens = append(tokens, segToken{'o', string(rune(c))})
			i++
		case c == '!' && unit(i+1) == '=' && segTerminator(s, i+2):
			tokens = append(tokens, segToken{'o', "!="})
			i += 2
		case c == '<' || c == '>':
			op := string(rune(c))
			if unit(i+1) == '=' && segTerminator(s, i+2) {
				op += "="
			}
			tokens = append(tokens, segToken{'o', op})
			i += len(op)
		case strings.ContainsRune(".[],()", rune(c)):
			tokens = append(tokens, segToken{byte(c), string(rune(c))})
			i++
		case segDigit(c) || c == '-' || c == '+':
			from, dots := i, 0
			for i++; segDigit(unit(i)) || unit(i) == '.'; i++ {
				if unit(i) == '.' {
					if dots++; dots > 1 || segTerminator(s, i+1) {
						return nil, false
					}
				}
			}
			if i-from >= 100000 {
				return nil, false
			}
			tokens = append(tokens, segToken{'n', string(utf16.Decode(s[from:i]))})
		case c == '"' || c == '\'':
			from := i
			for i++; i < len(s) && s[i] != c; i++ {
			}
			if i >= len(s) || i-from-1 >= 100000 {
				return nil, false
			}
			tokens = append(tokens, segToken{'s', string(utf16.Decode(s[from : i+1]))})
			if segTerminator(s, i+1) {
				i++
			}
		case segLetter(c) || c == '_' || c == '\\':
			word := segWord(s, i)
			if word.kind == 0 {
				return nil, false
			}
			tokens = append(tokens, word.segToken)
			i = word.end
		default:
			return nil, false
		}
	}
	return append(tokens, segToken{'e', "eos"}), true
}

// segWordEnd is a word and where it ends; kind 0 is an error.
type segWordEnd struct {
	segToken
	end int
}

func segWord(s []uint16, i int) segWordEnd {
	for _, keyword := range []string{"and", "or", "null"} {
		if n := i + len(keyword); n <= len(s) && string(utf16.Decode(s[i:n])) == keyword && segTerminator(s, n) {
			kind := byte('c')
			if keyword == "null" {
				kind = '0'
			}
			return segWordEnd{segToken{kind, keyword}, n}
		}
	}
	// Looking ahead for a keyword, Segment loses what it has looked at when the input ends first.
	if longest := map[uint16]int{'a': 3, 'n': 4}[s[i]]; len(s)-i < longest {
		lost := true
		for k := i; k < len(s); k++ {
			lost = lost && !segTerminator(s, k)
		}
		if lost {
			return segWordEnd{segToken{'i', string(rune(s[i]))}, len(s)}
		}
	}
	var text []uint16
	for i < len(s) && (segLetter(s[i]) || segDigit(s[i]) || s[i] == '_' || s[i] == '-' || s[i] == '\\') {
		if s[i] == '\\' {
			if i++; i == len(s) {
				return segWordEnd{}
			}
		}
		text = append(text, s[i])
		i++
	}
	if len(text) >= 100000 || !segTerminator(s, i) && !strings.ContainsRune(".(=!", rune(s[i])) {
		return segWordEnd{}
	}
	return segWordEnd{segToken{'i', string(utf16.Decode(text))}, i}
}

// segNode is a condition, a group (field "") or a hole (nil).
type segNode struct {
	op       string // of the condition, or and, or
	children []*segNode

	field string // type, event, name, userId, properties, traits, context
	name  string // the path below the last three
	value document.Value
}

// segParse reads a trigger; not ok is a text that Segment does not parse.
func segParse(text string) (*segNode, bool) {
	tokens, ok := segLex(text)
	if !ok {
		return nil, false
	}
	var joined []segToken
	for _, t := range tokens {
		if n := len(joined); t.kind == 'i' && n > 1 && joined[n-1].kind == '.' && joined[n-2].kind == 'i' {
			joined = joined[:n-1]
			joined[n-2].text += "." + t.text
			continue
		}
		joined = append(joined, t)
	}
	root, ok := segList(joined)
	if !ok || root == nil {
		return nil, false
	}
	if root.field != "" {
		root = &segNode{op: "and", children: []*segNode{root}}
	}
	return root, true
}

func segList(tokens []segToken) (n *segNode, ok bool) {
	var nodes []*segNode
	joint := "and"
	take := func() (t segToken) {
		if len(tokens) > 0 {
			t, tokens = tokens[0], tokens[1:]
		}
		return t
	}
	for len(tokens) > 0 && tokens[0].kind != 'e' {
		t := take()
		negated := ""
		if t.kind == 'o' && t.text == "!" && tokens[0].kind == 'i' && (tokens[0].text == "contains" || tokens[0].text == "match") {
			negated = "not_"
			t = take()
		}
		head, _, _ := strings.Cut(t.text, ".")
		switch {
		case t.kind == 'i' && (t.text == "contains" || t.text == "match"):
			if len(tokens) < 4 {
				return nil, false
			}
			take()
			field := take()
			take()
			if c := segCall(negated, t.text, field, take()); c != nil {
				nodes = append(nodes, c)
			}
			take()
		case t.kind == 'i' && slices.Contains([]string{"type", "event", "name", "userId", "properties", "traits", "context"}, head):
			if len(tokens) < 2 {
				return nil, false
			}
			sign := take()
			nodes = append(nodes, segCondition(t.text, sign.text, take()))
		case t.kind == 'c':
			joint = t.text
		case t.kind == '(':
			var inside []segToken
			for len(tokens) > 0 && tokens[0].kind != ')' {
				inside = append(inside, take())
			}
			if len(tokens) == 0 {
				return nil, false
			}
			take()
			child, ok := segList(append(inside, segToken{'e', "eos"}))
			if !ok {
				return nil, false
			}
			nodes = append(nodes, child)
		}
	}
	switch len(nodes) {
	case 0:
		return nil, true
	case 1:
		return nodes[0], true
	}
	return &segNode{op: joint, children: nodes}, true
}

// segDecode decodes a value token.
func segDecode(t segToken) document.Value {
	switch {
	case t.kind == 's':
		return document.StringValue(strings.TrimSuffix(strings.TrimPrefix(t.text, `"`), `"`))
	case t.kind == 'n':
		return document.NumberValue(document.ParseNumber(t.text))
	case t.kind == 'i' && (t.text == "true" || t.text == "false"):
		return document.BoolValue(t.text == "true")
	}
	return document.StringValue(t.text)
}

func segCondition(field, sign string, t segToken) *segNode {
	head, name, dotted := strings.Cut(field, ".")
	if !dotted {
		name = head
	}
	v := segDecode(t)
	isNull := t.kind != 's' && t.kind != 'n' && t.text == "null"
	object := head == "properties" || head == "traits" || head == "context"
	switch {
	case head != "type" && head != "event" && isNull && sign == "!=":
		sign = "exists"
	case head != "type" && head != "event" && isNull && sign == "=":
		sign = "not_exists"
	case (object || head == "userId") && sign == "=" && v.Kind() == document.Bool:
		sign = "is_" + v.Text()
	case object && sign == "=" && v.Kind() == document.Number:
		sign = "number_equals"
	case object && sign == "!=" && v.Kind() == document.Number:
		sign = "number_not_equals"
	}
	if !object {
		v = document.StringValue(v.Text())
	}
	return &segNode{op: sign, field: head, name: name, value: v}
}

func segCall(negated, function string, field, t segToken) *segNode {
	n := &segNode{op: negated + "contains", field: field.text, value: document.StringValue(segDecode(t).Text())}
	if field.text != "event" && field.text != "name" && field.text != "userId" {
		n.field = ""
		for _, head := range []string{"properties", "traits", "context"} {
			if strings.HasPrefix(field.text, head) {
				n.field, n.name = head, strings.TrimPrefix(field.text, head+".")
			}
		}
		if n.field == "" {
			return nil
		}
	}
	if function == "match" {
		units := utf16.Encode([]rune(n.value.Str()))
		if strings.HasSuffix(t.text, `*"`) {
			n.op = negated + "starts_with"
			units = units[:len(units)-1]
		} else {
			n.op = negated + "ends_with"
			units = units[min(1, len(units)):]
		}
		n.value = document.StringValue(string(utf16.Decode(units)))
	}
	return n
}

// segMatch evaluates n; it reports false where Segment raises an error.
func segMatch(n *segNode, event document.Value) bool {
	match, threw := segEval(n, event)
	return match && !threw
}

func segEval(n *segNode, event document.Value) (match, threw bool) {
	if n == nil {
		return false, true
	}
	if n.field == "" {
		for _, child := range n.children {
			match, threw := segEval(child, event)
			if threw || match == (n.op == "or") {
				return match, threw
			}
		}
		return n.op == "and", false
	}
	actual := event.Get(n.field)
	if n.name != "" && (n.field == "properties" || n.field == "traits" || n.field == "context") {
		keys := strings.FieldsFunc(n.name, func(r rune) bool { return strings.ContainsRune(".[]", r) })
		if len(keys) == 0 {
			return false, true
		}
		for _, key := range keys {
			if actual.Truthy() {
				actual = actual.Get(key)
			}
		}
	}
	return segHolds(n.op, actual, n.value), false
}

func segHolds(op string, actual, expected document.Value) bool {
	text, isText := expected.Text(), actual.Kind() == document.String
	isNumber := actual.Kind() == document.Number
	var number float64
	switch expected.Kind() {
	case document.Number:
		number = expected.Float()
	case document.Bool:
		number = map[bool]float64{true: 1}[expected.Bool()]
	default:
		number = document.ParseNumber(text)
	}
	switch op {
	case "=":
		return isText && actual.Str() == text
	case "!=":
		return !isText || actual.Str() != text
	case "number_equals":
		return isNumber && actual.Float() == number
	case "number_not_equals":
		return isNumber && actual.Float() != number
	case "<":
		return isNumber && actual.Float() < number
	case "<=":
		return isNumber && actual.Float() <= number
	case ">":
		return isNumber && actual.Float() > number
	case ">=":
		return isNumber && actual.Float() >= number
	case "contains":
		return isText && strings.Contains(actual.Str(), text)
	case "not_contains":
		return isText && !strings.Contains(actual.Str(), text)
	case "starts_with":
		return isText && strings.HasPrefix(actual.Str(), text)
	case "not_starts_with":
		return isText && !strings.HasPrefix(actual.Str(), text)
	case "ends_with":
		return isText && strings.HasSuffix(actual.Str(), text)
	case "not_ends_with":
		return isText && !strings.HasSuffix(actual.Str(), text)
	case "exists":
		return !actual.IsMissing() && !actual.IsNull()
	case "not_exists":
		return actual.IsMissing() || actual.IsNull()
	case "is_true":
		return actual.Kind() == document.Bool && actual.Bool()
	case "is_false":
		return actual.Kind() == document.Bool && !actual.Bool()
	}
	return false
}
