package schemas

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// kind is what an Avro type is made of.
type kind uint8

const (
	nullKind kind = iota
	booleanKind
	intKind
	longKind
	floatKind
	doubleKind
	bytesKind
	stringKind
	recordKind
	enumKind
	fixedKind
	arrayKind
	mapKind
	unionKind
)

// kindNames are Avro's names for the kinds.
func kindNames() [unionKind + 1]string {
	return [...]string{
		"null", "boolean", "int", "long", "float", "double", "bytes", "string", "record", "enum", "fixed", "array", "map", "union",
	}
}

func (k kind) String() string { return kindNames()[k] }

// avroType is one type of a writer's schema. Types that are used in several places, and recursive ones, are shared: the whole is a
// graph.
type avroType struct {
	kind     kind
	name     string // full name of a record, enum or fixed; else ""
	logical  logical
	scale    int         // of a decimal: digits after the point
	size     int         // of a fixed: bytes
	symbols  []string    // of an enum
	fields   []field     // of a record, in the schema's order
	spreads  bool        // of a record: its last field spreads
	items    *avroType   // elements of an array, values of a map
	branches []*avroType // of a union
}

// field is a field of a record.
type field struct {
	name    string // as the schema has it
	key     string // as the event has it
	label   []byte // a comma, the key in JSON and a colon
	typ     *avroType
	spreads bool // its entries stand in the enclosing object; only the last field of a record does
}

// maxSchemaBytes bounds the text of a schema with everything it refers to.
const maxSchemaBytes = 4 << 20

// types collects the named types of a schema and of what it refers to.
type types struct {
	named map[string]*avroType
	camel bool // snake_case names of fields become camelCase
}

// parse turns a schema, as encoding/json reads it, into types. The namespace is that of what encloses it. It leaves to goavro what goavro
// checks.
func (t *types) parse(schema any, namespace string) (*avroType, error) {
	switch s := schema.(type) {
	case string:
		return t.find(s, namespace)
	case []any:
		return t.parseUnion(s, namespace)
	case map[string]any:
		name, ok := s["type"].(string)
		if !ok { // {"type": {…}} is the type inside
			if s["type"] == nil {
				return nil, errors.New("a type has no \"type\"")
			}
			return t.parse(s["type"], namespace)
		}
		return t.parseObject(name, s, namespace)
	}
	return nil, fmt.Errorf("%v is no type", schema)
}

func (t *types) parseObject(name string, s map[string]any, namespace string) (*avroType, error) {
	switch name {
	case "record":
		return t.parseRecord(s, namespace)
	case "enum":
		return t.parseEnum(s, namespace)
	case "fixed":
		return t.parseFixed(s, namespace)
	case "array", "map":
		part, k := "items", arrayKind
		if name == "map" {
			part, k = "values", mapKind
		}
		if s[part] == nil {
			return nil, fmt.Errorf("%s has no %q", article(name), part)
		}
		items, err := t.parse(s[part], namespace)
		if err != nil {
			return nil, err
		}
		out := &avroType{kind: k, items: items}
		out.annotate(s)
		return out, nil
	}
	found, err := t.find(name, namespace)
	if err != nil || found.name != "" {
		return found, err
	}
	found.annotate(s)
	return found, nil
}

// find gives a primitive type, or a named one that is defined already.
func (t *types) find(name, namespace string) (*avroType, error) {
	for k, primitive := range kindNames() {
		if name == primitive && kind(k) <= stringKind {
			return &avroType{kind: kind(k)}, nil
		}
	}
	if namespace != "" && !strings.Contains(name, ".") {
		if found := t.named[namespace+"."+name]; found != nil {
			return found, nil
		}
	}
	if found := t.named[name]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("type %q is not defined", name)
}

func (t *types) parseUnion(s []any, namespace string) (*avroType, error) {
	out := &avroType{kind: unionKind}
	for _, b := range s {
		branch, err := t.parse(b, namespace)
		if err != nil {
			return nil, err
		}
		if branch.kind == unionKind {
			return nil, errors.New("a union stands directly inside a union")
		}
		out.branches = append(out.branches, branch)
	}
	return out, nil
}

// define registers a new named type before its parts are parsed, because they may refer to it. It gives the namespace for these.
func (t *types) define(s map[string]any, namespace string, k kind) (*avroType, string, error) {
	name, _ := s["name"].(string)
	if name == "" {
		return nil, "", fmt.Errorf("%s has no name", article(k.String()))
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		namespace = name[:dot]
	} else {
		if own, ok := s["namespace"].(string); ok {
			namespace = own
		}
		if namespace != "" {
			name = namespace + "." + name
		}
	}
	if t.named[name] != nil {
		return nil, "", fmt.Errorf("type %q is defined twice", name)
	}
	out := &avroType{kind: k, name: name}
	t.named[name] = out
	return out, namespace, nil
}

func (t *types) parseRecord(s map[string]any, namespace string) (*avroType, error) {
	out, namespace, err := t.define(s, namespace, recordKind)
	if err != nil {
		return nil, err
	}
	fields, ok := s["fields"].([]any)
	if !ok {
		return nil, fmt.Errorf("record %q has no list of fields", out.name)
	}
	for i, f := range fields {
		f, _ := f.(map[string]any)
		name, _ := f["name"].(string)
		if name == "" || f["type"] == nil {
			return nil, fmt.Errorf("record %q has a field without name or type", out.name)
		}
		typ, err := t.parse(f["type"], namespace)
		if err != nil {
			return nil, fmt.Errorf("field %q of %q: %w", name, out.name, err)
		}
		out.fields = append(out.fields, field{name: name, key: name, typ: typ, spreads: i == len(fields)-1 && typ.hasAdditional()})
	}
	if t.camel {
		camelKeys(out.fields)
	}
	for i := range out.fields {
		f := &out.fields[i]
		f.label = append(appendString([]byte{','}, f.key), ':')
		out.spreads = f.spreads
	}
	out.annotate(s)
	return out, nil
}

func (t *types) parseEnum(s map[string]any, namespace string) (*avroType, error) {
	out, _, err := t.define(s, namespace, enumKind)
	if err != nil {
		return nil, err
	}
	symbols, _ := s["symbols"].([]any)
	for _, symbol := range symbols {
		text, ok := symbol.(string)
		if !ok {
			return nil, fmt.Errorf("enum %q has a symbol that is no text", out.name)
		}
		out.symbols = append(out.symbols, text)
	}
	return out, nil
}

func (t *types) parseFixed(s map[string]any, namespace string) (*avroType, error) {
	out, _, err := t.define(s, namespace, fixedKind)
	if err != nil {
		return nil, err
	}
	size, ok := wholeNumber(s["size"])
	if !ok || size < 1 {
		return nil, fmt.Errorf("fixed %q has no size from 1", out.name)
	}
	out.size = size
	out.annotate(s)
	return out, nil
}

// hasAdditional tells whether t is a map of additional members, or such a map or null.
func (t *avroType) hasAdditional() bool {
	if t.kind == unionKind && len(t.branches) == 2 {
		for i, b := range t.branches {
			if b.kind == nullKind {
				t = t.branches[1-i]
				break
			}
		}
	}
	return t.kind == mapKind && t.logical == additional
}

// wholeNumber is a number of a schema that is one.
func wholeNumber(v any) (int, bool) {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return 0, false
	}
	return int(f), true
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
