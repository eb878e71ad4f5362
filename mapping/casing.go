package mapping

import "segment-webhooks/mapping/document"

// casing is @case: a string in upper or lower case, anything else as it is.
type casing struct {
	value  node
	change func(string) string
	bad    *ResolveError // set instead of change where the operator is none; only a string brings it to light
}

func (n casing) eval(in document.Value) (document.Value, error) {
	v, err := n.value.eval(in)
	if err != nil || v.Kind() != document.String {
		return v, err
	}
	if n.bad != nil {
		return document.Value{}, n.bad
	}
	return document.StringValue(n.change(v.Str())), nil
}
