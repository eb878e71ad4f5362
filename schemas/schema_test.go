package schemas

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Schemas that are not, or that hold no events.
func TestRefusedSchemas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, schema, want string }{
		{"no JSON", `{`, "the schema is no JSON"},
		{"no type", `{"name":"R"}`, `a type has no "type"`},
		{"a number", `7`, "7 is no type"},
		{"an unknown type", `"lon"`, `type "lon" is not defined`},
		{"an unknown type in a namespace", `{"type":"record","name":"n.R","fields":[{"name":"a","type":"S"}]}`, `field "a" of "n.R": type "S" is not defined`},
		{"a record without name", `{"type":"record","fields":[]}`, "a record has no name"},
		{"an enum without name", `{"type":"enum","symbols":["A"]}`, "an enum has no name"},
		{"a record without fields", `{"type":"record","name":"R"}`, `record "R" has no list of fields`},
		{"a field without name", `{"type":"record","name":"R","fields":[{"type":"int"}]}`, `record "R" has a field without name or type`},
		{"a field that is none", `{"type":"record","name":"R","fields":["int"]}`, `record "R" has a field without name or type`},
		{"two fields of one name", `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`, `ought to have unique name`},
		{"a name that is none", `{"type":"record","name":"R","fields":[{"name":"a-b","type":"int"}]}`, `ought to have valid name`},
		{"two types of one name", inRecord(`["null",{"type":"enum","name":"E","symbols":["A"]}]`), `type "E" is defined twice`},
		{"an array of nothing", inRecord(`{"type":"array"}`), `an array has no "items"`},
		{"a map of nothing", inRecord(`{"type":"map"}`), `a map has no "values"`},
		{"an enum without symbols", inRecord(`{"type":"enum","name":"X"}`), `ought to be non-empty array`},
		{"a symbol that is a number", inRecord(`{"type":"enum","name":"X","symbols":[1]}`), `has a symbol that is no text`},
		{"a fixed without size", inRecord(`{"type":"fixed","name":"X"}`), `fixed "X" has no size from 1`},
		{"a fixed of half a byte", inRecord(`{"type":"fixed","name":"X","size":0.5}`), `fixed "X" has no size from 1`},
		{"a union in a union", inRecord(`["int",["null","string"]]`), `a union stands directly inside a union`},
		{"a union with a type twice", inRecord(`["int","int"]`), `ought to be unique type`},
		{"an empty union", inRecord(`[]`), `ought to have one or more members`},
		{"an array", `{"type":"array","items":"int"}`, "the schema is of type array: no value of it is an event"},
		{"a number as event", `"long"`, "the schema is of type long"},
		{"a union of scalars", `["null","int"]`, "a union without a record"},
		{"too deep", strings.Repeat(`{"type":"array","items":`, 10001) + `"int"` + strings.Repeat("}", 10001), "exceeded max depth"},
		{"too large", `{"type":"map","values":"int","doc":"` + strings.Repeat("x", maxSchemaBytes) + `"}`, "larger than 4 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := compile(tt.schema, nil, false); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Schemas as they are found in registries, which a reader must not be particular about.
func TestAcceptedSchemas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, schema, data, want string }{
		{"a default of the wrong type", `{"type":"record","name":"R","fields":[{"name":"a","type":["null","string"],"default":"x"},{"name":"b","type":"int","default":"1"}]}`, "\x02\x02z\x02", `{"a":"z","b":1}`},
		{"a default of the record itself", `{"type":"record","name":"R","fields":[{"name":"a","type":["null","R"],"default":{}}]}`, "\x02\x00", `{"a":{}}`},
		{"a type in a type", inRecord(`{"type":{"type":"string","avro.java.string":"String"}}`), "\x02z", `{"v":"z"}`},
		{"a union in a type", inRecord(`{"type":["null","string"]}`), "\x00", `{}`},
		{"two decimals, one without scale", `{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}},{"name":"b","type":{"type":"bytes","logicalType":"decimal","precision":4}}]}`, "\x02\x0f\x02\x0f", `{"a":1.5,"b":15}`},
		{"names relative to a namespace", `{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"b","type":"E"},{"name":"c","type":"n.E"}]}`, "\x00\x00\x00", `{"a":"A","b":"A","c":"A"}`},
		{"one name in two namespaces", `{"type":"record","name":"n.R","fields":[{"name":"a","type":{"type":"enum","name":"x.E","symbols":["A"]}},{"name":"b","type":{"type":"enum","name":"E","symbols":["B"]}},{"name":"c","type":"E"},{"name":"d","type":"x.E"}]}`, "\x00\x00\x00\x00", `{"a":"A","b":"B","c":"B","d":"A"}`},
		{"a name without namespace", `{"type":"record","name":"n.R","fields":[{"name":"a","type":{"type":"enum","name":"E","namespace":"","symbols":["A"]}},{"name":"b","type":"E"}]}`, "\x00\x00", `{"a":"A","b":"A"}`},
		{"names that look alike to goavro", `{"type":"record","name":"a.b","fields":[{"name":"x","type":{"type":"enum","name":"q.a_b","symbols":["A"]}},{"name":"y","type":{"type":"enum","name":"q_a.b","symbols":["B"]}}]}`, "\x00\x00", `{"x":"A","y":"B"}`},
		{"a record called like a type", `{"type":"record","name":"n.string","fields":[{"name":"a","type":"string"},{"name":"b","type":["null","n.string"]}]}`, "\x02z\x00", `{"a":"z"}`},
		{"logical types where they do not belong", `{"type":"record","name":"R","logicalType":"decimal","fields":[{"name":"a","type":"long","logicalType":"timestamp-millis"}]}`, "\x02", `{"a":1}`},
		{"negative block counts", inRecord(`{"type":"array","items":"int"}`), "\x03\x04\x02\x04\x02\x06\x00", `{"v":[1,2,3]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := compile(tt.schema, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.decode(nil, []byte(tt.data), 1000, new(sync.Pool))
			if string(got) != tt.want || err != nil {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
			if want, err := newOracle(t, s.root).decode([]byte(tt.data)); string(want) != tt.want || err != nil {
				t.Errorf("goavro gives %s, %v, want %s", want, err, tt.want)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	s, err := compile(`{"type":"record","name":"x.R","fields":[{"name":"a","type":"y.S"},{"name":"b","type":"y.E"}]}`, []string{
		`{"type":"enum","name":"E","namespace":"y","symbols":["A"]}`,
		`{"type":"record","name":"S","namespace":"y","fields":[{"name":"e","type":"E"}]}`,
		`{"type":"record","name":"Unused","fields":[{"name":"e","type":"y.S"}]}`,
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.decode(nil, []byte{0, 0}, 1000, new(sync.Pool))
	if want := `{"a":{"e":"A"},"b":"A"}`; string(got) != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	for _, tt := range []struct {
		references []string
		want       string
	}{
		{[]string{`"E"`}, `reference 1: type "E" is not defined`},
		{[]string{`"int"`, `{`}, `reference 2: the schema is no JSON`},
		{[]string{strings.Repeat(" ", maxSchemaBytes)}, `larger than 4 MiB with what it refers to`},
	} {
		if _, err := compile(inRecord(`"int"`), tt.references, false); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func TestCamelCase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"user_id": "userId", "anonymous_id": "anonymousId", "address_2": "address2", "a_b_c": "aBC", "_metadata": "_metadata", "__user_id": "__userId",
		"userId": "userId", "user": "user", "USER_ID": "USER_ID", "User_id": "User_id", "user__id": "user__id", "user_id_": "user_id_", "_": "_", "1_2": "12",
	} {
		if got := camelCase(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// Names of fields change, on every level; keys of maps are data. No field hides another.
func TestCamelNames(t *testing.T) {
	t.Parallel()
	const text = `{"type":"record","name":"R","fields":[
		{"name":"user_id","type":"int"},
		{"name":"sent_at","type":{"type":"record","name":"S","fields":[{"name":"the_time","type":"int"}]}},
		{"name":"a_b","type":"int"},{"name":"aB","type":"int"},
		{"name":"_x_y","type":"int"},
		{"name":"properties","type":{"type":"map","values":"int"}}]}`
	data := []byte("\x02\x04\x06\x08\x0a\x02\x06o_p\x02\x00")
	for camel, want := range map[bool]string{
		false: `{"user_id":1,"sent_at":{"the_time":2},"a_b":3,"aB":4,"_x_y":5,"properties":{"o_p":1}}`,
		true:  `{"userId":1,"sentAt":{"theTime":2},"a_b":3,"aB":4,"_xY":5,"properties":{"o_p":1}}`,
	} {
		s, err := compile(text, nil, camel)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.decode(nil, data, 1000, new(sync.Pool)); string(got) != want || err != nil {
			t.Errorf("camel %v: got %s, %v, want %s", camel, got, err, want)
		}
	}
}

// Arrays of things that take no bytes, deep nesting, long texts: what is small as Avro may not become large.
func TestLimits(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("\x02", n) + "\x00" }
	long := func(n int64) string { return string(appendAvroLong(nil, n)) }
	for _, tt := range []struct{ name, schema, data, want string }{
		{"deep", `{"type":"record","name":"R","fields":[{"name":"a","type":["null","R"]}]}`, nested(maxDepth), "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: it is nested more than 2000 deep"},
		{"without end", `{"type":"record","name":"R","fields":[{"name":"a","type":"R"}]}`, "", "it is nested more than 2000 deep"},
		{"arrays in arrays", `{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"R"}}]}`, strings.Repeat("\x02", 5000), "it is nested more than 2000 deep"},
		{"many nulls", inRecord(`{"type":"array","items":"null"}`), long(maxValues) + "\x00", "it is larger than 65536 bytes in JSON"},
		{"many nulls in blocks", inRecord(`{"type":"array","items":"null"}`), strings.Repeat(long(maxValues/2), 3) + "\x00", "it is larger than 65536 bytes in JSON"},
		{"a block of more", inRecord(`{"type":"array","items":"null"}`), long(maxValues+1) + "\x00", "v: a block of 1000001 where 1 bytes are left"},
		{"a long enum", inRecord(`{"type":"array","items":{"type":"enum","name":"X","symbols":["` + strings.Repeat("A", 1000) + `"]}}`), long(1000) + strings.Repeat("\x00", 1001), "it is larger than 65536 bytes in JSON"},
		{"the smallest block", inRecord(`{"type":"array","items":"null"}`), long(-1<<63) + "\x00\x00", "v: a block of -9223372036854775808"},
		{"entries without bytes", inRecord(`{"type":"map","values":"null"}`), long(500) + "\x00", "v: a block of 500 where 1 bytes are left"},
		{"a decimal of many bytes", inRecord(`{"type":"bytes","logicalType":"decimal","precision":9}`), long(1000) + strings.Repeat("\x01", 1000), "v: a decimal of 1000 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := compile(tt.schema, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.decode(nil, []byte(tt.data), 1<<16, new(sync.Pool))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.100s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// A million fields that hold nothing cost nothing to write, but time to read.
func TestFieldsOfNothing(t *testing.T) {
	t.Parallel()
	fields := make([]map[string]string, 1000)
	for i := range fields {
		fields[i] = map[string]string{"name": fmt.Sprint("f", i), "type": "null"}
	}
	list, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	s, err := compile(inRecord(`{"type":"array","items":{"type":"record","name":"N","fields":`+string(list)+`}}`), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.decode(nil, append(appendAvroLong(nil, maxValues), 0), 1<<30, new(sync.Pool))
	if err == nil || !strings.Contains(err.Error(), "it holds more than 1000000 values") {
		t.Errorf("got %v", err)
	}
}

// appendAvroLong appends a number as Avro writes it.
func appendAvroLong(dst []byte, n int64) []byte {
	u := uint64(n)<<1 ^ uint64(n>>63)
	for ; u >= 0x80; u >>= 7 {
		dst = append(dst, byte(u)|0x80)
	}
	return append(dst, byte(u))
}
