package connector

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
)

const orderSchema = `{"type":"record","name":"Order","fields":[
	{"name":"type","type":"string"},{"name":"messageId","type":"string"},{"name":"anonymousId","type":["null","string"]},{"name":"userId","type":["null","string"]},
	{"name":"event","type":"string"},
	{"name":"properties","type":{"type":"record","name":"Properties","fields":[
		{"name":"order_id","type":"string"},{"name":"total","type":"double"},{"name":"revenue","type":"double"},{"name":"currency","type":"string"},{"name":"coupon","type":["null","string"]},
		{"name":"products","type":{"type":"array","items":{"type":"record","name":"Product","fields":[
			{"name":"product_id","type":"string"},{"name":"sku","type":"string"},{"name":"name","type":"string"},{"name":"price","type":"double"},{"name":"quantity","type":"int"}]}}}]}},
	{"name":"timestamp","type":{"type":"long","logicalType":"timestamp-millis"}}]}`

// order is what orderJSON is in goavro's form.
func order() map[string]any {
	text := func(s string) any { return goavro.Union("string", s) }
	product := func(id, sku, name string, price float64, quantity int) any {
		return map[string]any{"product_id": id, "sku": sku, "name": name, "price": price, "quantity": quantity}
	}
	return map[string]any{
		"type": "track", "messageId": "ajs-3f2a", "anonymousId": text("507f191e810c19729de860ea"), "userId": text("u-1"), "event": "Order Completed",
		"properties": map[string]any{
			"order_id": "50314b8e9bcf000000000000", "total": 27.5, "revenue": 25.0, "currency": "USD", "coupon": text("hasbros"),
			"products": []any{
				product("507f1f77bcf86cd799439011", "45790-32", "Monopoly", 19, 1),
				product("505bd76785ebb509fc183733", "46493-32", "Uno", 3, 2),
			},
		},
		"timestamp": time.Date(2026, 1, 31, 8, 0, 0, 123e6, time.UTC),
	}
}

const orderJSON = `{"type":"track","messageId":"ajs-3f2a","anonymousId":"507f191e810c19729de860ea","userId":"u-1","event":"Order Completed",` +
	`"properties":{"order_id":"50314b8e9bcf000000000000","total":27.5,"revenue":25,"currency":"USD","coupon":"hasbros",` +
	`"products":[{"product_id":"507f1f77bcf86cd799439011","sku":"45790-32","name":"Monopoly","price":19,"quantity":1},` +
	`{"product_id":"505bd76785ebb509fc183733","sku":"46493-32","name":"Uno","price":3,"quantity":2}]},"timestamp":"2026-01-31T08:00:00.123Z"}`

// What a record costs from the fetch to the block that the lanes read, in JSON and in Avro: the same event, a hundred of them in a fetch.
func BenchmarkIngest(b *testing.B) {
	codec, err := goavro.NewCodec(orderSchema)
	if err != nil {
		b.Fatal(err)
	}
	avro, err := codec.BinaryFromNative(binary.BigEndian.AppendUint32([]byte{0}, 7), order())
	if err != nil {
		b.Fatal(err)
	}
	fake := srfake.New()
	b.Cleanup(fake.Close)
	fake.SeedSchema("order", 1, 7, sr.Schema{Schema: orderSchema})
	decoder, err := schemas.New(schemas.Options{Registry: &schemas.Registry{URLs: []string{fake.URL()}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(decoder.Close)
	if err := decoder.Load(b.Context(), avro); err != nil {
		b.Fatal(err)
	}
	set, _, err := mapping.LoadText("m", []byte(`[{name: all, trigger: 'type = "track"', fields: {url: "http://localhost/a", method: POST}}]`), nil, mapping.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		value []byte
	}{{"json", []byte(orderJSON)}, {"avro", avro}} {
		b.Run(c.name, func(b *testing.B) {
			in := newIngester(set, decoder, nil)
			records := make([]*kafka.Record, 100)
			for i := range records {
				records[i] = &kafka.Record{Offset: int64(i), Value: c.value}
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				blocks, looked := in.blocks(records)
				n += looked
				if got := string(blocks[0].Records[0].Event); got != orderJSON {
					b.Fatalf("got %s", got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
		})
	}
}
