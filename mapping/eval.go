package mapping

import (
	"slices"
	"strconv"

	"segment-webhooks/mapping/document"
)

// lookup is @path: the value at a path, as it is.
type lookup struct{ path path }

func (n lookup) eval(in document.Value) (document.Value, error) { return n.path.in(in), nil }

// computedPath is an @path whose path comes out of another directive.
type computedPath struct {
	operand node
	at      string
}

func (n computedPath) eval(in document.Value) (document.Value, error) {
	text, err := evalString(n.operand, in, n.at)
	if err != nil {
		return document.Value{}, err
	}
	return parseRootedPath(text).in(in), nil
}

func (t template) eval(in document.Value) (document.Value, error) {
	if in.IsMissing() { // what an @transform or @arrayPath may give; its {{ }} is an object to Segment's renderer
		in = document.ObjectValue(nil)
	}
	return document.StringValue(t.render(in)), nil
}

// computedTemplate is an @template whose text comes out of another directive.
type computedTemplate struct {
	operand node
	at      string
}

func (n computedTemplate) eval(in document.Value) (document.Value, error) {
	text, err := evalString(n.operand, in, n.at)
	if err != nil {
		return document.Value{}, err
	}
	return parseTemplate(text).eval(in)
}

func evalString(n node, in document.Value, at string) (string, error) {
	v, err := n.eval(in)
	if err != nil {
		return "", err
	}
	if v.Kind() != document.String {
		return "", &ResolveError{Path: at, Reason: "needs a string, and what stands there gives " + describe(v)}
	}
	return v.Str(), nil
}

// condition is @if.
type condition struct {
	test  node
	blank bool // whether empty values fail the test too
	yes   node
	no    node
}

func (n condition) eval(in document.Value) (document.Value, error) {
	v, err := n.test.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	if n.holds(v) {
		return n.yes.eval(in)
	}
	return n.no.eval(in)
}

// holds reports whether v passes the test. The name of "blank" misleads: both tests pass for a value that is there,
// blank only if that value, too, is not empty by JavaScript's loose comparison: "", 0, false and [] are.
func (n condition) holds(v document.Value) bool {
	if v.IsMissing() || v.IsNull() {
		return false
	}
	if !n.blank {
		return true
	}
	switch v.Kind() {
	case document.Array:
		return v.Text() != ""
	case document.Object:
		return true
	}
	return v.Truthy()
}

func (n condition) fold() node {
	switch test := n.test.(type) {
	case failing:
		return test
	case constant:
		if n.holds(test.value) {
			return n.yes
		}
		return n.no
	}
	return n
}

// arrayPath is @arrayPath with a shape: the shape is resolved for each element of a list, with the element as input.
type arrayPath struct {
	from  node
	shape node
}

func (n arrayPath) eval(in document.Value) (document.Value, error) {
	from, err := n.from.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	switch from.Kind() {
	case document.Object:
		from = document.ArrayValue([]document.Value{from})
	case document.Array:
	default:
		return from, nil
	}
	shaped := make([]document.Value, from.Len())
	for i := range shaped {
		if shaped[i], err = n.shape.eval(from.Index(i)); err != nil {
			return document.Value{}, err
		}
	}
	return document.ArrayValue(shaped), nil
}

// merge is @merge: the members of several objects in one, later ones overwriting earlier ones in place.
type merge struct {
	objects   []node
	direction node
}

func (n merge) eval(in document.Value) (document.Value, error) {
	direction, err := n.direction.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	objects := make([]document.Value, len(n.objects))
	for i, object := range n.objects {
		if objects[i], err = object.eval(in); err != nil {
			return document.Value{}, err
		}
	}
	if direction.Str() == "left" {
		slices.Reverse(objects)
	}
	var members []document.Member
	for _, object := range objects {
		members = appendMembers(members, object)
	}
	return document.ObjectValue(members), nil
}

// appendMembers appends what JavaScript's Object.assign copies from v: members, elements or UTF-16 units.
func appendMembers(dst []document.Member, v document.Value) []document.Member {
	switch v.Kind() {
	case document.Object:
		for _, member := range v.Members() {
			if member.Key != protoKey {
				dst = append(dst, member)
			}
		}
	case document.Array:
		for i := range v.Len() {
			dst = append(dst, document.Member{Key: strconv.Itoa(i), Value: v.Index(i)})
		}
	case document.String:
		for i, unit := range document.ToUTF16(v.Str()) {
			text := string(document.AppendRune(nil, rune(unit)))
			dst = append(dst, document.Member{Key: strconv.Itoa(i), Value: document.StringValue(text)})
		}
	}
	return dst
}

// transform is @transform: one mapping applied to the outcome of another.
type transform struct {
	apply   node
	mapping node
	at      string
}

func (n transform) eval(in document.Value) (document.Value, error) {
	switch in.Kind() {
	case document.Object:
	case document.Missing:
		in = document.ObjectValue(nil)
	default:
		return document.Value{}, &ResolveError{Path: n.at, Reason: "needs an object as its input, not " + describe(in)}
	}
	applied, err := n.apply.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	return n.mapping.eval(compact(applied))
}

// flatten is @flatten: nested members on one level under joined keys.
type flatten struct {
	value      node
	separator  node
	omitArrays bool
	at         string
}

func (n flatten) eval(in document.Value) (document.Value, error) {
	separator, err := evalString(n.separator, in, n.at+"/separator")
	if err != nil {
		return document.Value{}, err
	}
	v, err := n.value.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	return document.ObjectValue(n.appendFlat(nil, "", separator, v)), nil
}

// appendFlat appends what v holds under the key of v. Empty objects and arrays leave nothing.
func (n flatten) appendFlat(dst []document.Member, key, separator string, v document.Value) []document.Member {
	below := func(name string) string {
		if key == "" {
			return name
		}
		return key + separator + name
	}
	switch {
	case v.Kind() == document.Object:
		for _, member := range v.Members() {
			dst = n.appendFlat(dst, below(member.Key), separator, member.Value)
		}
	case v.Kind() == document.Array && !n.omitArrays:
		for i := range v.Len() {
			dst = n.appendFlat(dst, below(strconv.Itoa(i)), separator, v.Index(i))
		}
	case key != protoKey:
		dst = append(dst, document.Member{Key: key, Value: v})
	}
	return dst
}

// jsonText is @json: a value to its JSON text or back.
type jsonText struct {
	value node
	mode  string
}

func (n jsonText) eval(in document.Value) (document.Value, error) {
	v, err := n.value.eval(in)
	if err != nil {
		return document.Value{}, err
	}
	switch n.mode {
	case "encode":
		if v.IsMissing() {
			return v, nil
		}
		return document.StringValue(string(v.AppendJSON(nil))), nil
	case "decode":
		if v.Kind() == document.String {
			if decoded, ok := document.ParseString(v.Str()); ok {
				return decoded, nil
			}
		}
		return v, nil
	}
	return document.Value{}, nil
}

// excludeWhenNull is @excludeWhenNull: null becomes Missing, and so do null members of objects within objects.
type excludeWhenNull struct{ value node }

func (n excludeWhenNull) eval(in document.Value) (document.Value, error) {
	v, err := n.value.eval(in)
	if err != nil || v.IsNull() {
		return document.Value{}, err
	}
	return withoutNulls(v), nil
}

func withoutNulls(v document.Value) document.Value {
	if v.Kind() != document.Object {
		return v
	}
	members := make([]document.Member, 0, v.Len())
	for _, member := range v.Members() {
		if member.Value.IsNull() || member.Key == protoKey {
			continue
		}
		members = append(members, document.Member{Key: member.Key, Value: withoutNulls(member.Value)})
	}
	return document.ObjectValue(members)
}
