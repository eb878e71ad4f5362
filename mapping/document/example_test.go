package document_test

import (
	"fmt"

	"segment-webhooks/mapping/document"
)

// What every event goes through: one scan answers the triggers and gives the bytes to deliver.
func Example() {
	var paths document.Paths
	event := paths.Add([]string{"event"})
	total := paths.Add([]string{"properties", "total"})
	sku := paths.Add([]string{"properties", "products", "0", "sku"})
	s := document.NewScanner(&paths)

	err := s.Scan([]byte(`{ "event": "Order Completed", "properties": {"total": 27.50, "products": [{"sku": "45790-32"}]} }`))
	fmt.Println(err)
	fmt.Println(s.Slot(event).Equal("Order Completed"), s.Slot(total).Number() > 20, s.Slot(sku).Value().Text())
	fmt.Println(s.Canonical(), string(s.AppendCanonical(nil)))
	// Output:
	// <nil>
	// true true 45790-32
	// false {"event":"Order Completed","properties":{"total":27.5,"products":[{"sku":"45790-32"}]}}
}

// Values keep JavaScript's order of keys and its numbers.
func ExampleParse() {
	v, err := document.Parse([]byte(`{"b": 1.0, "10": 1e21, "9": -0, "b": "\ud83d\ude00"}`))
	fmt.Println(err, string(v.AppendJSON(nil)), v.Get("b").Get("length").Float())
	_, err = document.Parse([]byte(`{"a": 01}`))
	fmt.Println(err)
	// Output:
	// <nil> {"9":0,"10":1e+21,"b":"😀"} 2
	// invalid JSON at byte 7: a number of several digits does not start with 0
}
