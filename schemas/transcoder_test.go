package schemas

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// inRecord is a schema with one field, v, of a type.
func inRecord(typ string) string {
	return `{"type":"record","name":"E","fields":[{"name":"v","type":` + typ + `}]}`
}

// transcode encodes a value in goavro's form, logical types left out, and decodes it. Where goavro can, it must agree.
func transcode(t testing.TB, text string, native any) (string, error) {
	t.Helper()
	s, err := compile(text, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, s.root)
	data, err := o.binary.BinaryFromNative(nil, native)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.decode(nil, data, 1<<20, new(sync.Pool))
	if err != nil {
		return "", err
	}
	want, err := o.decode(data)
	if err != nil || string(want) != string(got) {
		t.Errorf("goavro gives %s, %v, the transcoder %s", want, err, got)
	}
	return string(got), nil
}

func TestValues(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	fixed := func(size int, attributes string) string {
		return fmt.Sprintf(`{"type":"fixed","name":"F","size":%d%s}`, size, attributes)
	}
	logical := func(typ, name string) string { return `{"type":"` + typ + `","logicalType":"` + name + `"}` }
	decimal := `{"type":"bytes","logicalType":"decimal","precision":30,"scale":2}`
	for _, tt := range []struct {
		name, typ string
		value     any
		want      string
	}{
		{"true", `"boolean"`, true, `true`},
		{"false", `"boolean"`, false, `false`},
		{"an int", `"int"`, int32(-7), `-7`},
		{"the smallest int", `"int"`, int32(math.MinInt32), `-2147483648`},
		{"a long", `"long"`, int64(1234567890123), `1234567890123`},
		{"the largest long that is a number", `"long"`, int64(9007199254740991), `9007199254740991`},
		{"a long beyond what doubles hold", `"long"`, int64(9007199254740992), `"9007199254740992"`},
		{"the smallest long", `"long"`, int64(math.MinInt64), `"-9223372036854775808"`},
		{"a float", `"float"`, float32(0.1), `0.1`},
		{"a large float", `"float"`, float32(3e38), `3e+38`},
		{"a double", `"double"`, 19.99, `19.99`},
		{"a whole double", `"double"`, 42.0, `42`},
		{"minus zero", `"double"`, math.Copysign(0, -1), `0`},
		{"a small double", `"double"`, 1e-7, `1e-7`},
		{"a large double", `"double"`, 1e21, `1e+21`},
		{"no number", `"double"`, math.NaN(), `null`},
		{"infinity", `"double"`, math.Inf(-1), `null`},
		{"a string", `"string"`, "a\"\\\b\f\n\r\t\x01\x1f\x7f</é🔥\u2028", `"a\"\\\b\f\n\r\t\u0001\u001f` + "\x7f</é🔥\u2028" + `"`},
		{"bytes", `"bytes"`, []byte{0, 1, 0xFF}, `"AAH/"`},
		{"a fixed", fixed(2, ""), []byte{0xFB, 0xF0}, `"+/A="`},
		{"an enum", `{"type":"enum","name":"X","symbols":["A","B"]}`, "B", `"B"`},
		{"an array", `{"type":"array","items":"int"}`, []any{1, 2}, `[1,2]`},
		{"an empty array", `{"type":"array","items":"int"}`, []any{}, `[]`},
		{"an array with null", `{"type":"array","items":["null","int"]}`, []any{nil, goavro.Union("int", 1)}, `[null,1]`},
		{"a map", `{"type":"map","values":"int"}`, m{"b": 1, "a": 2, "": 3, "é": 4, "B": 5}, `{"":3,"B":5,"a":2,"b":1,"é":4}`},
		{"indexes come first", `{"type":"map","values":"int"}`, m{"10": 1, "9": 2, "01": 3, "-1": 4, "4294967294": 5, "4294967295": 6}, `{"9":2,"10":1,"4294967294":5,"-1":4,"01":3,"4294967295":6}`},
		{"an empty map", `{"type":"map","values":"int"}`, m{}, `{}`},
		{"a map with null", `{"type":"map","values":["null","int"]}`, m{"a": nil}, `{"a":null}`},
		{"maps in maps", `{"type":"map","values":{"type":"map","values":"int"}}`, m{"y": m{"2": 1, "b": 2, "a": 3}, "x": m{}}, `{"x":{},"y":{"2":1,"a":3,"b":2}}`},
		{"a union", `["null","string","int"]`, goavro.Union("int", 5), `5`},
		{"a union's second text", `["int",{"type":"enum","name":"X","symbols":["A"]},"string"]`, goavro.Union("X", "A"), `"A"`},
		{"a record", `{"type":"record","name":"R","fields":[{"name":"z","type":"int"},{"name":"a","type":"int"}]}`, m{"a": 1, "z": 2}, `{"z":2,"a":1}`},
		{"a record without fields", `{"type":"record","name":"R","fields":[]}`, m{}, `{}`},
		{"a record of nulls", `{"type":"record","name":"R","fields":[{"name":"a","type":"null"},{"name":"b","type":["null","int"]}]}`, m{"a": nil, "b": nil}, `{}`},
		{"a type used twice", `{"type":"record","name":"R","fields":[{"name":"a","type":["null","R"]}]}`, m{"a": goavro.Union("R", m{"a": nil})}, `{"a":{}}`},

		{"a date", logical("int", "date"), int32(16779), `"2015-12-10"`},
		{"a date before 1970", logical("int", "date"), int32(-1), `"1969-12-31"`},
		{"a year of five digits", logical("int", "date"), int32(2932897), `"+010000-01-01"`},
		{"a year before the first", logical("int", "date"), int32(-719529), `"-000001-12-31"`},
		{"the year zero", logical("int", "date"), int32(-719528), `"0000-01-01"`},
		{"a date out of range", logical("int", "date"), int32(math.MaxInt32), `2147483647`},
		{"a time", logical("int", "time-millis"), int32(4*3600000 + 8*60000 + 31909), `"04:08:31.909"`},
		{"a time in microseconds", logical("long", "time-micros"), int64(1999), `"00:00:00.001"`},
		{"a time of more than a day", logical("int", "time-millis"), int32(86400000), `86400000`},
		{"a timestamp", logical("long", "timestamp-millis"), int64(1449720511909), `"2015-12-10T04:08:31.909Z"`},
		{"a timestamp before 1970", logical("long", "timestamp-millis"), int64(-1), `"1969-12-31T23:59:59.999Z"`},
		{"microseconds are cut off", logical("long", "timestamp-micros"), int64(1449720511909999), `"2015-12-10T04:08:31.909Z"`},
		{"microseconds before 1970 too", logical("long", "timestamp-micros"), int64(-1), `"1969-12-31T23:59:59.999Z"`},
		{"nanoseconds", logical("long", "timestamp-nanos"), int64(1449720511909999999), `"2015-12-10T04:08:31.909Z"`},
		{"a local timestamp", logical("long", "local-timestamp-millis"), int64(1449720511909), `"2015-12-10T04:08:31.909"`},
		{"a local timestamp in microseconds", logical("long", "local-timestamp-micros"), int64(0), `"1970-01-01T00:00:00.000"`},
		{"the last timestamp", logical("long", "timestamp-millis"), int64(8640000000000000), `"+275760-09-13T00:00:00.000Z"`},
		{"a timestamp out of range", logical("long", "timestamp-millis"), int64(8640000000000001), `8640000000000001`},
		{"a uuid", logical("string", "uuid"), "B5372DB0-c21e-11e4-8dfc-aa07a5b093db", `"B5372DB0-c21e-11e4-8dfc-aa07a5b093db"`},
		{"a fixed uuid", fixed(16, `,"logicalType":"uuid"`), []byte("0123456789abcdef"), `"30313233-3435-3637-3839-616263646566"`},
		{"a duration", fixed(12, `,"logicalType":"duration"`), []byte{1, 0, 0, 0, 2, 0, 0, 0, 0xB9, 0x0B, 0, 0}, `"P1M2DT3.001S"`},
		{"a decimal", decimal, []byte{0x07, 0xCF}, `19.99`},
		{"a negative decimal", decimal, []byte{0xF8, 0x31}, `-19.99`},
		{"a whole decimal", decimal, []byte{0x07, 0xD0}, `20`},
		{"a decimal below one", decimal, []byte{0x01}, `0.01`},
		{"a decimal of no bytes", decimal, []byte{}, `0`},
		{"a decimal that a double does not hold", decimal, []byte{1, 0, 0, 0, 0, 0, 0, 0, 0}, `"184467440737095516.16"`},
		{"a decimal without scale", `{"type":"bytes","logicalType":"decimal","precision":4}`, []byte{0xFF}, `-1`},
		{"a fixed decimal", fixed(4, `,"logicalType":"decimal","precision":9,"scale":9`), []byte{0, 0, 0, 1}, `1e-9`},
		{"a decimal whose scale exceeds its precision", `{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}`, []byte{1}, `"AQ=="`},
		{"a decimal of absurd scale", `{"type":"bytes","logicalType":"decimal","precision":2000000000,"scale":2000000000}`, []byte{1}, `"AQ=="`},
		{"an unknown logical type", logical("long", "moon-phase"), int64(3), `3`},
		{"a logical type of another type", logical("string", "timestamp-millis"), "x", `"x"`},
		{"a pattern is not looked at", `{"type":"string","logicalType":"validated-string","pattern":"("}`, "x", `"x"`},

		{"a JSON value", `{"type":"record","name":"J","logicalType":"json","fields":[{"name":"it","type":{"type":"array","items":["null","int","J"]}}]}`, m{"it": []any{goavro.Union("int", 1), goavro.Union("J", m{"it": []any{}})}}, `[1,[]]`},
		{"a JSON value of two fields is none", `{"type":"record","name":"J","logicalType":"json","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}`, m{"a": 1, "b": 2}, `{"a":1,"b":2}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := transcode(t, inRecord(tt.typ), m{"v": tt.value})
			if want := `{"v":` + tt.want + `}`; got != want || err != nil {
				t.Errorf("got %s, %v\nwant %s", got, err, want)
			}
		})
	}
}

// Additional members stand beside the fields; a field that is there wins.
func TestAdditional(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	const (
		more  = `{"type":"map","logicalType":"additional","values":["null","int","string"]}`
		start = `{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]},{"name":"b","type":["null","int"]},{"name":"rest","type":`
	)
	one, two := goavro.Union("int", 1), goavro.Union("int", 2)
	for _, tt := range []struct {
		name, schema string
		value        m
		want         string
	}{
		{"beside", start + more + "}]}", m{"a": one, "b": nil, "rest": m{"y": two, "x": nil}}, `{"a":1,"x":null,"y":2}`},
		{"none", start + more + "}]}", m{"a": one, "b": two, "rest": m{}}, `{"a":1,"b":2}`},
		{"alone", start + more + "}]}", m{"a": nil, "b": nil, "rest": m{"x": one}}, `{"x":1}`},
		{"nothing at all", start + more + "}]}", m{"a": nil, "b": nil, "rest": m{}}, `{}`},
		{"a field that is there wins", start + more + "}]}", m{"a": one, "b": nil, "rest": m{"a": two, "b": two, "rest": two}}, `{"a":1,"b":2,"rest":2}`},
		{"an explicit null", start + more + "}]}", m{"a": one, "b": nil, "rest": m{"b": nil}}, `{"a":1,"b":null}`},
		{"indexes come first", start + more + "}]}", m{"a": one, "b": two, "rest": m{"x": one, "10": one, "9": two}}, `{"9":2,"10":1,"a":1,"b":2,"x":1}`},
		{"null", start + `["null",` + more + "]}]}", m{"a": one, "b": two, "rest": nil}, `{"a":1,"b":2}`},
		{"or not null", start + `[` + more + `,"null"]}]}`, m{"a": one, "b": two, "rest": goavro.Union("map", m{"c": one})}, `{"a":1,"b":2,"c":1}`},
		{
			"only the last field", `{"type":"record","name":"R","fields":[{"name":"rest","type":` + more + `},{"name":"a","type":"int"}]}`,
			m{"a": 1, "rest": m{"x": one}},
			`{"rest":{"x":1},"a":1}`,
		},
		{
			"records in records", `{"type":"record","name":"R","fields":[{"name":"a","type":["null",{"type":"record","name":"S","fields":[{"name":"a","type":["null","int"]},{"name":"rest","type":` + more + `}]}]},{"name":"rest","type":` + more + `}]}`,
			m{"a": goavro.Union("S", m{"a": nil, "rest": m{"a": one}}), "rest": m{"a": two, "c": two}},
			`{"a":{"a":1},"c":2}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := transcode(t, tt.schema, tt.value); got != tt.want || err != nil {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestRoots(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	const r = `{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}`
	for _, tt := range []struct {
		name, schema string
		value        any
		want, fails  string
	}{
		{"a record", r, m{"a": 1}, `{"a":1}`, ""},
		{"a map", `{"type":"map","values":"int"}`, m{"a": 1}, `{"a":1}`, ""},
		{"a union", `["null",` + r + `]`, goavro.Union("R", m{"a": 1}), `{"a":1}`, ""},
		{"a union that is null", `["null",` + r + `]`, nil, "", "it is of type null, which is no event"},
		{"JSON as a string", `"string"`, `{"a": 1.0}`, `{"a": 1.0}`, ""},
		{"JSON as bytes", `"bytes"`, []byte(`{"a":1}`), `{"a":1}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := transcode(t, tt.schema, tt.value)
			if got != tt.want || (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("got %s, %v, want %s, %s", got, err, tt.want, tt.fails)
			}
		})
	}
}

// What is decoded takes one allocation, the event, however many values it has. The race detector makes sync.Pool forgetful, hence the room.
func TestAllocations(t *testing.T) {
	value := single(t, "event", mustEncode(t, "event", commonEvent(t)))
	d := NewDecoder()
	if _, err := d.Decode(value); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = d.Decode(value) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

// commonEvent is the example of Segment's page on common fields, with every field of the context.
func commonEvent(t testing.TB) string {
	t.Helper()
	for _, v := range vectors(t) {
		if v.Name == "common #1: Report Submitted" {
			return v.Event
		}
	}
	t.Fatal("the event is gone")
	return ""
}
