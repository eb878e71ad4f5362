//go:build bench && linux

package bench

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// style is how a producer writes its events.
type style int

const (
	canonical style = iota // as JSON.stringify
	spaced                 // as Python's json.dumps: a blank after each comma and colon
	avro                   // single objects with the schemas of this repository
)

func (s style) String() string { return [...]string{"json", "spaced json", "avro"}[s] }

// distinct is how many different events there are; a topic repeats them.
const distinct = 5000

// stamp is the place in an event for the time at which it was produced, in nanoseconds. No other text of an event looks like it.
const stamp = "0000000000000000000"

// writer makes events, the same ones every time.
type writer struct {
	random *rand.Rand
	style  style
}

func newWriter(s style) *writer { return &writer{random: rand.New(rand.NewPCG(1, 7)), style: s} }

var (
	words  = strings.Fields("amber basil cedar delta ember fjord grove haven indigo jasper kestrel lumen maple nectar onyx prairie quartz river sierra tundra umber violet")
	names  = []string{"Order Completed", "Product Viewed", "Product Added", "Signed Up", "Checkout Started", "Email Opened", "Cart Viewed"}
	cities = []string{"Málaga", "Zürich", "København", "Oslo", "Lyon", "Porto"}
)

func (w *writer) word() string { return words[w.random.IntN(len(words))] }

func (w *writer) id() string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", w.random.Uint32(), w.random.IntN(1<<16), w.random.IntN(1<<12), w.random.IntN(1<<12), w.random.Uint64()&(1<<48-1))
}

// object writes pairs of a key and its value, which is JSON already.
func (w *writer) object(pairs ...string) string {
	colon, comma := ":", ","
	if w.style == spaced {
		colon, comma = ": ", ", "
	}
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteString(comma)
		}
		b.WriteString(`"` + pairs[i] + `"` + colon + pairs[i+1])
	}
	b.WriteByte('}')
	return b.String()
}

func text(s string) string { return `"` + s + `"` }

func (w *writer) price() string {
	return fmt.Sprintf("%d.%d%d", w.random.IntN(200), w.random.IntN(10), 1+w.random.IntN(9))
}

// json makes an event of a type.
func (w *writer) json(kind string) []byte {
	word := w.word()
	pairs := []string{
		"type", text(kind), "messageId", text("ajs-" + w.id()), "anonymousId", text(w.id()),
		"userId", text(fmt.Sprintf("u%d", w.random.IntN(1e6))),
	}
	if kind == "track" {
		pairs = append(pairs, "event", text(names[w.random.IntN(len(names))]))
	}
	return []byte(w.object(append(pairs,
		"context", w.object(
			"library", w.object("name", text("analytics.js"), "version", text(fmt.Sprintf("2.11.%d", w.random.IntN(9)))),
			"ip", text(fmt.Sprintf("203.0.113.%d", w.random.IntN(256))),
			"userAgent", text("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
			"page", w.object("path", text("/"+word+"/"), "referrer", text(""), "search", text("?a=1&b="+w.word()), "title", text(word+" <"+w.word()+">"), "url", text("https://shop.example/"+word+"/")),
			"locale", text("en-US")),
		"properties", w.object(
			"order_id", text(fmt.Sprintf("%x", w.random.Uint32())), "affiliation", text(w.word()), "total", w.price(), "revenue", w.price(),
			"tax", fmt.Sprint(w.random.IntN(9)), "discount", w.price(), "coupon", text(w.word()), "currency", text("USD"),
			"quantity", fmt.Sprint(w.random.IntN(9)), "first", fmt.Sprint(w.random.IntN(2) == 0), "city", text(cities[w.random.IntN(len(cities))]),
			"products", "["+w.object("product_id", text(fmt.Sprintf("%x", w.random.Uint32())), "price", w.price(), "name", text(w.word()))+"]"),
		"integrations", w.object("All", "true"),
		"timestamp", text("2026-01-31T08:00:00.123Z"), "sentAt", text("2026-01-31T08:00:00.456Z"), "receivedAt", text("2026-01-31T08:00:01.005Z"),
		"version", "2", "producedAt", text(stamp))...))
}

// events are the distinct events of a style, and which of them are of type track.
func events(t testing.TB, s style) (values [][]byte, tracks []bool) {
	t.Helper()
	w := newWriter(s)
	var codecs map[string]*avroCodec
	if s == avro {
		codecs = map[string]*avroCodec{"track": newAvroCodec(t, "track", 0xcfe16a38774d2161), "page": newAvroCodec(t, "page", 0x6b8de4353d262ed4)}
	}
	for range distinct {
		kind := "track"
		if w.random.IntN(5) == 0 {
			kind = "page"
		}
		var value []byte
		if s == avro {
			value = codecs[kind].event(t, w)
		} else {
			value = w.json(kind)
		}
		values, tracks = append(values, value), append(tracks, kind == "track")
	}
	return values, tracks
}

// avroCodec writes single objects of a schema. The fingerprint is that of Avro's specification, which goavro computes otherwise.
type avroCodec struct {
	kind  string
	codec *goavro.Codec
	head  []byte
}

func newAvroCodec(t testing.TB, kind string, fingerprint uint64) *avroCodec {
	t.Helper()
	schema, err := os.ReadFile("../../schemas/avro/" + kind + ".avsc")
	if err != nil {
		t.Fatal(err)
	}
	codec, err := goavro.NewCodec(string(schema))
	if err != nil {
		t.Fatal(err)
	}
	return &avroCodec{kind: kind, codec: codec, head: binary.LittleEndian.AppendUint64([]byte{0xC3, 1}, fingerprint)}
}

// event makes an event with about as much in it as those in JSON.
func (c *avroCodec) event(t testing.TB, w *writer) []byte {
	t.Helper()
	str := func(s string) map[string]any { return map[string]any{"string": s} }
	num := func() map[string]any { return map[string]any{"double": float64(w.random.IntN(20000)) / 100} }
	record := func(name string, fields map[string]any) map[string]any {
		return map[string]any{"segment.events." + name: fields}
	}
	properties := map[string]any{
		"order_id": str(fmt.Sprintf("%x", w.random.Uint32())), "affiliation": str(w.word()), "total": num(), "revenue": num(), "tax": num(),
		"discount": num(), "coupon": str(w.word()), "currency": str("USD"), "quantity": map[string]any{"long": w.random.IntN(9)},
		"first": map[string]any{"boolean": true}, "city": str(cities[w.random.IntN(len(cities))]),
		"products": record("Array", map[string]any{"items": []any{record("Object", map[string]any{"members": map[string]any{
			"product_id": str(fmt.Sprintf("%x", w.random.Uint32())), "price": num(), "name": str(w.word()),
		}})}}),
	}
	word := w.word()
	native := map[string]any{
		"type": c.kind, "messageId": str("ajs-" + w.id()), "anonymousId": str(w.id()), "userId": str(fmt.Sprintf("u%d", w.random.IntN(1e6))),
		"properties": map[string]any{"map": properties},
		"context": record("Context", map[string]any{
			"ip": str(fmt.Sprintf("203.0.113.%d", w.random.IntN(256))), "locale": str("en-US"),
			"userAgent": str("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
			"library":   record("Library", map[string]any{"name": str("analytics.js"), "version": str("2.11.3")}),
			"page": record("PageInfo", map[string]any{
				"path": str("/" + word + "/"), "referrer": str(""), "search": str("?a=1&b=" + w.word()), "title": str(word), "url": str("https://shop.example/" + word + "/"),
			}),
			"additional": map[string]any{},
		}),
		"additional": map[string]any{"producedAt": str(stamp)},
	}
	if c.kind == "track" {
		native["event"] = names[w.random.IntN(len(names))]
	}
	value, err := c.codec.BinaryFromNative(append([]byte(nil), c.head...), native)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
