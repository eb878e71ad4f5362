package trigger

import "strings"

// maxDepth bounds how deep parentheses and negations nest.
const maxDepth = 50

// parser builds the tree of a trigger by recursive descent:
//
//	list  = item { ( "and" | "or" ) item }           all of them the same
//	item  = ( "!" | "not" ) item | "(" list ")" | call | condition
//
// A fault in an item skips to the next and, or, ) or end, so that one slip does not hide the others.
type parser struct {
	*report
	tokens  []token
	i       int
	depth   int  // of items within items
	tooDeep bool // the rest was given up
	groups  int  // parentheses that are open
	conds   []cond
}

// peek returns the next token, and the one n behind it.
func (p *parser) peek(n int) token { return p.tokens[min(p.i+n, len(p.tokens)-1)] }

// take returns the next token and moves on.
func (p *parser) take() token {
	t := p.peek(0)
	p.i = min(p.i+1, len(p.tokens)-1)
	return t
}

// trigger reads the whole text.
func (p *parser) trigger() node {
	if p.peek(0).kind == end {
		p.fault(Empty, 0, 0, "there is no condition", doesNotParse, `write one, as in type = "track"`)
		return node{}
	}
	n := p.list()
	for p.peek(0).kind == closing {
		t := p.take()
		p.fault(Unbalanced, t.pos, t.end, "this ) closes nothing", "ignores it", "take it out, or add the ( it belongs to")
		switch p.peek(0).kind {
		case and, or:
			p.take()
		case end, closing:
			continue
		}
		p.list()
	}
	return n
}

// list reads conditions joined by and or by or, up to the end or an unmatched ).
func (p *parser) list() node {
	n := node{kind: allNode, pos: p.peek(0).pos}
	joint := end // the conjunction of the list, once seen
	mixed := false
	for {
		if item, ok := p.item(); ok {
			n.kids = append(n.kids, item)
		}
		t := p.conjunction()
		if t.kind != end {
			if joint != end && t.kind != joint && !mixed {
				mixed = true
				p.fault(MixedAndOr, t.pos, t.end, "and and or are mixed at one level", "lets the last of them join the whole list",
					"put parentheses around what belongs together")
			}
			joint = t.kind
		} else if k := p.peek(0).kind; k == end || k == closing {
			return p.close(n, joint)
		}
	}
}

// close finishes a list.
func (p *parser) close(n node, joint kind) node {
	if len(n.kids) > 0 {
		n.pos, n.end = n.kids[0].pos, n.kids[len(n.kids)-1].end
	}
	if joint == or {
		n.kind = anyNode
	}
	if len(n.kids) == 1 {
		return n.kids[0]
	}
	if p.groups == 1 {
		for _, kid := range n.kids[:max(0, len(n.kids)-1)] {
			if kid.call {
				p.note(CallInGroup, kid.pos, "Segment ends the group behind contains and match, and joins the rest to the outer list")
			}
		}
	}
	return n
}

// conjunction takes what stands behind an item: and, or, or nothing before the end or a ). Anything else is reported; it
// is skipped, or left alone where it begins a condition. The result is an and or or token, else end.
func (p *parser) conjunction() token {
	none := token{kind: end}
	t := p.peek(0)
	switch t.kind {
	case and, or:
		p.take()
		if next := p.peek(0); next.kind == end || next.kind == closing {
			p.fault(Incomplete, t.pos, t.end, "nothing stands behind this "+t.text, ignoresConjunction, "add the condition, or take the word out")
			return none
		}
		return t
	case end, closing:
		return none
	case faulty:
		p.skip()
		return p.conjunction()
	}
	if k := wrongCase(t); k != end {
		p.fault(WrongCase, t.pos, t.end, t.text+" is not a word of the language", "ignores it and joins with and", "write "+strings.ToLower(t.text))
		p.take()
		t.kind = k
		return t
	}
	if p.startsItem() {
		p.fault(Leftover, t.pos, t.end, "and/or is missing before this", "joins it with the last and/or of the list, else with and",
			"write the word that is meant")
		return none
	}
	hint := "take it out; a text of several words goes into double quotes"
	if t.kind == comma {
		hint = "write and, or or"
	}
	p.fault(Leftover, t.pos, t.end, excerptOf(p.text[t.pos:t.end])+" belongs to no condition", "ignores it", hint)
	p.skip()
	return p.conjunction()
}

// wrongCase returns and or or for a word that is one but for its case, else end.
func wrongCase(t token) kind {
	switch {
	case t.kind != word || !t.plain || t.text == strings.ToLower(t.text):
		return end
	case strings.EqualFold(t.text, "and"):
		return and
	case strings.EqualFold(t.text, "or"):
		return or
	}
	return end
}

// ignoresConjunction is Segment's reading of an and or or with nothing on one side.
const ignoresConjunction = "lets it rule the list all the same"

// startsItem tells whether a condition seems to begin here.
func (p *parser) startsItem() bool {
	t := p.peek(0)
	switch t.kind {
	case opening, bang:
		return true
	case word:
		head, _, _ := strings.Cut(t.text, ".")
		next := p.peek(1).kind
		return next == operator || next == opening || t.text == "not" || isField(head) && next == word
	}
	return false
}

// item reads one condition, call, group or negation. Not ok: it was reported, and skipped.
func (p *parser) item() (n node, ok bool) {
	if p.depth++; p.depth > maxDepth {
		t := p.peek(0)
		p.fault(TooDeep, t.pos, t.end, "parentheses and negations nest too deep", doesNotParse, "write it flatter")
		p.i, p.tooDeep = len(p.tokens)-1, true
		return n, false
	}
	defer func() { p.depth-- }()

	switch t := p.peek(0); t.kind {
	case bang:
		return p.negation()
	case opening:
		return p.group()
	case word:
		if t.plain && strings.EqualFold(t.text, "not") && p.peek(1).kind != operator {
			if t.text != "not" {
				p.fault(WrongCase, t.pos, t.end, t.text+" is not a word of the language", "ignores it", "write not or !")
			}
			return p.negation()
		}
		if p.peek(1).kind == opening {
			n, ok = p.call()
		} else {
			n, ok = p.condition()
		}
	case faulty:
	case and, or: // left for the list to take
		p.fault(Incomplete, t.pos, t.end, "nothing stands before this "+t.text, ignoresConjunction, "add the condition, or take the word out")
		return n, false
	case closing:
		if p.groups == 0 { // trigger reports it
			return n, false
		}
		fallthrough
	case end:
		p.fault(Incomplete, t.pos, t.end, "a condition is missing here", "goes on without it", "add it")
	case operator:
		p.fault(Incomplete, t.pos, t.end, "no field stands before this "+t.text, "ignores it", `write the field first, as in type = "track"`)
	case null:
		p.fault(Incomplete, t.pos, t.end, "null is not a condition", "ignores it", "compare a field with it, as in properties.plan = null")
	default:
		p.fault(Incomplete, t.pos, t.end, excerptOf(p.text[t.pos:t.end])+" is not a condition", "ignores it", `write a field first, as in type = "track"`)
	}
	if !ok {
		p.skip()
	}
	return n, ok
}

// negation reads ! or not and the item behind it. Directly before a text test it gives the test's negative twin, which
// holds for strings only; before anything else it turns the answer round.
func (p *parser) negation() (n node, ok bool) {
	not := p.take()
	next := p.peek(0)
	if not.kind == bang && next.kind == operator && next.text == "=" {
		p.fault(UnknownOperator, not.pos, next.end, "! and = stand apart", doesNotParse, "write !=")
		p.skip()
		return n, false
	}
	if k := next.kind; k == end || k == closing || k == and || k == or {
		p.fault(Incomplete, not.pos, not.end, "nothing to negate stands behind this", doesNotParse, "add the condition")
		return n, false
	}
	native := not.kind == bang && isLetter(at(p.text, not.end)) && next.kind == word && p.peek(1).kind == opening
	kid, ok := p.item()
	if !ok {
		return n, false
	}
	if !native {
		p.note(Negation, not.pos, "Segment ignores ! and not, or does not parse them, except in !contains(…) and !match(…)")
	}
	if kid.kind == condNode && kid.pos == next.pos && next.kind != opening {
		if twin, has := p.conds[kid.cond].op.negative(); has {
			p.conds[kid.cond].op = twin
			p.conds[kid.cond].pos, kid.pos = not.pos, not.pos
			return kid, true
		}
	}
	return node{kind: notNode, kids: []node{kid}, pos: not.pos, end: kid.end}, true
}

// group reads a list in parentheses.
func (p *parser) group() (n node, ok bool) {
	start := p.take()
	if t := p.peek(0); t.kind == closing {
		p.take()
		p.fault(EmptyGroup, start.pos, t.end, "nothing stands between these parentheses", "raises an error when it evaluates them", "take them out")
		return n, false
	}
	p.groups++
	if p.groups == 2 {
		p.note(Nesting, start.pos, "Segment does not parse parentheses inside parentheses")
	}
	n = p.list()
	p.groups--
	t := p.peek(0)
	if t.kind != closing && p.tooDeep {
		return n, false
	}
	if t.kind != closing {
		p.fault(Unbalanced, start.pos, start.end, "this ( is never closed", doesNotParse, "add the ) it needs, or take it out")
		return n, false
	}
	p.take()
	n.pos, n.end = start.pos, t.end
	n.call = false
	return n, true
}

// skip moves to the next and, or, unmatched ) or end.
func (p *parser) skip() {
	for open := 0; ; p.take() {
		t := p.peek(0)
		switch {
		case t.kind == end:
			return
		case t.kind == opening:
			open++
		case t.kind == closing && open > 0:
			open--
		case open == 0 && (t.kind == closing || t.kind == and || t.kind == or || wrongCase(t) != end):
			return
		}
	}
}
