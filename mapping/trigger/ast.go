package trigger

// op is what a condition asks of the value it finds. Text and number tests hold only for values of their kind, their
// negative twins (lacks, startsNot, endsNot, numberIsNot) included; isNot and the tests of presence look at any value.
type op uint8

const (
	opIs          op = iota // a string equal to text
	opIsNot                 // anything but a string equal to text: also missing, null, numbers and so on
	opNumberIs              // a number equal to num
	opNumberIsNot           // a number that differs from num
	opBelow                 // a number < num
	opAtMost                // a number <= num
	opAbove                 // a number > num
	opAtLeast               // a number >= num
	opContains              // a string that contains text
	opLacks                 // a string that does not contain text
	opStarts                // a string that starts with text
	opStartsNot             // a string that does not
	opEnds                  // a string that ends with text
	opEndsNot               // a string that does not
	opExists                // neither missing nor null
	opAbsent                // missing or null
	opTrue                  // the boolean true
	opFalse                 // the boolean false
)

// numeric tells whether o compares numbers.
func (o op) numeric() bool { return opNumberIs <= o && o <= opAtLeast }

// unary tells whether o stands without a value.
func (o op) unary() bool { return o >= opExists }

// negative returns the twin of a text test, for ! and not directly before it.
func (o op) negative() (op, bool) {
	switch o {
	case opContains, opStarts, opEnds:
		return o + 1, true
	}
	return o, false
}

// negates tells whether o is a negative test that looks at one kind of value only, and so fails on all others.
func (o op) negates() bool {
	return o == opNumberIsNot || o == opLacks || o == opStartsNot || o == opEndsNot
}

// cond is one condition.
type cond struct {
	path []string // keys from the root of the event
	name string   // the path as it is shown to people
	op   op
	text string  // what string tests compare with
	num  float64 // what number tests compare with; NaN where the value is no number
	pos  int     // the condition is text[pos:end]
	end  int
}

// nodeKind is what a node of the tree is.
type nodeKind uint8

const (
	condNode nodeKind = iota // conds[cond]
	allNode                  // kids joined by and
	anyNode                  // kids joined by or
	notNode                  // the negation of its only kid
)

// node is a condition, or nodes joined by and, or, not. Conditions are numbered as they stand in the text, so those below
// a node are consecutive.
type node struct {
	kind nodeKind
	cond int    // of a condNode
	kids []node // of the others
	call bool   // a call of contains or match, negated or not, that stands alone
	pos  int    // the node is text[pos:end], parentheses included
	end  int
}

// first returns the number of the first condition below n.
func (n *node) first() int {
	for n.kind != condNode {
		n = &n.kids[0]
	}
	return n.cond
}
