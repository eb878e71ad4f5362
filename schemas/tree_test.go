package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tree is JSON in the order of its text: a scalar as encoding/json has it, []tree, or members.
type tree any

type treeObject []treeMember

type treeMember struct {
	key   string
	value tree
}

// parseTree reads JSON; numbers become json.Number.
func parseTree(text []byte) (tree, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	v, err := readTree(decoder)
	if err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}

func readTree(d *json.Decoder) (tree, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []tree{}
		for d.More() {
			v, err := readTree(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		object := treeObject{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readTree(d)
			if err != nil {
				return nil, err
			}
			object = append(object, treeMember{key.(string), v})
		}
		_, err = d.Token()
		return object, err
	}
	return token, nil
}

// get gives a member of an object, nil where there is none.
func get(v tree, key string) tree {
	object, _ := v.(treeObject)
	for _, m := range object {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// set replaces a member of an object or adds it at the end.
func set(v tree, key string, value tree) tree {
	object := slices.Clone(v.(treeObject))
	for i, m := range object {
		if m.key == key {
			object[i].value = value
			return object
		}
	}
	return append(object, treeMember{key, value})
}

// appendTree prints a tree as JavaScript prints what it has parsed.
func appendTree(dst []byte, v tree) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return fmt.Append(dst, v)
	case json.Number:
		f, _ := v.Float64()
		return appendNumber(dst, f)
	case string:
		return appendString(dst, v)
	case []tree:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendTree(dst, e)
		}
		return append(dst, ']')
	case treeObject:
		return appendObject(dst, v)
	}
	panic(fmt.Sprintf("%T in a tree", v))
}

// appendObject prints an object in JavaScript's order, of repeated keys the last value at the first one's place.
func appendObject(dst []byte, object treeObject) []byte {
	var order treeObject
	for _, m := range object {
		at := slices.IndexFunc(order, func(o treeMember) bool { return o.key == m.key })
		if at >= 0 {
			order[at].value = m.value
			continue
		}
		order = append(order, m)
	}
	slices.SortStableFunc(order, func(a, b treeMember) int {
		i, first := arrayIndex([]byte(a.key))
		j, second := arrayIndex([]byte(b.key))
		switch {
		case first && second:
			return int(int64(i) - int64(j))
		case first:
			return -1
		case second:
			return 1
		}
		return 0
	})
	dst = append(dst, '{')
	for i, m := range order {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTree(append(appendString(dst, m.key), ':'), m.value)
	}
	return append(dst, '}')
}

// pretty prints a tree over lines of at most so many columns where that can be.
func pretty(v tree, indent string) string {
	const columns = 160
	line := oneLine(v)
	if len(indent)+len(line) <= columns {
		return line
	}
	inner := indent + "  "
	var lines []string
	switch v := v.(type) {
	case []tree:
		for _, e := range v {
			lines = append(lines, inner+pretty(e, inner))
		}
		return "[\n" + strings.Join(lines, ",\n") + "\n" + indent + "]"
	case treeObject:
		for _, m := range v {
			lines = append(lines, inner+string(appendString(nil, m.key))+": "+pretty(m.value, inner))
		}
		return "{\n" + strings.Join(lines, ",\n") + "\n" + indent + "}"
	}
	return line
}

func oneLine(v tree) string {
	var parts []string
	switch v := v.(type) {
	case []tree:
		for _, e := range v {
			parts = append(parts, oneLine(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case treeObject:
		for _, m := range v {
			parts = append(parts, string(appendString(nil, m.key))+": "+oneLine(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return string(appendTree(nil, v))
}
