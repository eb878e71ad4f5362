package liquid

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// joinFilter is join, by a space if no separator is given.
func joinFilter(r *renderer, in value, args arguments) (value, error) {
	separator := " "
	if !args.at(0).isNil() {
		var err error
		if separator, err = r.text(args[0]); err != nil {
			return value{}, err
		}
	}
	all, err := r.elements(in)
	if err != nil {
		return value{}, err
	}
	var out strings.Builder
	for i, e := range all {
		if i > 0 {
			out.WriteString(separator)
		}
		var s string
		if !plain(e).isNil() {
			var err error
			if s, err = r.jsText(e); err != nil {
				return value{}, err
			}
		}
		if err := r.charge(len(separator) + len(s)); err != nil {
			return value{}, err
		}
		out.WriteString(s)
	}
	return str(out.String()), nil
}

func first(r *renderer, in value, _ arguments) (value, error) { return r.end(in, 0) }
func last(r *renderer, in value, _ arguments) (value, error)  { return r.end(in, -1) }

// end returns the first or the last element of an array or unit of a string. An object with a numeric length counts
// as an array; anything else gives the empty string.
func (r *renderer) end(in value, i float64) (value, error) {
	switch in.Kind() {
	case document.Array:
		return element(in, i), nil
	case document.String, document.Object:
		n := in.Get("length")
		if n.Kind() != document.Number || in.Str() == "" && in.Kind() == document.String {
			break
		}
		if i < 0 {
			i += n.Float()
		}
		return plain(in.Get(string(document.AppendNumber(nil, i)))), nil
	}
	return str(""), nil
}

// size is the length of a string or an array. An object's length is its member of that name; everything else has 0.
func size(r *renderer, in value, _ arguments) (value, error) {
	if err := r.charge(len(in.Str())); err != nil {
		return value{}, err
	}
	if n := in.Get("length"); n.Truthy() {
		return plain(n), nil
	}
	return number(0), nil
}

// sum adds up the elements, or what the property given by the argument is in each. What is no number is passed over.
func sum(r *renderer, in value, args arguments) (value, error) {
	var steps []value
	if args.at(0).given() {
		property, err := r.text(args[0])
		if err != nil {
			return value{}, err
		}
		for name := range strings.SplitSeq(property, ".") {
			steps = append(steps, str(name))
		}
	}
	all, err := r.elements(in)
	if err != nil {
		return value{}, err
	}
	total := 0.0
	for _, e := range all {
		v, err := r.walk(plain(e), steps)
		if err != nil {
			return value{}, err
		}
		f, err := r.toNumber(v)
		if err != nil {
			return value{}, err
		}
		if !math.IsNaN(f) {
			total += f
		}
	}
	return number(total), nil
}

// compact drops what is nil.
func compact(r *renderer, in value, _ arguments) (value, error) {
	all, err := r.elements(in)
	return array(slices.DeleteFunc(all, func(v document.Value) bool { return plain(v).isNil() })), err
}

func push(r *renderer, in value, args arguments) (value, error) {
	all, err := r.elements(in)
	return array(append(all, args.at(0).Value)), err
}

func unshift(r *renderer, in value, args arguments) (value, error) {
	all, err := r.elements(in)
	return array(slices.Insert(all, 0, args.at(0).Value)), err
}

func pop(r *renderer, in value, _ arguments) (value, error) {
	all, err := r.elements(in)
	return array(all[:max(0, len(all)-1)]), err
}

func shift(r *renderer, in value, _ arguments) (value, error) {
	all, err := r.elements(in)
	return array(all[min(1, len(all)):]), err
}

// sliceFilter is slice: from the first argument, counted from the end if it is negative, as many elements or units as
// the second one says, 1 if it is missing. JavaScript adds the two, so text arguments are put one behind the other.
func sliceFilter(r *renderer, in value, args arguments) (value, error) {
	if in.isNil() {
		return array(nil), nil
	}
	in.literal = none
	if in.Kind() != document.Array {
		s, err := r.chargedText(in)
		if err != nil {
			return value{}, err
		}
		in = str(s)
	}
	begin, count := args.at(0), args.or(1, number(1))
	negative, _, err := r.less(begin, number(0))
	if err == nil && negative {
		if begin, err = r.add(number(float64(length(in.Value))), begin); err == nil {
			negative, _, err = r.less(begin, number(0))
		}
	}
	if err != nil {
		return value{}, err
	}
	if short, _, err := r.less(count, number(0)); err != nil || short || negative {
		if in.Kind() == document.Array {
			return array(nil), err
		}
		return str(""), err
	}
	end, err := r.add(begin, count)
	if err != nil {
		return value{}, err
	}
	from, err := r.toNumber(begin)
	if err != nil {
		return value{}, err
	}
	to, err := r.toNumber(end)
	if err != nil {
		return value{}, err
	}
	length, err := r.toNumber(count)
	if err == nil {
		err = r.charge(clampCharge(length))
	}
	if err != nil {
		return value{}, err
	}
	return r.part(in, toInt(from), toInt(to))
}

// part returns what JavaScript's slice does; a negative bound counts from the end.
func (r *renderer) part(in value, from, to int) (value, error) {
	n := length(in.Value)
	if from < 0 {
		from = max(0, from+n)
	}
	if to < 0 {
		to = max(0, to+n)
	}
	if in.Kind() == document.String {
		return str(slice(in.Str(), from, to)), nil
	}
	all, err := r.elements(in)
	from, to = min(from, len(all)), min(to, len(all))
	return array(all[from:max(from, to)]), err
}

// where keeps the elements in which the property that the first argument names equals the second one, or holds if
// there is no second one. The property may be a path.
func where(r *renderer, in value, args arguments) (value, error) {
	property, err := r.chargedText(args.at(0))
	if err != nil {
		return value{}, err
	}
	u := document.ToUTF16(property)
	c := cursor{in: u, end: len(u)}
	c.skip()
	path, err := c.steps(true)
	if fault, ok := errors.AsType[*SyntaxError](err); ok {
		return value{}, fmt.Errorf("property %q: %s", slice(property, 0, 100), fault.Reason)
	}
	all, err := r.elements(in)
	if err != nil {
		return value{}, err
	}
	want := args.at(1)
	var out []document.Value
	for _, e := range all {
		v, err := r.property(e, path)
		if err != nil {
			return value{}, err
		}
		match := v.truthy()
		if !want.absent() {
			if match, err = r.equal(v, want); err != nil {
				return value{}, err
			}
		}
		if match {
			out = append(out, e)
		}
	}
	return array(out), nil
}

// property returns what stands at the end of a path in an element. Names in the path are the element's too.
func (r *renderer) property(element document.Value, path []operand) (value, error) {
	if len(path) == 0 {
		return value{}, nil
	}
	inner := renderer{event: plain(element), spent: r.spent}
	v, err := access{steps: path}.eval(&inner)
	r.spent = inner.spent
	return v, err
}

// sample picks elements, or characters of a string, by chance in liquidjs. Here it takes the first ones, so that an
// event always gives the same request.
func sample(r *renderer, in value, args arguments) (value, error) {
	if in.isNil() {
		return array(nil), nil
	}
	var all []document.Value
	if in.Kind() == document.Array {
		var err error
		if all, err = r.elements(in); err != nil {
			return value{}, err
		}
	} else {
		s, err := r.chargedText(in)
		if err == nil {
			err = r.charge(elementCost * utf8.RuneCountInString(s))
		}
		if err != nil {
			return value{}, err
		}
		for len(s) > 0 {
			_, n := document.DecodeRune(s)
			all = append(all, document.StringValue(s[:n]))
			s = s[n:]
		}
	}
	count := args.or(0, number(1))
	if count.Kind() == document.Number && count.Float() == 1 {
		if len(all) == 0 {
			return value{}, nil
		}
		return plain(all[0]), nil
	}
	n, err := r.toNumber(count)
	if err != nil {
		return value{}, err
	}
	return r.part(array(all), 0, toInt(n))
}
