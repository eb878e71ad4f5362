package liquid

import (
	"math"

	"segment-webhooks/mapping/document"
)

// variable returns the value at the end of steps down from the variables: what a block tag sets, then what assign
// and capture set, then counters, then the event's own members.
func (r *renderer) variable(steps []value) (value, error) {
	if steps[0].literal != none {
		return value{}, nil
	}
	name, err := r.jsText(steps[0].Value)
	if err != nil {
		return value{}, err
	}
	var v value
	switch assigned, ok := r.scope[name]; {
	case r.blocks > 0 && name == "block":
		v = plain(document.ObjectValue([]document.Member{{Key: "super", Value: document.StringValue("")}}))
	case ok:
		v = assigned
	default:
		if n, ok := r.counters[name]; ok {
			v = number(n)
		} else if v, err = r.member(r.event, steps[0], name); err != nil {
			return value{}, err
		}
	}
	return r.walk(v, steps[1:])
}

// member returns a variable that is a member of from. A name that from lacks is looked up in liquidjs's empty
// globals, where size is 0.
func (r *renderer) member(from, step value, name string) (value, error) {
	if own := from.Get(name); !own.IsMissing() {
		return r.step(from, step)
	}
	if name == "size" {
		return number(0), nil
	}
	return value{}, nil
}

// walk takes steps down from v.
func (r *renderer) walk(v value, steps []value) (value, error) {
	for _, s := range steps {
		var err error
		if v, err = r.step(v, s); err != nil {
			return value{}, err
		}
	}
	return v, nil
}

// step takes one step down: to an own member, to an element, also from the end, or to size, first or last.
func (r *renderer) step(v, key value) (value, error) {
	if v.literal != none {
		return value{}, nil
	}
	if v.isNil() {
		return v, nil
	}
	if v.Kind() == document.Array && key.Kind() == document.Number {
		return element(v, key.Float()), nil
	}
	name, err := r.jsText(key.Value)
	if err != nil {
		return value{}, err
	}
	own := v.Get(name)
	if !own.IsMissing() || key.Kind() != document.String {
		return plain(own), nil
	}
	switch name {
	case "size":
		switch v.Kind() {
		case document.String, document.Array, document.Object:
			return number(float64(length(v.Value))), nil
		}
	case "first":
		return element(v, 0), nil
	case "last":
		return element(v, -1), nil
	}
	return value{}, nil
}

// element returns the i-th element of an array, counted from the end where i is negative.
func element(v value, i float64) value {
	if i < 0 {
		i += float64(v.Len())
	}
	if v.Kind() != document.Array || i != math.Trunc(i) || i < 0 || i >= float64(v.Len()) {
		return value{}
	}
	return plain(v.Index(int(i)))
}
