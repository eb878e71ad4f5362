package trigger

import (
	"fmt"
	"strings"
)

// call reads contains(field, value) or match(field, pattern).
func (p *parser) call() (n node, ok bool) {
	name := p.take()
	fold := strings.ToLower(name.text)
	head, _, _ := strings.Cut(name.text, ".")
	switch {
	case name.text == "contains", name.text == "match":
	case fold == "contains", fold == "match":
		p.fault(WrongCase, name.pos, name.end, name.text+" is not a word of the language", "ignores it", "write "+fold)
		return n, false
	case isField(head):
		if f, known := p.field(name); known {
			p.noOperator(name.end, name.end, f)
		}
		return n, false
	default:
		p.fault(UnknownFunction, name.pos, name.end, "no such function: "+excerptOf(name.text), "ignores the name", functionHint(fold))
		return n, false
	}
	open := p.take()
	c, ok := p.arguments(name, open)
	if !ok {
		if p.skip(); p.peek(0).kind == closing {
			p.take()
		}
		return n, false
	}
	n = p.add(c)
	n.call = true
	return n, true
}

// arguments reads what stands between the parentheses of a call, and the closing one.
func (p *parser) arguments(name, open token) (c cond, ok bool) {
	t := p.peek(0)
	if t.kind != word {
		return c, p.badCall(t, "a field is missing here", name)
	}
	p.take()
	if t.text == "type" {
		p.fault(FunctionField, t.pos, t.end, name.text+" cannot look at type", "drops this condition and goes on without it",
			`compare it whole, as in type = "track", or join several such with or`)
		return c, false
	}
	f, ok := p.field(t)
	if !ok {
		return c, false
	}
	if t = p.peek(0); t.kind != comma {
		return c, p.badCall(t, "a comma is missing here", name)
	}
	p.take()
	v, ok := p.value(f)
	if !ok || !p.notNull(f, v) {
		return c, false
	}
	c = cond{path: f.path, name: f.name, op: opContains, text: v.text, pos: name.pos}
	if name.text == "match" && !p.pattern(&c, v) {
		return c, false
	}
	p.cautions(c, v)
	switch t = p.peek(0); t.kind {
	case closing:
		c.end = p.take().end
		return c, true
	case end, and, or:
		p.fault(Unbalanced, open.pos, open.end, "this ( is never closed", "does not look for the )", "add the ) it needs")
		return c, false
	}
	return c, p.badCall(t, "a ) is missing here", name)
}

// badCall reports a call that is not field, comma, value. It returns false.
func (p *parser) badCall(t token, message string, name token) bool {
	if t.kind != faulty {
		p.fault(BadCall, t.pos, t.end, message, "takes the next five tokens for the call without looking at them",
			fmt.Sprintf(`write %s(event, "…")`, name.text))
	}
	return false
}

// pattern fills in c for match. One star, at the end or at the start, is what Segment's match understands; ? and [ ] are
// ordinary characters.
func (p *parser) pattern(c *cond, v value) bool {
	const reading = "drops one character of the pattern and looks whether the rest ends the text"
	if v.token.kind != quoted {
		p.fault(BadPattern, v.pos, v.token.end, "a pattern is a text in double quotes", reading, fmt.Sprintf(`write "%s*" or "*%[1]s"`, v.text))
		return false
	}
	start, startStar := strings.CutSuffix(v.text, "*")
	tail, endStar := strings.CutPrefix(v.text, "*")
	switch {
	case startStar && !strings.Contains(start, "*"):
		c.op, c.text = opStarts, start
	case endStar && !strings.Contains(tail, "*"):
		c.op, c.text = opEnds, tail
	case startStar && endStar && len(v.text) > 2 && strings.Count(v.text, "*") == 2:
		p.fault(BadPattern, v.pos, v.token.end, "a pattern has one star, at the start or at the end",
			fmt.Sprintf("looks for texts that start with %q, star included", start), fmt.Sprintf(`write contains(%s, "%s")`, c.name, v.text[1:len(v.text)-1]))
		return false
	case startStar:
		p.fault(BadPattern, v.pos, v.token.end, "a pattern has one star, at the start or at the end",
			fmt.Sprintf("looks for texts that start with %q, stars included", start), "join several match(…) with and")
		return false
	case endStar:
		p.fault(BadPattern, v.pos, v.token.end, "a pattern has one star, at the start or at the end",
			fmt.Sprintf("looks for texts that end with %q, stars included", tail), "join several match(…) with and")
		return false
	case strings.Contains(v.text, "*"):
		before, after, _ := strings.Cut(v.text, "*")
		p.fault(BadPattern, v.pos, v.token.end, "the star of a pattern stands at the start or at the end", reading,
			fmt.Sprintf(`write match(%[1]s, "%[2]s*") and match(%[1]s, "*%[3]s")`, c.name, before, after))
		return false
	default:
		p.fault(BadPattern, v.pos, v.token.end, "a pattern needs a star at the start or at the end", reading,
			fmt.Sprintf(`write %s = "%s", or "%[2]s*", or "*%[2]s"`, c.name, v.text))
		return false
	}
	return true
}
