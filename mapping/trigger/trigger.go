package trigger

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Trigger is a condition on events, parsed. It is immutable and safe for concurrent use.
type Trigger struct {
	text  string
	root  node
	conds []cond
	notes []Note
}

// Parse reads a trigger. The error is an [Errors] with every fault found; a text that Segment would misread is refused
// although it could be given a meaning. What is accepted has exactly Segment's answers, except for the Differences among
// its Notes.
func Parse(text string) (*Trigger, error) {
	r := &report{text: text}
	if bad := strings.IndexFunc(text, func(c rune) bool { return c == utf8.RuneError }); bad >= 0 && !utf8.ValidString(text) {
		r.fault(BadCharacter, bad, bad, "the text is not UTF-8", doesNotParse, "save it as UTF-8")
		r.sort()
		return nil, r.faults
	}
	p := parser{report: r, tokens: lex(r)}
	root := p.trigger()
	r.sort()
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	return &Trigger{text: text, root: root, conds: p.conds, notes: r.notes}, nil
}

// String returns the text the trigger was parsed from.
func (t *Trigger) String() string { return t.text }

// Notes returns what deserves a word although the trigger loads, in the order of the text: deliberate differences from
// Segment (the first of each kind) and cautions. The caller must not change it.
func (t *Trigger) Notes() []Note { return t.notes }

// Requires returns necessary conditions: an event can only match if its type is one of types and its event is one of
// events. A nil list asks nothing; an empty one means that no event can match. It lets an index skip a trigger without
// looking at it.
func (t *Trigger) Requires() (types, events []string) {
	return t.required(&t.root, "type", true), t.required(&t.root, "event", true)
}

// required returns the texts of which field must be one for n to answer want, nil for any.
func (t *Trigger) required(n *node, field string, want bool) []string {
	switch {
	case n.kind == condNode:
		c := &t.conds[n.cond]
		if c.name == field && (c.op == opIs && want || c.op == opIsNot && !want) {
			return []string{c.text}
		}
		return nil
	case n.kind == notNode:
		return t.required(&n.kids[0], field, !want)
	case (n.kind == allNode) == want: // every kid must answer want
		var all []string
		for i := range n.kids {
			kid := t.required(&n.kids[i], field, want)
			switch {
			case all == nil:
				all = kid
			case kid != nil:
				all = slices.DeleteFunc(all, func(s string) bool { return !slices.Contains(kid, s) })
			}
		}
		return all
	}
	some := []string{} // one kid must answer want
	for i := range n.kids {
		kid := t.required(&n.kids[i], field, want)
		if kid == nil {
			return nil
		}
		for _, s := range kid {
			if !slices.Contains(some, s) {
				some = append(some, s)
			}
		}
	}
	return some
}
