package trigger

// Program is a Trigger ready to run. It is immutable and safe for concurrent use; the zero Program must not be used.
//
// The tree is flattened into one step a condition, each with the step to go to when it holds and when it does not, so a
// match is a walk without recursion that stops as soon as the answer is known.
type Program struct {
	trigger *Trigger
	steps   []step
}

// step is one condition and where to go from it.
type step struct {
	condition int32 // its number in Conditions
	yes       int32 // the next step if the condition holds, or matched or failed
	no        int32 // the next step if not
}

// The steps that end a walk.
const (
	matched = -1
	failed  = -2
)

// Compile makes t ready to run. It adds what t asks to conditions; Answers for the program must be made of conditions after that.
func (t *Trigger) Compile(conditions *Conditions) Program {
	p := Program{trigger: t, steps: make([]step, len(t.conds))}
	for i, c := range t.conds {
		p.steps[i].condition = conditions.add(c)
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

// Match reports whether the event that a was asked to scan meets the trigger. It does not allocate.
func (p Program) Match(a *Answers) bool {
	at := int32(0)
	for at >= 0 {
		s := &p.steps[at]
		got := a.known[s.condition]
		if got == unasked {
			got = a.ask(s.condition)
		}
		at = s.no
		if got == yes {
			at = s.yes
		}
	}
	return at == matched
}
