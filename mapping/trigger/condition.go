package trigger

import (
	"fmt"
	"math"
	"strings"

	"segment-webhooks/mapping/document"
)

// field is what a condition reads.
type field struct {
	head string   // type, event, name, userId, properties, traits or context
	path []string // keys from the root of the event
	name string   // as shown to people
}

// object tells whether the field lies below properties, traits or context, where values keep their kinds.
func (f field) object() bool { return len(f.path) > 1 }

// isField tells whether head begins the path of a field.
func isField(head string) bool { return isScalar(head) || isObject(head) }

func isScalar(head string) bool {
	return head == "type" || head == "event" || head == "name" || head == "userId"
}

func isObject(head string) bool { return head == "properties" || head == "traits" || head == "context" }

// field reads t as a field, or reports why it is none.
func (p *parser) field(t token) (f field, ok bool) {
	head, rest, dotted := strings.Cut(t.text, ".")
	switch {
	case !isField(head):
		p.fault(UnknownField, t.pos, t.end, excerptOf(p.text[t.pos:t.end])+" is not a field of triggers", "drops this condition and goes on without it",
			fieldHint(head))
		return f, false
	case isScalar(head) && dotted:
		p.fault(FieldPart, t.pos, t.end, head+" has no parts", "drops what follows the dot and tests "+head, "write "+head+", or a path below properties, traits or context")
		return f, false
	case isScalar(head):
		return field{head: head, path: []string{head}, name: head}, true
	case !dotted:
		p.fault(WholeObject, t.pos, t.end, head+" needs a key", fmt.Sprintf("looks for a key called %s in %[1]s", head),
			"name the key, as in "+head+".plan")
		return f, false
	}
	// Segment undoes escapes first and splits afterwards, so an escaped dot or bracket separates keys as well.
	keys := strings.FieldsFunc(rest, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
	if len(keys) == 0 {
		p.fault(BadPath, t.pos, t.end, "this path has no key", "raises an error when it evaluates it", "name the key, as in "+head+".plan")
		return f, false
	}
	if t.escapedDot {
		p.note(EscapedDot, t.pos, fmt.Sprintf("a dot separates keys even behind a backslash: this reads %s.%s; a key that contains a dot cannot be tested",
			head, strings.Join(keys, ".")))
	}
	for _, key := range keys {
		if isInherited(key) {
			p.note(Inherited, t.pos, fmt.Sprintf("Segment finds %s on every object; here it is missing unless the event has it", key))
		}
	}
	return field{head: head, path: append([]string{head}, keys...), name: head + "." + strings.Join(keys, ".")}, true
}

// isInherited tells whether every JavaScript object has a member called key.
func isInherited(key string) bool {
	switch key {
	case "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
		"__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__":
		return true
	}
	return false
}

// value is the right-hand side of a condition as Segment decodes it.
type value struct {
	token
	kind document.Kind // String, Number, Bool or Null
	text string        // as JavaScript converts it to a string
	num  float64       // as JavaScript converts it to a number
}

// value reads what a field is compared with, or reports why there is none.
func (p *parser) value(f field) (v value, ok bool) {
	t := p.peek(0)
	v = value{token: t, kind: document.String, text: t.text}
	switch t.kind {
	case quoted:
	case number:
		v.kind, v.num = document.Number, document.ParseNumber(t.text)
		v.text = string(document.AppendNumber(nil, v.num))
		p.take()
		return v, true
	case null:
		v.kind = document.Null
	case word:
		if !p.bareValue(t) {
			return v, false
		}
		switch t.text {
		case "true", "false":
			v.kind = document.Bool
		case "null": // written \null
			v.kind = document.Null
		}
	case faulty:
		return v, false
	case end, closing, and, or:
		p.fault(Incomplete, t.pos, t.end, f.name+" is compared with nothing", "takes whatever comes next as the value, the end of the text included",
			`add the value; a text goes into double quotes`)
		return v, false
	case operator, bang:
		p.fault(UnknownOperator, t.pos, t.end, "two operators stand in a row", "takes the second for the value", operatorHint(t.text))
		return v, false
	default:
		p.fault(Leftover, t.pos, t.end, t.text+" is not a value", "takes it for the value", `write a number, true, false, null or a text in double quotes`)
		return v, false
	}
	p.take()
	v.num = document.ParseNumber(v.text)
	if v.kind == document.Bool && f.object() { // elsewhere it is the text "true", which is no number
		v.num = 0
		if v.text == "true" {
			v.num = 1
		}
	}
	return v, true
}

// bareValue checks a value without quotes.
func (p *parser) bareValue(t token) bool {
	head, _, dotted := strings.Cut(t.text, ".")
	quote := fmt.Sprintf(`write "%s" if the text is meant`, t.text)
	switch fold := strings.ToLower(t.text); {
	case p.peek(1).kind == opening && p.peek(1).pos == t.end:
		p.fault(UnknownFunction, t.pos, t.end, t.text+"(…) cannot be a value", "compares with the text "+t.text, "write a number, true, false, null or a text in double quotes")
	case fold != t.text && (fold == "true" || fold == "false" || fold == "null"):
		p.fault(WrongCase, t.pos, t.end, t.text+" is not a word of the language", "compares with the text "+t.text, fmt.Sprintf(`write %s, or "%s" if the text is meant`, fold, t.text))
	case isObject(head) && dotted, !dotted && isField(head):
		p.fault(FieldValue, t.pos, t.end, "a field cannot be compared with another field", "compares with the text "+t.text, quote)
	case t.cut:
		p.fault(CutWord, t.pos, t.end, t.text+" at the end of a trigger needs quotes", "loses all but its first letter", fmt.Sprintf(`write "%s"`, t.text))
	default:
		return true
	}
	return false
}

// condition reads field, operator and value.
func (p *parser) condition() (n node, ok bool) {
	start := p.take()
	if start.text == "contains" || start.text == "match" {
		return n, p.badCall(p.peek(0), "a ( is missing here", start)
	}
	f, known := p.field(start)
	sign := p.peek(0)
	o, ok := p.operator(f, known, sign)
	if !ok || !known {
		return n, false
	}
	p.take()
	c := cond{path: f.path, name: f.name, op: o, pos: start.pos, end: sign.end}
	if o.unary() {
		if k := p.peek(0).kind; k != end && k != closing {
			p.fault(UnknownOperator, sign.pos, sign.end, sign.text+" can only end a trigger or a group", "takes the word behind it as its value and loses it",
				fmt.Sprintf("write %s %s", f.name, unaryHint(o)))
			return n, false
		}
		return p.add(c), true
	}
	v, ok := p.value(f)
	if !ok {
		return n, false
	}
	c.end = v.end
	if sign.kind == operator {
		ok = p.compare(&c, f, sign, v)
	} else {
		ok = p.notNull(f, v)
		c.text, c.num = v.text, v.num
		p.cautions(c, v)
	}
	return p.add(c), ok
}

// operator reads sign as an operator. A sign that is none is reported, where the field is known.
func (p *parser) operator(f field, known bool, sign token) (o op, ok bool) {
	switch sign.kind {
	case operator:
		return signOf(sign.text), true
	case word:
		if o, ok = wordOf(sign.text); ok {
			return o, true
		}
		if known {
			p.fault(UnknownOperator, sign.pos, sign.end, "no such operator: "+sign.text, "takes it for one, and the condition is never true", operatorHint(sign.text))
		}
	case faulty:
	case bang:
		if known && p.peek(1).kind == operator {
			p.fault(UnknownOperator, sign.pos, sign.end, "! and = stand apart", doesNotParse, "write !=")
			break
		}
		fallthrough
	default:
		if known {
			p.noOperator(sign.pos, sign.end, f)
		}
	}
	return o, false
}

// noOperator reports that nothing is asked of f.
func (p *parser) noOperator(start, end int, f field) {
	hint := fmt.Sprintf(`compare it, as in %s = "…"`, f.name)
	if f.head != "type" && f.head != "event" {
		hint += fmt.Sprintf(" or %s != null", f.name)
	}
	p.fault(Incomplete, start, end, "an operator is missing behind "+f.name, "takes whatever comes next as operator and value", hint)
}

// compare fills in c for one of the signs = != < <= > >= as Segment was observed to: type, event, name and userId compare texts, except that name and userId know null and userId = true and = false; below
// properties, traits and context values keep their kinds, except in != true and != false.
func (p *parser) compare(c *cond, f field, sign token, v value) bool {
	c.text, c.num = v.text, v.num
	if c.op.numeric() {
		p.cautions(*c, v)
		return true
	}
	equal := c.op == opIs
	switch {
	case v.kind == document.Null && (f.head == "type" || f.head == "event"):
		p.fault(NullText, v.pos, v.token.end, f.head+" cannot be compared with null", `compares with the text "null"`,
			fmt.Sprintf(`write %s = "…" for the events that are meant, or "null" if the text is meant`, f.head))
		return false
	case v.kind == document.Null && equal:
		c.op = opAbsent
	case v.kind == document.Null:
		c.op = opExists
	case v.kind == document.Bool && equal && (f.object() || f.head == "userId"):
		c.op = opTrue
		if v.text == "false" {
			c.op = opFalse
		}
	case v.kind == document.Number && equal && f.object():
		c.op = opNumberIs
	case v.kind == document.Number && f.object():
		c.op = opNumberIsNot
	}
	p.cautions(*c, v)
	return true
}

// cautions notes where Segment's answer, which we give, may surprise.
func (p *parser) cautions(c cond, v value) {
	switch {
	case c.op.numeric() && c.op != opNumberIsNot && math.IsNaN(c.num):
		p.note(NeverTrue, c.pos, fmt.Sprintf("%s is not a number and order is known for numbers only: this is never true", excerptOf(p.text[v.pos:v.end])))
	case c.op == opIsNot && v.kind == document.Bool:
		p.note(BooleanText, c.pos, fmt.Sprintf(`!= %s compares with the text %[1]q and holds for the boolean %[1]s as well; write = %t, or !(… = %[1]s)`,
			v.text, v.text == "false"))
	case v.kind == document.Number && !c.op.numeric() && v.text != v.token.text:
		p.note(NumberText, c.pos, fmt.Sprintf("this compares with the text %q; write quotes around %s if that spelling is meant", v.text, v.token.text))
	}
}

// notNull refuses null as the value of a text test.
func (p *parser) notNull(f field, v value) bool {
	if v.kind == document.Null {
		p.fault(NullText, v.pos, v.end, "null is not a text", `takes the text "null"`,
			fmt.Sprintf(`write %s = null or != null, or "null" if the text is meant`, f.name))
		return false
	}
	return true
}

// add numbers c and returns its node.
func (p *parser) add(c cond) node {
	p.conds = append(p.conds, c)
	return node{kind: condNode, cond: len(p.conds) - 1, pos: c.pos, end: c.end}
}
