package mapping

import "segment-webhooks/mapping/document"

// node is a compiled piece of a mapping. Given the event - or what stands in its place inside @arrayPath and
// @transform - it yields a value; Missing drops the member it was meant for. A node is immutable and safe for
// concurrent use.
type node interface {
	eval(in document.Value) (document.Value, error)
}

// constant is a node that does not look at the event.
type constant struct{ value document.Value }

func (n constant) eval(document.Value) (document.Value, error) { return n.value, nil }

// failing is a node that fails for every event.
type failing struct{ err *ResolveError }

func (n failing) eval(document.Value) (document.Value, error) { return document.Value{}, n.err }

// record is an object whose members are nodes. Members that come out Missing stay in it as such: @merge and the
// printing of JSON tell them from members that are not there.
type record struct {
	keys    []string
	members []node
}

func (n record) eval(in document.Value) (document.Value, error) {
	members := make([]document.Member, len(n.members))
	for i, member := range n.members {
		v, err := member.eval(in)
		if err != nil {
			return document.Value{}, err
		}
		members[i] = document.Member{Key: n.keys[i], Value: v}
	}
	return document.ObjectValue(members), nil
}

// list is an array whose elements are nodes.
type list struct{ elements []node }

func (n list) eval(in document.Value) (document.Value, error) {
	values := make([]document.Value, len(n.elements))
	for i, element := range n.elements {
		v, err := element.eval(in)
		if err != nil {
			return document.Value{}, err
		}
		values[i] = v
	}
	return document.ArrayValue(values), nil
}

// protoKey is the key that assigning to in JavaScript sets an object's prototype instead of a member. Every object
// that Segment's runtime builds is built by assignment, so the key is lost from all of them.
const protoKey = "__proto__"

// compact returns v as it leaves a mapping: members that are Missing and members called __proto__ are gone, at every
// depth. Missing elements of arrays stay. Where there is nothing to remove v itself is returned.
func compact(v document.Value) document.Value {
	v, _ = compacted(v)
	return v
}

func compacted(v document.Value) (_ document.Value, changed bool) {
	switch v.Kind() {
	case document.Array:
		return compactedArray(v)
	case document.Object:
		return compactedObject(v)
	}
	return v, false
}

func compactedArray(v document.Value) (_ document.Value, changed bool) {
	var elements []document.Value // nil until one changes
	for i := range v.Len() {
		element, changed := compacted(v.Index(i))
		if changed && elements == nil {
			elements = make([]document.Value, v.Len())
			for j := range i {
				elements[j] = v.Index(j)
			}
		}
		if elements != nil {
			elements[i] = element
		}
	}
	if elements == nil {
		return v, false
	}
	return document.ArrayValue(elements), true
}

func compactedObject(v document.Value) (_ document.Value, changed bool) {
	var members []document.Member
	for i, member := range v.Members() {
		drop := member.Value.IsMissing() || member.Key == protoKey
		value, below := compacted(member.Value)
		if (drop || below) && !changed {
			changed = true
			members = make([]document.Member, i, v.Len())
			copy(members, v.Members())
		}
		if changed && !drop {
			members = append(members, document.Member{Key: member.Key, Value: value})
		}
	}
	if !changed {
		return v, false
	}
	return document.ObjectValue(members), true
}
