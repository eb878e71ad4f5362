package schemas

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/linkedin/goavro/v2"
)

// avroFile reads an embedded schema.
func avroFile(t testing.TB, name string) string {
	t.Helper()
	text, err := files.ReadFile("avro/" + name + ".avsc")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// encoder writes JSON events with a schema, as a producer would that knows the schema: goavro encodes, with the schema's own text.
type encoder struct {
	root  *avroType
	codec *goavro.Codec
}

func newEncoder(t testing.TB, text string) *encoder {
	t.Helper()
	root, err := (&types{named: map[string]*avroType{}}).parseText(text)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := goavro.NewCodec(text)
	if err != nil {
		t.Fatal(err)
	}
	return &encoder{root: root, codec: codec}
}

// encode gives the Avro of an event in JSON. The error says why the schema cannot hold it.
func (e *encoder) encode(t testing.TB, event string) ([]byte, error) {
	t.Helper()
	tree, err := parseJSON(event)
	if err != nil {
		return nil, err
	}
	native, err := fit(e.root, tree)
	if err != nil {
		return nil, err
	}
	out, err := e.codec.BinaryFromNative(nil, native)
	if err != nil {
		t.Fatalf("goavro does not encode what fits: %v", err)
	}
	return out, nil
}

// parseJSON reads JSON as JavaScript does, as far as Go can: a number too large is null, as JSON.stringify makes it.
func parseJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	if strings.Count(fmt.Sprint(tree), "\uFFFD") != strings.Count(text, "\uFFFD") {
		return nil, errHalfPair
	}
	return numbers(tree), nil
}

// numbers makes doubles of all numbers.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil
		}
		return f + 0 // -0 is 0
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// fit makes of JSON what goavro wants for type t, or says why it does not fit.
func fit(t *avroType, v any) (any, error) {
	switch t.kind {
	case unionKind:
		return fitUnion(t, v)
	case recordKind:
		return fitRecord(t, v)
	case arrayKind:
		elements, ok := v.([]any)
		if !ok {
			break
		}
		out := make([]any, len(elements))
		for i := range elements {
			var err error
			if out[i], err = fit(t.items, elements[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case mapKind:
		members, ok := v.(map[string]any)
		if !ok {
			break
		}
		out := make(map[string]any, len(members))
		for k := range members {
			var err error
			if out[k], err = fit(t.items, members[k]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case enumKind:
		if s, ok := v.(string); ok && slices.Contains(t.symbols, s) {
			return s, nil
		}
	case nullKind:
		if v == nil {
			return nil, nil
		}
	case booleanKind:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case longKind:
		if s, ok := v.(string); ok && t.logical == timestampMillis {
			at, err := time.Parse("2006-01-02T15:04:05.000Z", s)
			if err == nil && at.Format("2006-01-02T15:04:05.000Z") == s {
				return at, nil
			}
		}
		if f, ok := v.(float64); ok && t.logical == plain && f == math.Trunc(f) && math.Abs(f) <= maxSafeInteger {
			return int64(f), nil
		}
	case doubleKind:
		if f, ok := v.(float64); ok {
			return f, nil
		}
	case stringKind:
		if s, ok := v.(string); ok && utf8.ValidString(s) {
			return s, nil
		}
	default:
	}
	return nil, fmt.Errorf("%v is no %s", brief(v), t.kind)
}

func fitUnion(t *avroType, v any) (any, error) {
	var reasons []string
	for _, b := range t.branches {
		native, err := fit(b, v)
		if err == nil {
			return goavro.Union(goavroName(b), native), nil
		}
		reasons = append(reasons, err.Error())
	}
	slices.Sort(reasons)
	return nil, fmt.Errorf("%s", strings.Join(slices.Compact(reasons), "; "))
}

// goavroName is what goavro calls a type in a union.
func goavroName(t *avroType) string {
	switch {
	case t.name != "":
		return t.name
	case t.logical == timestampMillis:
		return "long.timestamp-millis"
	}
	return t.kind.String()
}

func fitRecord(t *avroType, v any) (any, error) {
	if t.logical == jsonValue {
		native, err := fit(t.fields[0].typ, v)
		return map[string]any{t.fields[0].name: native}, err
	}
	members, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is no object", brief(v))
	}
	// A member with an explicit null is no member: what is null in a record is left out.
	out := map[string]any{}
	left := map[string]any{}
	for name, member := range members {
		i := slices.IndexFunc(t.fields, func(f field) bool { return f.name == name && !f.spreads })
		if i >= 0 && member != nil {
			native, err := fit(t.fields[i].typ, member)
			if err == nil {
				out[name] = native
				continue
			}
		}
		left[name] = member
	}
	for _, f := range t.fields {
		switch {
		case f.spreads:
			native, err := fit(f.typ, left)
			if err != nil {
				return nil, err
			}
			out[f.name], left = native, nil
		case out[f.name] != nil:
		case f.typ.kind == unionKind:
			out[f.name] = nil
		default:
			if _, ok := members[f.name]; !ok {
				return nil, fmt.Errorf("%s: %s is missing", t.name, f.name)
			}
			return nil, fmt.Errorf("%s: %s is %v", t.name, f.name, brief(members[f.name]))
		}
	}
	for name := range left {
		return nil, fmt.Errorf("%s has no field %q for %v", t.name, name, brief(left[name]))
	}
	return out, nil
}

func brief(v any) string {
	text, _ := json.Marshal(v)
	if len(text) > 30 {
		return string(text[:30]) + "…"
	}
	return string(text)
}
