package schemas

import (
	"errors"
	"sync"
	"testing"
)

// FuzzDecode gives a decoder whatever bytes. It must not panic, must not take memory without bound, and where it finds an event, goavro must
// find the same.
func FuzzDecode(f *testing.F) {
	schemas := fuzzSchemas(f)
	known := map[uint32]answer{}
	var oracles []*oracle
	for id, text := range schemas {
		s, err := compile(text, nil, false)
		if err != nil {
			f.Fatal(err)
		}
		known[uint32(id)] = answer{schema: s}
		oracles = append(oracles, newOracle(f, s.root))
	}
	const limit = 1 << 20
	d := newDecoder(f, Options{MaxBytes: limit, Registry: &Registry{URLs: []string{"http://registry"}}})
	d.registry.known = known
	f.Add([]byte(`{"type":"track"}`))
	f.Add([]byte{0xC3, 1, 0x61, 0x21})
	for _, p := range readPoison(f) {
		if value := p.bytes(f); p.Single != "" {
			f.Add(single(f, p.Single, value))
		} else if len(value) < 1<<10 {
			f.Add(value)
			for id, text := range schemas {
				if text == p.Schema {
					f.Add(framed(uint32(id), string(value)))
				}
			}
		}
	}
	f.Add(framed(0, string(mustEncode(f, "event", commonEvent(f)))))
	f.Fuzz(func(t *testing.T, value []byte) {
		event, err := d.Decode(value)
		if len(event) > 8*limit {
			t.Errorf("an event of %d bytes", len(event))
		}
		if err != nil || framing(value) == unframed {
			return
		}
		if framing(value) == singleObject {
			isCanonical(t, event)
			return
		}
		id, data := value[4], value[5:]
		want, err := oracles[id].decode(data)
		if err != nil || string(want) != string(event) {
			t.Errorf("schema %s, data %x:\n got %s\nwant %s, %v", schemas[id], data, event, want, err)
		}
	})
}

// fuzzSchemas are the schemas of the poison corpus and some that have everything in them.
func fuzzSchemas(t testing.TB) []string {
	t.Helper()
	all := []string{
		avroFile(t, "event"),
		`{"type":"record","name":"All","fields":[
			{"name":"a","type":"boolean"},{"name":"b","type":"int"},{"name":"c","type":"long"},{"name":"d","type":"float"},{"name":"e","type":"double"},
			{"name":"f","type":"bytes"},{"name":"g","type":"string"},{"name":"h","type":{"type":"fixed","name":"F","size":3}},{"name":"i","type":{"type":"enum","name":"E","symbols":["A","B"]}},
			{"name":"j","type":{"type":"array","items":["null","int","string"]}},{"name":"k","type":{"type":"map","values":["null","All","F"]}}]}`,
		`{"type":"map","values":[{"type":"long","logicalType":"timestamp-micros"},{"type":"int","logicalType":"date"},{"type":"bytes","logicalType":"decimal","precision":20,"scale":5},{"type":"fixed","name":"U","size":16,"logicalType":"uuid"},{"type":"fixed","name":"D","size":12,"logicalType":"duration"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]},{"name":"rest","type":{"type":"map","logicalType":"additional","values":["null","int",{"type":"array","items":"null"}]}}]}`,
		`["null","string","bytes",{"type":"map","values":"null"}]`,
	}
	for _, p := range readPoison(t) {
		if p.Schema != "" && p.SchemaType == "" {
			all = append(all, p.Schema)
		}
	}
	return all
}

// FuzzSchema takes whatever for a schema and for data: what compiles decodes, with goavro's result, or says why not.
func FuzzSchema(f *testing.F) {
	for _, text := range fuzzSchemas(f) {
		if len(text) < 1<<10 {
			f.Add(text, []byte("\x02\x04ab\x00\x00"))
		}
	}
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		s, err := compile(text, nil, true)
		if err != nil {
			return
		}
		const limit = 1 << 16
		event, err := s.decode(nil, data, limit, new(sync.Pool))
		if err != nil {
			if errors.Is(err, ErrUnavailable) {
				t.Error(err)
			}
			return
		}
		want, err := newOracle(t, s.root).decode(data)
		if err != nil || string(want) != string(event) {
			t.Errorf("schema %s, data %x:\n got %s\nwant %s, %v", text, data, event, want, err)
		}
	})
}
