package schemas

import (
	"encoding/json"
	"testing"
)

// What an event costs on its way from the record's value to JSON. The event is Segment's example with every field of the context, 60 values;
// validating stands for what the JSON path does to every byte anyway, later, in package mapping.
func BenchmarkDecode(b *testing.B) {
	event := commonEvent(b)
	data := mustEncode(b, "event", event)
	s, err := compile(avroFile(b, "event"), nil, false)
	if err != nil {
		b.Fatal(err)
	}
	d := newDecoder(b, Options{Registry: &Registry{URLs: []string{"http://registry"}}})
	d.registry.keep(7, answer{schema: s})
	for name, value := range map[string][]byte{
		"json":          []byte(event),
		"registered":    framed(7, string(data)),
		"single-object": single(b, "event", data),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(value)))
			for b.Loop() {
				if _, err := d.Decode(value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("through-goavro", func(b *testing.B) {
		o := newOracle(b, s.root)
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			v, _, err := o.binary.NativeFromBinary(data)
			if err != nil {
				b.Fatal(err)
			}
			t, v := o.branch(o.root, v)
			if _, err := o.render(nil, t, v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A typical event of a shop, with properties that come in no order.
func BenchmarkDecodeOrder(b *testing.B) {
	event := `{"type":"track","messageId":"ajs-3f2a","anonymousId":"507f191e810c19729de860ea","userId":"u-1",
		"event":"Order Completed","properties":{"order_id":"50314b8e9bcf000000000000","total":27.5,"revenue":25,"currency":"USD","coupon":"hasbros",
		"products":[{"product_id":"507f1f77bcf86cd799439011","sku":"45790-32","name":"Monopoly","price":19,"quantity":1},
		{"product_id":"505bd76785ebb509fc183733","sku":"46493-32","name":"Uno","price":3,"quantity":2}]},
		"timestamp":"2026-01-31T08:00:00.123Z"}`
	value := single(b, "track", mustEncode(b, "track", event))
	d := NewDecoder()
	b.ReportAllocs()
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if _, err := d.Decode(value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	tree, err := parseTree([]byte(commonEvent(b)))
	if err != nil {
		b.Fatal(err)
	}
	event := appendTree(nil, tree)
	for name, f := range map[string]func() error{
		"scanner": func() error { return Validate(event) },
		"encoding-json": func() error {
			var e struct{ Type, Event, UserID, AnonymousID, GroupID, PreviousID json.RawMessage }
			return json.Unmarshal(event, &e)
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(event)))
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
