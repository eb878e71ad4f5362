package schemas

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// calls are Segment's.
var calls = []string{"Identify", "Track", "Page", "Screen", "Group", "Alias", "Delete"}

// event.avsc is where the Avro schemas are written; those of single calls are cut out of it. UPDATE_SCHEMAS=1 does it.
func TestAvroFilesOfCalls(t *testing.T) {
	t.Parallel()
	source := readFile(t, "avro/event.avsc")
	root, err := parseTree(source)
	if err != nil {
		t.Fatal(err)
	}
	update(t, "avro/event.avsc", root)
	definitions := map[string]tree{}
	collectNamed(root, definitions)
	if got, want := len(root.([]tree)), len(calls); got != want {
		t.Fatalf("event.avsc is a union of %d, want %d", got, want)
	}
	for i, branch := range root.([]tree) {
		if name := get(branch, "name"); name != calls[i] {
			t.Errorf("branch %d is called %v, want %s", i, name, calls[i])
			continue
		}
		update(t, "avro/"+strings.ToLower(calls[i])+".avsc", alone(branch, definitions, map[string]bool{}))
	}
}

const namespace = "segment.events"

// collectNamed finds the definitions of named types.
func collectNamed(v tree, into map[string]tree) {
	switch v := v.(type) {
	case []tree:
		for _, e := range v {
			collectNamed(e, into)
		}
	case treeObject:
		if typ := get(v, "type"); typ == "record" || typ == "enum" {
			into[get(v, "name").(string)] = v
		}
		for _, m := range v {
			if m.key != "default" {
				collectNamed(m.value, into)
			}
		}
	}
}

// alone makes a type stand by itself: every named type is defined where it is used first.
func alone(v tree, definitions map[string]tree, defined map[string]bool) tree {
	switch v := v.(type) {
	case string:
		name := strings.TrimPrefix(v, namespace+".")
		if definition := definitions[name]; definition != nil && !defined[name] {
			return alone(definition, definitions, defined)
		}
		return name
	case []tree:
		out := []tree{}
		for _, e := range v {
			out = append(out, alone(e, definitions, defined))
		}
		return out
	case treeObject:
		name, _ := get(v, "name").(string)
		if typ := get(v, "type"); typ == "record" || typ == "enum" {
			if defined[name] {
				return name
			}
			defined[name] = true
		}
		out := slices.Clone(v)
		for i, m := range out {
			switch m.key {
			case "fields":
				fields := []tree{}
				for _, f := range m.value.([]tree) {
					fields = append(fields, set(f, "type", alone(get(f, "type"), definitions, defined)))
				}
				out[i].value = fields
			case "items", "values":
				out[i].value = alone(m.value, definitions, defined)
			}
		}
		return out
	}
	return v
}

// event.json is where the JSON Schemas are written; those of single calls are cut out of it.
func TestJSONSchemasOfCalls(t *testing.T) {
	t.Parallel()
	root, err := parseTree(readFile(t, "jsonschema/event.json"))
	if err != nil {
		t.Fatal(err)
	}
	update(t, "jsonschema/event.json", root)
	definitions := get(root, "definitions").(treeObject)
	for _, call := range calls {
		definition, _ := get(definitions, call).(treeObject)
		if definition == nil {
			t.Errorf("event.json has no definition of %s", call)
			continue
		}
		needed := map[string]bool{}
		collectReferences(definition, definitions, needed)
		var rest treeObject
		for _, d := range definitions {
			if needed[d.key] {
				rest = append(rest, d)
			}
		}
		out := treeObject{{"$schema", get(root, "$schema")}, {"title", call}}
		out = append(append(out, definition...), treeMember{"definitions", rest})
		update(t, "jsonschema/"+strings.ToLower(call)+".json", out)
	}
}

func collectReferences(v tree, definitions treeObject, needed map[string]bool) {
	switch v := v.(type) {
	case []tree:
		for _, e := range v {
			collectReferences(e, definitions, needed)
		}
	case treeObject:
		for _, m := range v {
			if ref, ok := m.value.(string); ok && m.key == "$ref" {
				name := strings.TrimPrefix(ref, "#/definitions/")
				if !needed[name] {
					needed[name] = true
					collectReferences(get(definitions, name), definitions, needed)
				}
			}
			collectReferences(m.value, definitions, needed)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(os.DirFS("."), name) // not the embedded file, which is as old as the build
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// update compares a file with what it should hold, or writes it.
func update(t *testing.T, name string, content tree) {
	t.Helper()
	want := []byte(pretty(content, "") + "\n")
	got, err := os.ReadFile(name)
	if err == nil && bytes.Equal(got, want) {
		return
	}
	if os.Getenv("UPDATE_SCHEMAS") == "" {
		t.Errorf("%s is out of date: run UPDATE_SCHEMAS=1 go test ./schemas", name)
		return
	}
	if err := os.WriteFile(name, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// What a producer reads is in the schema itself.
func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	root, err := parseTree(readFile(t, "avro/event.avsc"))
	if err != nil {
		t.Fatal(err)
	}
	definitions := map[string]tree{}
	collectNamed(root, definitions)
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		definition := definitions[name]
		if get(definition, "type") == "record" && get(definition, "doc") == nil {
			t.Errorf("record %s has no doc", name)
		}
		fields, _ := get(definition, "fields").([]tree)
		for _, f := range fields {
			if get(f, "doc") == nil && get(definition, "logicalType") == nil {
				t.Errorf("field %s of %s has no doc", get(f, "name"), name)
			}
		}
	}
}
