package document

import "math"

// Kind is the type of a value.
type Kind uint8

// The kinds. Missing is JavaScript's undefined: nothing stands there.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind's name in lower case, for messages.
func (k Kind) String() string {
	switch k {
	case Missing:
		return "missing"
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case Array:
		return "array"
	case Object:
		return "object"
	}
	return "unknown"
}

// Value is one JSON value, or nothing at all: the zero Value is Missing. Values are immutable, cheap to copy and
// safe to share between goroutines.
type Value struct {
	kind Kind
	num  float64 // a number, or 1 for true
	str  string  // a string, WTF-8
	body *body   // an array's elements or an object's members; nil when empty
}

// body holds what a Value of kind Array or Object contains.
type body struct {
	elements []Value
	members  []Member
	sorted   []int32 // positions in members by ascending key, for objects too large for a linear search
}

// Member is one key of an object with its value.
type Member struct {
	Key   string
	Value Value
}

// NullValue returns null.
func NullValue() Value { return Value{kind: Null} }

// BoolValue returns true or false.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// NumberValue returns a number. NaN and the infinities are numbers too; AppendJSON prints them as null.
func NumberValue(f float64) Value { return Value{kind: Number, num: f} }

// StringValue returns a string. Bytes that are not WTF-8 become U+FFFD, and two surrogates that meet become the one
// character that they are in JavaScript.
func StringValue(s string) Value { return Value{kind: String, str: toWTF8(s)} }

// ArrayValue returns an array of the given elements. It keeps the slice, which must not change afterwards.
func ArrayValue(elements []Value) Value {
	if len(elements) == 0 {
		return Value{kind: Array}
	}
	return Value{kind: Array, body: &body{elements: elements}}
}

// ObjectValue returns the object that assigning the members one after the other gives in JavaScript: array-index
// keys first and ascending, the others in order of insertion, of a repeated key the last value at the first place.
// It keeps and may rearrange the slice, which must not change afterwards.
func ObjectValue(members []Member) Value {
	for i := range members {
		members[i].Key = toWTF8(members[i].Key)
	}
	if len(members) == 0 {
		return Value{kind: Object}
	}
	own := newObject(members)
	return Value{kind: Object, body: &own}
}

// Kind returns the type of v.
func (v Value) Kind() Kind { return v.kind }

// IsMissing reports whether v is Missing, JavaScript's undefined.
func (v Value) IsMissing() bool { return v.kind == Missing }

// IsNull reports whether v is null. Missing is not null.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool returns whether v is true.
func (v Value) Bool() bool { return v.kind == Bool && v.num != 0 }

// Float returns the number that v is, NaN if v is not a number.
func (v Value) Float() float64 {
	if v.kind != Number {
		return math.NaN()
	}
	return v.num
}

// Str returns the string that v is, in WTF-8, and "" if v is not a string. Text converts other values.
func (v Value) Str() string { return v.str }

// Len returns how many elements an array or how many members an object has, 0 for other values.
func (v Value) Len() int {
	if v.body == nil {
		return 0
	}
	return max(len(v.body.elements), len(v.body.members))
}

// Index returns the i-th element of an array, Missing if v is no array or has no such element.
func (v Value) Index(i int) Value {
	if v.kind != Array || i < 0 || i >= v.Len() {
		return Value{}
	}
	return v.body.elements[i]
}

// Members returns the members of an object in JavaScript's order, nil if v is no object. The slice belongs to v and
// must not be changed.
func (v Value) Members() []Member {
	if v.body == nil {
		return nil
	}
	return v.body.members
}

// Truthy reports whether v counts as true in a JavaScript condition: everything but missing, null, false, 0, NaN and
// the empty string does.
func (v Value) Truthy() bool {
	switch v.kind {
	case Bool:
		return v.num != 0
	case Number:
		return v.num != 0 && !math.IsNaN(v.num)
	case String:
		return v.str != ""
	case Array, Object:
		return true
	}
	return false
}
