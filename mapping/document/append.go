package document

import "math"

// AppendJSON appends what JSON.stringify(v) gives: no blanks, members in JavaScript's order, missing members left out,
// missing elements as null, numbers that are not finite as null. For Missing itself it appends nothing.
func (v Value) AppendJSON(dst []byte) []byte { return v.appendJSON(dst, false) }

// tooLarge reads back as Infinity.
const tooLarge = "1e999"

// appendJSON is AppendJSON, but writes infinite numbers, if they shall be kept, in a way that reads back as infinite.
func (v Value) appendJSON(dst []byte, keepInfinite bool) []byte {
	switch v.kind {
	case Null:
		return append(dst, "null"...)
	case Bool:
		if v.num != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Number:
		if keepInfinite && math.IsInf(v.num, 0) {
			if v.num < 0 {
				dst = append(dst, '-')
			}
			return append(dst, tooLarge...)
		}
		return appendJSONNumber(dst, v.num)
	case String:
		return appendJSONString(dst, v.str)
	case Array:
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if e := v.body.elements[i]; e.kind == Missing {
				dst = append(dst, "null"...)
			} else {
				dst = e.appendJSON(dst, keepInfinite)
			}
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		first := true
		for _, m := range v.Members() {
			if m.Value.kind == Missing {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = appendJSONString(dst, m.Key)
			dst = append(dst, ':')
			dst = m.Value.appendJSON(dst, keepInfinite)
		}
		return append(dst, '}')
	}
	return dst
}

// appendJSONString appends s, which is WTF-8, as a JSON string. Only the quote, the backslash, control characters and
// unpaired surrogates are escaped.
func appendJSONString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0xed {
			continue
		}
		if c == 0xed && !isSurrogate(s[i:]) {
			continue
		}
		dst = append(dst, s[from:i]...)
		if c == 0xed {
			r, _ := DecodeRune(s[i:])
			dst = appendEscape(dst, r)
			i += 2
		} else {
			dst = appendEscape(dst, rune(c))
		}
		from = i + 1
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// Text returns what JavaScript's String(v) gives: a string itself, numbers as AppendNumber writes them, the elements of
// an array joined by commas with missing and null ones empty, "[object Object]" for objects. Missing gives "undefined"
// and null "null"; where those must be empty, as in templates, the caller looks first.
func (v Value) Text() string {
	switch v.kind {
	case Null:
		return "null"
	case Bool:
		if v.num != 0 {
			return "true"
		}
		return "false"
	case Number:
		return string(AppendNumber(nil, v.num))
	case String:
		return v.str
	case Array:
		return string(v.appendJoined(nil))
	case Object:
		return "[object Object]"
	}
	return "undefined"
}

// appendJoined appends the text of an array.
func (v Value) appendJoined(dst []byte) []byte {
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch e := v.body.elements[i]; e.kind {
		case Missing, Null:
		case Array:
			dst = e.appendJoined(dst)
		default:
			dst = append(dst, e.Text()...)
		}
	}
	return dst
}
