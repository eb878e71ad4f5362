package liquid

import (
	"errors"
	"strings"

	"segment-webhooks/mapping/document"
)

var errNotNamed = errors.New("the options behind the fallback are written name: value")

// jsonFilter is json, jsonify and inspect: JSON.stringify, with the given indentation. Missing gives missing.
func jsonFilter(r *renderer, in value, args arguments) (value, error) {
	if in.literal != none {
		return str("{}"), nil
	}
	if in.absent() {
		return in, nil
	}
	var indent, line string
	switch space := args.at(0); {
	case space.literal != none:
	case space.Kind() == document.Number && space.Float() > 0:
		indent, line = strings.Repeat(" ", clamp(toInt(space.Float()), maxIndent)), "\n" // V8 breaks lines for 0.5 too
	case space.Kind() == document.String && space.Str() != "":
		indent, line = slice(space.Str(), 0, maxIndent), "\n"
	}
	out, err := r.appendJSON(nil, in.Value, indent, line)
	return str(string(out)), err
}

// maxIndent is how many units JSON.stringify indents by at most.
const maxIndent = 10

// appendJSON appends v as JSON.stringify does. line is the line end with the indentation so far, "" to write
// everything on one line.
func (r *renderer) appendJSON(dst []byte, v document.Value, indent, line string) ([]byte, error) {
	opening, closing := byte('['), byte(']')
	switch v.Kind() {
	case document.Array:
	case document.Object:
		opening, closing = '{', '}'
	case document.Missing:
		return append(dst, "null"...), r.charge(visitCost)
	default:
		from := len(dst)
		dst = v.AppendJSON(dst)
		return dst, r.charge(len(dst) - from)
	}
	dst = append(dst, opening)
	inner := line
	if line != "" {
		inner += indent
	}
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, inner...)
		e := v.Index(i)
		if v.Kind() == document.Object {
			m := v.Members()[i]
			e = m.Value
			dst = append(document.StringValue(m.Key).AppendJSON(dst), ':')
			if line != "" {
				dst = append(dst, ' ')
			}
			if err := r.charge(len(m.Key)); err != nil {
				return dst, err
			}
		}
		err := r.charge(visitCost + len(inner))
		if err == nil {
			dst, err = r.appendJSON(dst, e, indent, inner)
		}
		if err != nil {
			return dst, err
		}
	}
	if v.Len() > 0 {
		dst = append(dst, line...)
	}
	return append(dst, closing), nil
}

// defaultFilter returns the first argument for what is nil, false or empty. With allow_false: true false stays.
func defaultFilter(_ *renderer, in value, args arguments) (value, error) {
	in.literal = none
	switch in.Kind() {
	case document.Array, document.String:
		if in.Len() > 0 || in.Str() != "" {
			return in, nil
		}
		return args.at(0), nil
	case document.Bool:
		if in.Bool() {
			return in, nil
		}
		var allowed bool
		for _, option := range args[min(1, len(args)):] {
			switch k := option.Kind(); {
			case option.literal != none:
			case k != document.Array && k != document.Object:
				return value{}, errNotNamed
			case option.Get("0").Str() == "allow_false":
				allowed = option.Get("1").Truthy()
			}
		}
		if allowed {
			return in, nil
		}
		return args.at(0), nil
	}
	if in.isNil() {
		return args.at(0), nil
	}
	return in, nil
}

// rawFilter is raw, which only matters with output escaping, which Segment does not use.
func rawFilter(_ *renderer, in value, _ arguments) (value, error) { return in, nil }
