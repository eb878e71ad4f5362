package document

// maxIndex is the largest key that JavaScript takes for an array index.
const maxIndex = 1<<32 - 2

// Get takes one step down from v as JavaScript's v[key] does: an own key of an object, an element of an array by its
// canonical decimal index, length of an array or a string, one UTF-16 unit of a string by its index. Everything else
// is Missing, the names that JavaScript objects inherit among it.
func (v Value) Get(key string) Value {
	switch v.kind {
	case Object:
		return v.body.member(key)
	case Array:
		if key == "length" {
			return NumberValue(float64(v.Len()))
		}
		if i, ok := arrayIndex(key); ok {
			return v.Index(int(i))
		}
	case String:
		if key == "length" {
			return NumberValue(float64(UTF16Len(v.str)))
		}
		if i, ok := arrayIndex(key); ok {
			if unit, ok := utf16Unit(v.str, int(i)); ok {
				return Value{kind: String, str: string(AppendRune(nil, unit))}
			}
		}
	}
	return Value{}
}

// arrayIndex returns the array index that key spells in canonical decimal form: no sign, no leading zero, at most
// 4294967294.
func arrayIndex[T string | []byte](key T) (index uint32, ok bool) {
	if len(key) == 0 || len(key) > len("4294967294") || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	var n uint64
	for i := range len(key) {
		c := key[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return uint32(n), n <= maxIndex
}
