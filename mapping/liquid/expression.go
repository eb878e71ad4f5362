package liquid

import (
	"math"
	"strings"

	"segment-webhooks/mapping/document"
)

// operand is a value in an expression.
type operand interface {
	eval(r *renderer) (value, error)
}

// constant is a literal, a number or a string.
type constant value

func (c constant) eval(*renderer) (value, error) { return value(c), nil }

// access is a variable, or steps down from a constant or a range.
type access struct {
	root  operand // nil for a variable, whose name is the first step
	steps []operand
}

func (a access) eval(r *renderer) (value, error) {
	keys := make([]value, len(a.steps))
	for i, step := range a.steps {
		var err error
		if keys[i], err = step.eval(r); err != nil {
			return value{}, err
		}
	}
	if a.root == nil {
		return r.variable(keys)
	}
	v, err := a.root.eval(r)
	if err != nil {
		return value{}, err
	}
	return r.walk(v, keys)
}

// span is a range, (low..high).
type span struct{ low, high operand }

func (s span) eval(r *renderer) (value, error) {
	low, err := r.evalNumber(s.low)
	if err != nil {
		return value{}, err
	}
	high, err := r.evalNumber(s.high)
	if err != nil {
		return value{}, err
	}
	if n := high - low + 1; n > 0 {
		if err := r.charge(elementCost * clampCharge(n)); err != nil {
			return value{}, err
		}
	}
	var elements []document.Value
	for f := low; f < high+1; f++ {
		if f == f+1 { // too large to count on, liquidjs never ends here
			return value{}, errBudget
		}
		elements = append(elements, document.NumberValue(f))
	}
	return array(elements), nil
}

func (r *renderer) evalNumber(o operand) (float64, error) {
	v, err := o.eval(r)
	if err != nil {
		return math.NaN(), err
	}
	return r.toNumber(v)
}

// operator is a comparison or a connective.
type operator uint8

const (
	equal operator = iota
	unequal
	greater
	less
	greaterEqual
	lessEqual
	includes
	not
	and
	or
)

// operatorWords spell the operators, in the order of the constants.
var operatorWords = [...]string{"==", "!=", ">", "<", ">=", "<=", "contains", "not", "and", "or"}

// precedence returns how tight o binds. Operators of one precedence are evaluated from right to left.
func (o operator) precedence() int {
	switch o {
	case and, or:
		return 0
	case not:
		return 1
	default:
		return 2
	}
}

// term is one part of an expression in postfix order: an operand, or an operator on what comes before it.
type term struct {
	operand operand // nil for an operator
	op      operator
}

// expression is a condition or a value. Like liquidjs it takes operands and operators in any order: what an operator
// lacks is missing, and the value is the first one that is left.
type expression []term

// expression reads operands and operators up to what is neither.
func (c *cursor) expression() (expression, error) {
	var out expression
	var waiting []operator
	for !c.done() {
		c.skip()
		if i := c.longest(operatorWords[:]); i >= 0 {
			o := operator(i)
			for n := len(waiting); n > 0 && waiting[n-1].precedence() > o.precedence(); n-- {
				out = append(out, term{op: waiting[n-1]})
				waiting = waiting[:n-1]
			}
			waiting = append(waiting, o)
			continue
		}
		operand, err := c.operand()
		if err != nil {
			return nil, err
		}
		if operand == nil {
			break
		}
		out = append(out, term{operand: operand})
	}
	for n := len(waiting); n > 0; n-- {
		out = append(out, term{op: waiting[n-1]})
	}
	return out, nil
}

func (e expression) eval(r *renderer) (value, error) {
	if len(e) == 1 && e[0].operand != nil {
		return e[0].operand.eval(r)
	}
	var stack []value
	pop := func() value {
		if len(stack) == 0 {
			return value{}
		}
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		return v
	}
	for _, t := range e {
		var v value
		var err error
		switch {
		case t.operand != nil:
			v, err = t.operand.eval(r)
		case t.op == not:
			v = boolean(!pop().truthy())
		default:
			right := pop()
			left := pop()
			var holds bool
			holds, err = r.apply(t.op, left, right)
			v = boolean(holds)
		}
		if err != nil {
			return value{}, err
		}
		stack = append(stack, v)
	}
	if len(stack) == 0 {
		return value{}, nil
	}
	return stack[0], nil
}

// apply evaluates a binary operator. Both sides are evaluated already: and and or do not cut short.
func (r *renderer) apply(o operator, a, b value) (bool, error) {
	if err := r.charge(len(a.Str()) + len(b.Str())); err != nil {
		return false, err
	}
	switch o {
	case equal, unequal:
		same, err := r.equal(a, b)
		return same == (o == equal), err
	case includes:
		return r.includes(a, b)
	case and:
		return a.truthy() && b.truthy(), nil
	case or:
		return a.truthy() || b.truthy(), nil
	default:
		return r.ordered(o, a, b)
	}
}

// ordered evaluates <, >, <= and >=. A literal is neither before nor behind anything.
func (r *renderer) ordered(o operator, a, b value) (bool, error) {
	if a.literal != none || b.literal != none {
		return false, nil
	}
	if o == greater || o == greaterEqual {
		a, b = b, a
	}
	below, same, err := r.less(a, b)
	return below || same && (o == greaterEqual || o == lessEqual), err
}

// equal is the operator ==: literals by their own rules, arrays element by element, everything else JavaScript's
// ===, so two objects are equal only if they are one.
func (r *renderer) equal(a, b value) (bool, error) {
	if a.literal == none && b.literal != none {
		a, b = b, a
	}
	if a.literal != none {
		return a.literal.equal(b), nil
	}
	if a.Kind() != document.Array {
		return identical(a.Value, b.Value), nil
	}
	if b.Kind() != document.Array || a.Len() != b.Len() {
		return false, nil
	}
	for i := range a.Len() {
		if err := r.charge(visitCost); err != nil {
			return false, err
		}
		if same, err := r.equal(plain(a.Index(i)), plain(b.Index(i))); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// identical is JavaScript's === for all but arrays. Empty objects cannot be told apart here and are all one.
func identical(a, b document.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case document.Bool:
		return a.Bool() == b.Bool()
	case document.Number:
		return a.Float() == b.Float()
	case document.String:
		return a.Str() == b.Str()
	case document.Object:
		m, n := a.Members(), b.Members()
		return len(m) == len(n) && (len(m) == 0 || &m[0] == &n[0])
	}
	return true
}

// equal reports whether the literal equals v. It is not symmetric: nil is blank to blank, blank is not nil to nil.
func (l literal) equal(v value) bool {
	if l == nilLiteral {
		return v.isNil()
	}
	if l == blankLiteral {
		if v.isNil() || v.Kind() == document.Bool && !v.Bool() {
			return true
		}
		if v.literal == none && v.Kind() == document.String {
			return strings.TrimFunc(v.Str(), document.IsBlank) == ""
		}
	}
	if v.literal != none {
		return false
	}
	switch v.Kind() {
	case document.String:
		return v.Str() == ""
	case document.Array, document.Object:
		return v.Len() == 0
	}
	return false
}

// includes is the operator contains: an element of an array, or a part of a string.
func (r *renderer) includes(a, b value) (bool, error) {
	switch a.Kind() {
	case document.Array:
		for i := range a.Len() {
			if err := r.charge(visitCost); err != nil {
				return false, err
			}
			if same, err := r.equal(plain(a.Index(i)), b); same || err != nil {
				return same, err
			}
		}
	case document.String:
		part, err := r.jsText(b.Value)
		if err != nil {
			return false, err
		}
		return contains(a.Str(), part), nil
	}
	return false, nil
}
