package schemas

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// oracle decodes with goavro and then makes JSON of what goavro gives: slowly, in three passes, and with another's reading of Avro. What
// the transcoder does must be the same.
type oracle struct {
	speller
	root   *avroType
	binary *goavro.Codec
}

func newOracle(t testing.TB, root *avroType) *oracle {
	t.Helper()
	o := &oracle{root: root}
	var err error
	if o.binary, err = o.codec(root); err != nil {
		t.Fatal(err)
	}
	return o
}

// decode gives the event that data holds.
func (o *oracle) decode(data []byte) ([]byte, error) {
	v, rest, err := o.binary.NativeFromBinary(data)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, errors.New("bytes are left over")
	}
	t := o.root
	for t.kind == unionKind {
		t, v = o.branch(t, v)
	}
	switch text := v.(type) {
	case string:
		return []byte(text), nil
	case []byte:
		return bytes.Clone(text), nil
	}
	event, err := o.render(nil, t, v)
	if err != nil {
		return nil, err
	}
	parsed, err := parseTree(event)
	if err != nil {
		return nil, err
	}
	return appendTree(nil, parsed), nil
}

// render appends, in JSON, what goavro has made of a value of type t. It is the one place that knows goavro's form of values: records and
// maps are Go maps, and so is a value of a union, with the name of its branch as the only key.
func (o *oracle) render(dst []byte, t *avroType, v any) ([]byte, error) {
	switch t.kind {
	case nullKind:
		return append(dst, "null"...), nil
	case booleanKind:
		if v, ok := v.(bool); ok {
			if v {
				return append(dst, "true"...), nil
			}
			return append(dst, "false"...), nil
		}
	case intKind:
		if v, ok := v.(int32); ok {
			return appendInteger(dst, int64(v), t.logical), nil
		}
	case longKind:
		if v, ok := v.(int64); ok {
			return appendInteger(dst, v, t.logical), nil
		}
	case floatKind:
		if v, ok := v.(float32); ok {
			return appendFloat(dst, float64(v), 32), nil
		}
	case doubleKind:
		if v, ok := v.(float64); ok {
			return appendNumber(dst, v), nil
		}
	case bytesKind, fixedKind:
		if v, ok := v.([]byte); ok {
			return appendBytes(dst, v, t), nil
		}
	case stringKind, enumKind:
		if v, ok := v.(string); ok {
			return appendString(dst, v), nil
		}
	case unionKind:
		branch, inner := o.branch(t, v)
		if branch != nil {
			return o.render(dst, branch, inner)
		}
	case arrayKind:
		if v, ok := v.([]any); ok {
			return o.renderArray(dst, t, v)
		}
	case mapKind:
		if v, ok := v.(map[string]any); ok {
			dst, err := o.renderEntries(append(dst, '{'), t, v, nil)
			return append(dst, '}'), err
		}
	case recordKind:
		if v, ok := v.(map[string]any); ok {
			return o.renderRecord(dst, t, v)
		}
	}
	return nil, fmt.Errorf("goavro gave %T for type %s", v, t.kind)
}

// branch takes the value of a union apart.
func (o *oracle) branch(t *avroType, v any) (*avroType, any) {
	named, _ := v.(map[string]any)
	for _, b := range t.branches {
		if v == nil && b.kind == nullKind {
			return b, nil
		}
		if inner, ok := named[o.label(b)]; ok && len(named) == 1 {
			return b, inner
		}
	}
	return nil, nil
}

// label is what goavro calls a branch of a union.
func (o *oracle) label(t *avroType) string {
	if label := o.labels[t]; label != "" {
		return label
	}
	return t.kind.String()
}

func (o *oracle) renderArray(dst []byte, t *avroType, v []any) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, element := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = o.render(dst, t.items, element); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func (o *oracle) renderRecord(dst []byte, t *avroType, v map[string]any) (_ []byte, err error) {
	if t.logical == jsonValue {
		return o.render(dst, t.fields[0].typ, v[t.fields[0].name])
	}
	dst = append(dst, '{')
	for _, f := range t.fields {
		value := v[f.name]
		if value == nil {
			continue
		}
		if f.spreads {
			dst, err = o.renderSpread(dst, t, f, v)
		} else {
			label := f.label
			if dst[len(dst)-1] == '{' {
				label = label[1:]
			}
			dst, err = o.render(append(dst, label...), f.typ, value)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// renderSpread appends the entries of the map in field f beside the other members of record v. Members win over entries.
func (o *oracle) renderSpread(dst []byte, t *avroType, f field, v map[string]any) ([]byte, error) {
	typ, value := f.typ, v[f.name]
	if typ.kind == unionKind {
		typ, value = o.branch(typ, value)
	}
	entries, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("goavro gave %T for type %s", value, typ.kind)
	}
	return o.renderEntries(dst, typ, entries, func(key string) bool {
		return slices.ContainsFunc(t.fields, func(f field) bool { return f.key == key && !f.spreads && v[f.name] != nil })
	})
}

// renderEntries appends the entries of a map, in JavaScript's order as far as it has one, except those to skip.
func (o *oracle) renderEntries(dst []byte, t *avroType, v map[string]any, skip func(key string) bool) (_ []byte, err error) {
	keys := slices.SortedFunc(maps.Keys(v), func(a, b string) int { return compareKeys([]byte(a), []byte(b)) })
	for _, key := range keys {
		if skip != nil && skip(key) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key), ':')
		if dst, err = o.render(dst, t.items, v[key]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}
