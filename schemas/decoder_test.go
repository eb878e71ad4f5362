package schemas

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func newDecoder(t testing.TB, o Options) *Decoder {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// single makes a single object of Avro data.
func single(t testing.TB, file string, data []byte) []byte {
	t.Helper()
	s, err := compile(avroFile(t, file), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.LittleEndian.AppendUint64([]byte{0xC3, 1}, fingerprint(s.root)), data...)
}

func TestFormats(t *testing.T) {
	t.Parallel()
	object := single(t, "track", mustEncode(t, "track", `{"type":"track","event":"A","userId":"u"}`))
	for _, tt := range []struct {
		name   string
		format Format
		value  string
		want   string
		fails  string
	}{
		{"auto takes JSON", Auto, `{"a":1}`, `{"a":1}`, ""},
		{"auto takes a single object", Auto, string(object), `{"type":"track","userId":"u","event":"A"}`, ""},
		{"auto leaves what is neither to the reader", Auto, "Obj\x01", "Obj\x01", ""},
		{"no format is auto", "", string(object), `{"type":"track","userId":"u","event":"A"}`, ""},
		{"json takes JSON", JSON, `{"a":1}`, `{"a":1}`, ""},
		{"json refuses a single object", JSON, string(object), "", "the value is an Avro single object, and only JSON is read here"},
		{"json refuses a registered schema", JSON, "\x00\x00\x00\x00\x07x", "", "in a schema registry's wire format, and only JSON is read here"},
		{"avro takes a single object", Avro, string(object), `{"type":"track","userId":"u","event":"A"}`, ""},
		{"avro refuses JSON", Avro, `{"a":1}`, "", "not Avro behind a schema's id (it begins with 7b 22 61 22)"},
		{"nothing", Auto, "", "", ErrEmpty.Error()},
		{"nothing as Avro", Avro, "", "", ErrEmpty.Error()},
		{"no registry", Auto, "\x00\x00\x00\x00\x07x", "", "(schema 7), and no registry is configured"},
		{"only the zero byte", Auto, "\x00", "", "wire format, cut off after 1 bytes"},
		{"half an id", Auto, "\x00\x00\x00\x00", "", "wire format, cut off after 4 bytes"},
		{"half a fingerprint", Auto, string(object[:9]), "", "an Avro single object, cut off after 9 bytes"},
		{"an unknown fingerprint", Auto, "\xC3\x01\x08\x07\x06\x05\x04\x03\x02\x01x", "", "of a schema that is not known here (fingerprint 0102030405060708)"},
		{"a single object that ends early", Auto, string(object[:len(object)-3]), "", "is not what its schema (fingerprint cfe16a38774d2161) describes"},
		{"a byte too many", Auto, string(object) + "\x00", "", "1 bytes are left over"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newDecoder(t, Options{Format: tt.format}).Decode([]byte(tt.value))
			if string(got) != tt.want || (err == nil) != (tt.fails == "") {
				t.Fatalf("got %q, %v, want %q, %q", got, err, tt.want, tt.fails)
			}
			if err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("error %q, want %q", err, tt.fails)
			}
			if errors.Is(err, ErrUnavailable) {
				t.Errorf("%q is no reason to wait", err)
			}
		})
	}
}

func mustEncode(t testing.TB, file, event string) []byte {
	t.Helper()
	data, err := newEncoder(t, avroFile(t, file)).encode(t, event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{Format: "xml"}); err == nil || !strings.Contains(err.Error(), `"xml"`) {
		t.Errorf("got %v", err)
	}
}

// JSON goes through as it is, and costs nothing.
func TestJSONIsNotCopied(t *testing.T) {
	d, value := NewDecoder(), []byte(`{"type":"track"}`)
	got, err := d.Decode(value)
	if err != nil || len(got) != len(value) || &got[0] != &value[0] {
		t.Errorf("got %q, %v, want the same bytes", got, err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = d.Decode(value) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLargestValue(t *testing.T) {
	t.Parallel()
	d := newDecoder(t, Options{MaxBytes: 100})
	if _, err := d.Decode(make([]byte, 100)); err == nil || strings.Contains(err.Error(), "more than") {
		t.Errorf("100 bytes: %v", err)
	}
	if _, err := d.Decode(make([]byte, 101)); err == nil || err.Error() != "the value has 101 bytes, more than the 100 of an event" {
		t.Errorf("101 bytes: %v", err)
	}
}

// The fingerprints of the schemas as Avro's Java library computes them (SchemaNormalization.parsingFingerprint64), and fastavro as well.
// When a schema changes, so does its fingerprint, and the values of producers with the old one are not read any more: keep the old schema too.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]uint64{
		"alias":    0x39b36294cf9915f3,
		"delete":   0x09f658e229c6e38a,
		"event":    0x0be0b8f2ac84af7f,
		"group":    0x54a20bc644ac1ffb,
		"identify": 0xcdfd0a6037cd033f,
		"page":     0x6b8de4353d262ed4,
		"screen":   0x85c6116d10d17403,
		"track":    0xcfe16a38774d2161,
	} {
		s, err := compile(avroFile(t, file), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := fingerprint(s.root); got != want {
			t.Errorf("%s: got %016x, want %016x", file, got, want)
		}
	}
}

// Examples of the specification: "Fingerprints", "Parsing Canonical Form".
func TestFingerprintOfSpecification(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ schema, canonical, fingerprint string }{
		{`"int"`, `"int"`, "7275d51a3f395c8f"},
		{`{"type":"string","doc":"x"}`, `"string"`, "8f014872634503c7"},
		{
			`{"type":"fixed","name":"F","namespace":"a.b","size":12,"logicalType":"duration"}`,
			`{"name":"a.b.F","type":"fixed","size":12}`, "",
		},
		{
			`{"fields":[{"name":"f","default":1,"type":{"type":"enum","symbols":["A","B"],"name":"E"}},{"name":"g","type":["null","E"]},{"name":"h","type":{"type":"map","values":{"type":"array","items":"R"}}}],"type":"record","name":"R","namespace":"n"}`,
			`{"name":"n.R","type":"record","fields":[{"name":"f","type":{"name":"n.E","type":"enum","symbols":["A","B"]}},{"name":"g","type":["null","n.E"]},{"name":"h","type":{"type":"map","values":{"type":"array","items":"n.R"}}}]}`, "",
		},
	} {
		root, err := (&types{named: map[string]*avroType{}}).parseText(tt.schema)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendCanonical(nil, root, map[*avroType]bool{})); got != tt.canonical {
			t.Errorf("%s:\n got %s\nwant %s", tt.schema, got, tt.canonical)
		}
		got := make([]byte, 8)
		binary.BigEndian.PutUint64(got, fingerprint(root))
		if tt.fingerprint != "" && hex.EncodeToString(got) != tt.fingerprint {
			t.Errorf("%s: got %x, want %s", tt.schema, got, tt.fingerprint)
		}
	}
}

// Many events share the space that they are decoded into: none is written over by the next, also where decoding fails halfway.
func TestDecodeInto(t *testing.T) {
	t.Parallel()
	d := NewDecoder()
	var space []byte
	var events [][]byte
	var want []string
	for i := range 200 {
		text := fmt.Sprintf(`{"type":"identify","userId":"u-%d","traits":{"n":%d}}`, i, i)
		value := single(t, "identify", mustEncode(t, "identify", text))
		if _, grown, err := d.DecodeInto(space, value[:len(value)-1]); err == nil || len(grown) != len(space) {
			t.Fatalf("half a value: %v, and the space grew from %d to %d", err, len(space), len(grown))
		}
		event, grown, err := d.DecodeInto(space, value)
		if err != nil {
			t.Fatal(err)
		}
		asIs, grown, err := d.DecodeInto(grown, []byte(text))
		if err != nil || string(asIs) != text {
			t.Fatalf("JSON became %q, %v", asIs, err)
		}
		space = grown
		events, want = append(events, event), append(want, text)
		_ = append(event, "nothing behind an event is overwritten"...)
	}
	for i, event := range events {
		if string(event) != want[i] {
			t.Errorf("event %d: got %s, want %s", i, event, want[i])
		}
	}
}
