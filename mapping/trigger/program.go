package trigger

import "segment-webhooks/mapping/document"

// Program is a Trigger ready to run over the slots of a Scanner. It is immutable and safe for concurrent use; the zero
// Program must not be used.
//
// The tree is flattened into one step a condition, each with the step to go to when it holds and when it does not, so a
// match is a walk without recursion that stops as soon as the answer is known.
type Program struct {
	trigger *Trigger
	steps   []step
}

// step is one condition and where to go from it.
type step struct {
	text string
	num  float64
	slot int32
	yes  int32 // the next step if the condition holds, or matched or failed
	no   int32 // the next step if not
	op   op
}

// The steps that end a walk.
const (
	matched = -1
	failed  = -2
)

// Compile makes t ready to run. It adds the paths that t reads to paths; scanners for the program must be made of paths
// after that.
func (t *Trigger) Compile(paths *document.Paths) Program {
	p := Program{trigger: t, steps: make([]step, len(t.conds))}
	for i, c := range t.conds {
		p.steps[i] = step{text: c.text, num: c.num, slot: int32(paths.Add(c.path)), op: c.op}
	}
	p.link(&t.root, matched, failed)
	return p
}

// link sets where the conditions below n lead, if n is to go to yes when it holds and to no when it does not.
func (p *Program) link(n *node, yes, no int32) {
	switch n.kind {
	case condNode:
		p.steps[n.cond].yes, p.steps[n.cond].no = yes, no
	case notNode:
		p.link(&n.kids[0], no, yes)
	case allNode, anyNode:
		for i := range n.kids {
			y, o := yes, no
			if i+1 < len(n.kids) {
				next := int32(n.kids[i+1].first())
				if n.kind == allNode {
					y = next
				} else {
					o = next
				}
			}
			p.link(&n.kids[i], y, o)
		}
	}
}

// Match reports whether the event that s has scanned meets the trigger. It does not allocate.
func (p Program) Match(s *document.Scanner) bool {
	at, slot := int32(0), int32(-1)
	var v document.Slot
	for at >= 0 {
		c := &p.steps[at]
		if c.slot != slot { // lists of alternatives ask about one place again and again
			slot, v = c.slot, s.Slot(int(c.slot))
		}
		if c.holds(&v) {
			at = c.yes
		} else {
			at = c.no
		}
	}
	return at == matched
}

// holds tells whether v meets the condition.
func (c *step) holds(v *document.Slot) bool {
	switch c.op {
	case opIs:
		return v.Equal(c.text)
	case opIsNot:
		return !v.Equal(c.text)
	case opContains:
		return v.Contains(c.text)
	case opLacks:
		return v.Kind() == document.String && !v.Contains(c.text)
	case opStarts:
		return v.HasPrefix(c.text)
	case opStartsNot:
		return v.Kind() == document.String && !v.HasPrefix(c.text)
	case opEnds:
		return v.HasSuffix(c.text)
	case opEndsNot:
		return v.Kind() == document.String && !v.HasSuffix(c.text)
	case opExists:
		return v.Kind() != document.Missing && v.Kind() != document.Null
	case opAbsent:
		return v.Kind() == document.Missing || v.Kind() == document.Null
	case opTrue:
		return v.Bool()
	case opFalse:
		return v.Kind() == document.Bool && !v.Bool()
	}
	return v.Kind() == document.Number && c.compares(v.Number())
}

// compares tells whether the number f meets the condition.
func (c *step) compares(f float64) bool {
	switch c.op {
	case opNumberIs:
		return f == c.num
	case opNumberIsNot:
		return f != c.num
	case opBelow:
		return f < c.num
	case opAtMost:
		return f <= c.num
	case opAbove:
		return f > c.num
	case opAtLeast:
		return f >= c.num
	}
	return false
}
