package trigger

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// Explain says why the event that a was asked to scan does not meet the trigger: the first condition that decides it, with the
// value found. It returns "" if the event does meet it.
func (p Program) Explain(a *Answers) string {
	if p.Match(a) {
		return ""
	}
	return explainer{p, a}.why(&p.trigger.root, true)
}

// explainer puts the answers of a program on one event into words.
type explainer struct {
	Program
	answers *Answers
}

// condition returns the trigger's i-th one, and value what it looks at.
func (e explainer) condition(i int) *condition {
	return &e.answers.conditions.list[e.steps[i].condition]
}

func (e explainer) value(i int) *document.Slot {
	return e.answers.scanner.Slot(int(e.condition(i).slot))
}

// answer evaluates n.
func (e explainer) answer(n *node) bool {
	switch n.kind {
	case condNode:
		return e.condition(n.cond).holds(e.value(n.cond))
	case notNode:
		return !e.answer(&n.kids[0])
	}
	for i := range n.kids {
		if e.answer(&n.kids[i]) == (n.kind == anyNode) {
			return n.kind == anyNode
		}
	}
	return n.kind == allNode
}

// why says why n does not answer want.
func (e explainer) why(n *node, want bool) string {
	switch {
	case n.kind == condNode && want:
		return e.miss(n.cond)
	case n.kind == condNode:
		return e.trigger.conds[n.cond].name + " is " + show(e.value(n.cond)) + ", so the negated " + e.source(n) + " holds"
	case n.kind == notNode:
		return e.why(&n.kids[0], !want)
	case (n.kind == allNode) == want: // one kid that answers otherwise decides it
		for i := range n.kids {
			if e.answer(&n.kids[i]) != want {
				return e.why(&n.kids[i], want)
			}
		}
	case n.kind == anyNode:
		return e.none(n)
	}
	return "the negated " + e.source(n) + " holds"
}

// none says why no alternative of n holds.
func (e explainer) none(n *node) string {
	const most = 4 // alternatives told one by one
	if texts, field := e.oneOf(n); texts != nil {
		found := field + " is " + show(e.value(n.first()))
		if len(texts) > most {
			return found + ", not one of the " + strconv.Itoa(len(texts)) + " wanted texts"
		}
		last := len(texts) - 1
		return found + ", not " + strings.Join(texts[:last], ", ") + " or " + texts[last]
	}
	var b strings.Builder
	b.WriteString("no alternative holds: ")
	for i := range n.kids {
		if i == most {
			b.WriteString("; and " + strconv.Itoa(len(n.kids)-most) + " more")
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.why(&n.kids[i], true))
	}
	return b.String()
}

// oneOf returns the quoted texts and the field if n asks whether one field that is a string is one of several texts.
func (e explainer) oneOf(n *node) (texts []string, field string) {
	for i := range n.kids {
		kid := &n.kids[i]
		if kid.kind != condNode {
			return nil, ""
		}
		c := e.condition(kid.cond)
		if c.op != opIs || c.slot != e.condition(n.first()).slot {
			return nil, ""
		}
		texts = append(texts, quote(c.text))
	}
	if e.value(n.first()).Kind() != document.String {
		return nil, ""
	}
	return texts, e.trigger.conds[n.first()].name
}

// miss says why the condition numbered i does not hold.
func (e explainer) miss(i int) string {
	c, v := e.condition(i), e.value(i)
	name := e.trigger.conds[i].name
	found := name + " is " + show(v)
	text, num := quote(c.text), string(document.AppendNumber(nil, c.num))
	switch kind := v.Kind(); {
	case c.op == opIsNot:
		return found + ", which != " + text + " rules out"
	case c.op == opAbsent:
		return found + ", but must be missing or null"
	case kind == document.Missing && !c.op.negates():
		return found
	case c.op == opExists: // null
		return found
	case c.op.numeric() && kind != document.Number:
		if kind == document.String {
			found += ", a string"
		}
		return found + "; " + sign(c.op) + " compares numbers only"
	case !c.op.numeric() && !c.op.unary() && kind != document.String:
		return found + "; " + sign(c.op) + " looks at strings only"
	case c.op.numeric() && c.op != opNumberIsNot && math.IsNaN(c.num):
		return found + "; the trigger compares it with something that is no number"
	}
	switch c.op {
	case opIs:
		return found + ", not " + text
	case opContains:
		return found + ", which does not contain " + text
	case opLacks:
		return found + ", which contains " + text
	case opStarts:
		return found + ", which does not start with " + text
	case opStartsNot:
		return found + ", which starts with " + text
	case opEnds:
		return found + ", which does not end with " + text
	case opEndsNot:
		return found + ", which ends with " + text
	case opNumberIsNot:
		return found + ", which != " + num + " rules out"
	case opBelow:
		return found + ", not below " + num
	case opAtMost:
		return found + ", not at most " + num
	case opAbove:
		return found + ", not above " + num
	case opAtLeast:
		return found + ", not at least " + num
	case opTrue:
		return found + ", not true"
	case opFalse:
		return found + ", not false"
	}
	return found + ", not " + num
}

// sign returns the usual spelling of an operator.
func sign(o op) string {
	switch o {
	case opIs, opNumberIs:
		return "="
	case opIsNot, opNumberIsNot:
		return "!="
	case opBelow:
		return "<"
	case opAtMost:
		return "<="
	case opAbove:
		return ">"
	case opAtLeast:
		return ">="
	case opContains:
		return "contains"
	case opLacks:
		return "!contains"
	case opStarts, opEnds:
		return "match"
	}
	return "!match"
}

// show puts the value found into words: "Cart Viewed", 5 (number), missing.
func show(v *document.Slot) string {
	switch v.Kind() {
	case document.String:
		return quote(v.Value().Str())
	case document.Number:
		return string(document.AppendNumber(nil, v.Number())) + " (number)"
	case document.Bool:
		return string(v.Raw()) + " (boolean)"
	case document.Null:
		return "null"
	case document.Array:
		return "an array"
	case document.Object:
		return "an object"
	}
	return "missing"
}

// quote writes s as JSON, cut to a length that suits a message.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return string(document.StringValue(s).AppendJSON(nil))
}

// source returns the text of n as it was written, cut to a length that suits a message.
func (e explainer) source(n *node) string { return oneLine(excerptOf(e.trigger.text[n.pos:n.end])) }
