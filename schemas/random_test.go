package schemas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// Random schemas with random values in them, encoded by goavro: both decoders agree on each.
func TestRandomSchemas(t *testing.T) {
	t.Parallel()
	var pool sync.Pool
	for seed := range uint64(1000) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 6))}
		text := g.record(3)
		s, err := compile(text, nil, false)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		o := newOracle(t, s.root)
		native := g.value(o, s.root)
		data, err := o.binary.BinaryFromNative(nil, native)
		if err != nil {
			t.Fatalf("seed %d: %s: %v: %v", seed, text, native, err)
		}
		got, err := s.decode(nil, data, 1<<20, &pool)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		if want, err := o.decode(data); err != nil || string(got) != string(want) {
			t.Fatalf("seed %d: %s:\n got %s\nwant %s, %v", seed, text, got, want, err)
		}
		// Cut short it is no value any more.
		if len(data) > 0 {
			if got, err := s.decode(nil, data[:g.IntN(len(data))], 1<<20, &pool); err == nil {
				t.Errorf("seed %d: %s: cut short gives %s", seed, text, got)
			}
		}
	}
}

type generator struct {
	*rand.Rand
	names int
}

func (g *generator) name() string {
	g.names++
	return fmt.Sprintf("N%d", g.names)
}

func (g *generator) record(depth int) string {
	name := g.name()
	var fields []string
	for i := range g.IntN(6) {
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%s}`, i, g.schema(depth-1)))
	}
	if g.IntN(3) == 0 {
		fields = append(fields, fmt.Sprintf(`{"name":"more","type":{"type":"map","logicalType":"additional","values":%s}}`, g.schema(depth-1)))
	}
	return fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]}`, name, strings.Join(fields, ","))
}

func (g *generator) schema(depth int) string {
	scalars := []string{
		`"null"`, `"boolean"`, `"int"`, `"long"`, `"float"`, `"double"`, `"bytes"`, `"string"`,
		`{"type":"long","logicalType":"timestamp-millis"}`, `{"type":"long","logicalType":"timestamp-micros"}`, `{"type":"int","logicalType":"date"}`,
		`{"type":"bytes","logicalType":"decimal","precision":12,"scale":4}`,
	}
	switch n := g.IntN(10); {
	case n < 4 || depth <= 0:
		return scalars[g.IntN(len(scalars))]
	case n == 4:
		return fmt.Sprintf(`{"type":"enum","name":%q,"symbols":["A","B","C"]}`, g.name())
	case n == 5:
		return fmt.Sprintf(`{"type":"fixed","name":%q,"size":%d}`, g.name(), 1+g.IntN(20))
	case n == 6:
		return fmt.Sprintf(`{"type":"array","items":%s}`, g.schema(depth-1))
	case n == 7:
		return fmt.Sprintf(`{"type":"map","values":%s}`, g.schema(depth-1))
	case n == 8:
		return fmt.Sprintf(`["null",%s]`, g.record(depth-1))
	}
	return fmt.Sprintf(`["null","string","double",%s,{"type":"map","values":"string"}]`, g.record(depth-1))
}

// value makes a value of type t in goavro's form.
func (g *generator) value(o *oracle, t *avroType) any {
	switch t.kind {
	case booleanKind:
		return g.IntN(2) == 0
	case intKind:
		return int32(g.whole())
	case longKind:
		return g.whole()
	case floatKind:
		return math.Float32frombits(g.Uint32())
	case doubleKind:
		if g.IntN(2) == 0 {
			return float64(g.IntN(1e6)) / 100
		}
		return math.Float64frombits(g.Uint64())
	case bytesKind:
		return g.bytes(g.IntN(8))
	case fixedKind:
		return g.bytes(t.size)
	case stringKind:
		return g.text()
	case enumKind:
		return t.symbols[g.IntN(len(t.symbols))]
	case arrayKind:
		out := make([]any, g.IntN(4))
		for i := range out {
			out[i] = g.value(o, t.items)
		}
		return out
	case mapKind:
		out := map[string]any{}
		for range g.IntN(5) {
			out[g.text()] = g.value(o, t.items)
		}
		return out
	case unionKind:
		b := t.branches[g.IntN(len(t.branches))]
		return goavro.Union(o.label(b), g.value(o, b))
	case recordKind:
		out := map[string]any{}
		for _, f := range t.fields {
			out[f.name] = g.value(o, f.typ)
		}
		return out
	default:
		return nil
	}
}

func (g *generator) whole() int64 { return int64(g.Uint64()) >> g.IntN(64) }

func (g *generator) bytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(g.Uint32())
	}
	return out
}

// text is a key or a string: names of fields and array indexes among them.
func (g *generator) text() string {
	texts := []string{"f0", "f1", "more", "0", "7", "10", "01", "4294967295", "é", "\U0001F525", "a\"\\\n", ""}
	if g.IntN(3) == 0 {
		return fmt.Sprint(texts[g.IntN(len(texts))], g.IntN(20))
	}
	return texts[g.IntN(len(texts))]
}
