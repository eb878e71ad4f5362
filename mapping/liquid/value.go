package liquid

import (
	"math"
	"strings"

	"segment-webhooks/mapping/document"
)

// value is what an expression yields: a JSON value, or one of the literals nil, empty and blank. Those compare in
// ways of their own; everywhere else they are null and the empty string, which is what Value then holds.
type value struct {
	document.Value
	literal literal
}

type literal uint8

const (
	none literal = iota
	nilLiteral
	emptyLiteral
	blankLiteral
)

// literalWords are the names that are values, literals the values that they are.
var (
	literalWords = [...]string{"true", "false", "nil", "null", "empty", "blank"}
	literals     = [...]value{
		{Value: document.BoolValue(true)},
		{Value: document.BoolValue(false)},
		{Value: document.NullValue(), literal: nilLiteral},
		{Value: document.NullValue(), literal: nilLiteral},
		{Value: document.StringValue(""), literal: emptyLiteral},
		{Value: document.StringValue(""), literal: blankLiteral},
	}
)

func plain(v document.Value) value          { return value{Value: v} }
func str(s string) value                    { return value{Value: document.StringValue(s)} }
func number(f float64) value                { return value{Value: document.NumberValue(f)} }
func boolean(b bool) value                  { return value{Value: document.BoolValue(b)} }
func array(elements []document.Value) value { return value{Value: document.ArrayValue(elements)} }

// isNil reports whether v is missing, null or the literal nil.
func (v value) isNil() bool { return v.IsMissing() || v.IsNull() }

// absent reports whether v is what a missing argument or variable is; the literal nil is not.
func (v value) absent() bool { return v.IsMissing() }

// truthy is Liquid's condition: all but missing, nil and false hold.
func (v value) truthy() bool {
	return !v.isNil() && (v.Kind() != document.Bool || v.Bool())
}

// given is JavaScript's condition, in which a literal is an object and holds.
func (v value) given() bool { return v.literal != none || v.Truthy() }

// length returns what JavaScript's v.length is for a string or an array, 0 for others.
func length(v document.Value) int {
	if v.Kind() == document.String {
		return document.UTF16Len(v.Str())
	}
	return v.Len()
}

// text returns what an output prints for v: nothing for nil, the elements of an array one behind the other.
func (r *renderer) text(v value) (string, error) {
	switch v.Kind() {
	case document.String:
		return v.Str(), nil
	case document.Missing, document.Null:
		return "", nil
	case document.Array:
		var out strings.Builder
		err := r.appendText(&out, v.Value, "")
		return document.JoinPairs(out.String()), err
	}
	return v.Text(), nil
}

// jsText returns what JavaScript's String(v) gives: arrays joined by commas, undefined and null spelled.
func (r *renderer) jsText(v document.Value) (string, error) {
	if v.Kind() != document.Array {
		return v.Text(), nil
	}
	var out strings.Builder
	err := r.appendText(&out, v, ",")
	return document.JoinPairs(out.String()), err
}

// appendText appends the elements of an array and of the arrays in it. Elements may be shared many times over, so it
// is paid for step by step.
func (r *renderer) appendText(out *strings.Builder, v document.Value, separator string) error {
	for i := range v.Len() {
		if i > 0 {
			out.WriteString(separator)
		}
		e := v.Index(i)
		switch e.Kind() {
		case document.Missing, document.Null:
			if err := r.charge(visitCost); err != nil {
				return err
			}
		case document.Array:
			if err := r.charge(visitCost); err != nil {
				return err
			}
			if err := r.appendText(out, e, separator); err != nil {
				return err
			}
		default:
			s := e.Text()
			if err := r.charge(visitCost + len(s)); err != nil {
				return err
			}
			out.WriteString(s)
		}
	}
	return nil
}

// primitive returns what JavaScript computes with in place of v: the text of arrays and objects, others as they are.
func (r *renderer) primitive(v value) (document.Value, error) {
	switch v.Kind() {
	case document.Array, document.Object:
		s, err := r.jsText(v.Value)
		return document.StringValue(s), err
	}
	return v.Value, nil
}

// toNumber returns what JavaScript's Number(v) gives.
func (r *renderer) toNumber(v value) (float64, error) {
	p, err := r.primitive(v)
	return primitiveNumber(p), err
}

func primitiveNumber(v document.Value) float64 {
	switch v.Kind() {
	case document.Number:
		return v.Float()
	case document.String:
		return document.ParseNumber(v.Str())
	case document.Bool:
		if v.Bool() {
			return 1
		}
		return 0
	case document.Null:
		return 0
	}
	return math.NaN()
}

// less is JavaScript's a < b: text by units if both are text, numbers otherwise.
func (r *renderer) less(a, b value) (less, equal bool, err error) {
	p, err := r.primitive(a)
	if err != nil {
		return false, false, err
	}
	q, err := r.primitive(b)
	if err != nil {
		return false, false, err
	}
	if p.Kind() == document.String && q.Kind() == document.String {
		c := compare(p.Str(), q.Str())
		return c < 0, c == 0, nil
	}
	f, g := primitiveNumber(p), primitiveNumber(q)
	return f < g, f == g, nil
}

// add is JavaScript's a + b: text one behind the other if either is text, the sum otherwise.
func (r *renderer) add(a, b value) (value, error) {
	p, err := r.primitive(a)
	if err != nil {
		return value{}, err
	}
	q, err := r.primitive(b)
	if err != nil {
		return value{}, err
	}
	if p.Kind() == document.String || q.Kind() == document.String {
		return str(p.Text() + q.Text()), nil
	}
	return number(primitiveNumber(p) + primitiveNumber(q)), nil
}

// elements returns what an array filter works on, in a slice of its own: the elements of an array, any other value as
// the only one, none for nil.
func (r *renderer) elements(v value) ([]document.Value, error) {
	switch {
	case v.isNil():
		return nil, nil
	case v.Kind() != document.Array:
		return []document.Value{v.Value}, nil
	}
	if err := r.charge(elementCost * v.Len()); err != nil {
		return nil, err
	}
	out := make([]document.Value, v.Len())
	for i := range out {
		out[i] = v.Index(i)
	}
	return out, nil
}
