package mapping_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"segment-webhooks/mapping"
)

const order = `{"type":"track","event":"Order Completed","userId":"u1","properties":{"order_id":"A-1","total":27.5,"coupon":null,` +
	`"products":[{"sku":"p1","price":19},{"sku":"p2","price":3.25}]},"context":{"page":{"path":"/thanks"}}}`

// data prints what a mapping of the given data makes of the order.
func data(fields string) {
	set, _, err := mapping.LoadText("example.yaml", []byte(`
mappings:
  - name: Orders
    trigger: type = "track"
    fields:
      url: https://example.com/hook
      method: POST
      data: `+fields), os.LookupEnv, mapping.Options{})
	if err != nil {
		log.Fatal(err)
	}
	payload, err := set.Mappings()[0].Resolve([]byte(order))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(payload.Data))
}

// Loading a destination, reading an event, and resolving it for the mappings that take it.
func Example() {
	set, warnings, err := mapping.LoadText("mappings.yaml", []byte(`
mappings:
  - name: Orders to ERP
    trigger: type = "track" and event = "Order Completed"
    fields:
      url: {"@template": "https://erp.example.com/users/{{userId}}"}
      method: PUT
      headers: {X-Order: {"@path": "$.properties.order_id"}}
      data: {id: {"@path": "$.properties.order_id"}, total: {"@path": "$.properties.total"}}
  - name: Page views
    trigger: type = "page"
    fields: {url: "https://stats.example.com", method: POST, data: {"@path": "$."}}
`), os.LookupEnv, mapping.Options{})
	if err != nil || len(warnings) > 0 {
		log.Fatal(err, warnings)
	}
	reader := set.NewReader()
	event, match, err := reader.Read([]byte(order))
	if err != nil {
		log.Fatal(err)
	}
	for i, m := range set.Mappings() {
		if match>>i&1 == 0 {
			fmt.Printf("%s: %s\n", m.Name, reader.Explain(i))
			continue
		}
		payload, err := m.Resolve(event)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s %s %v %s\n", m.Name, payload.Method, payload.URL, payload.Headers, payload.Data)
	}
	// Output:
	// Orders to ERP: PUT https://erp.example.com/users/u1 [{X-Order A-1}] {"id":"A-1","total":27.5}
	// Page views: type is "track", not "page"
}

func Example_path() {
	data(`{id: {"@path": "$.properties.order_id"}, first: {"@path": "$.properties.products[0].sku"}, none: {"@path": "$.nothing"}}`)
	data(`{coupon: {"@path": "$.properties.coupon"}, below: {"@path": "$.properties.coupon.code"}, items: {"@path": "$.properties.products.length"}}`)
	// Output:
	// {"id":"A-1","first":"p1"}
	// {"coupon":null,"below":null,"items":2}
}

func Example_template() {
	data(`{text: {"@template": "{{event}} by {{userId}}: {{properties.total}}{{properties.coupon}}"}}`)
	// Output: {"text":"Order Completed by u1: 27.5"}
}

func Example_if() {
	data(`{id: {"@if": {exists: {"@path": "$.anonymousId"}, then: {"@path": "$.anonymousId"}, else: {"@path": "$.userId"}}}}`)
	data(`{coupon: {"@if": {blank: {"@path": "$.properties.coupon"}, then: "yes", else: "no"}}}`)
	// Output:
	// {"id":"u1"}
	// {"coupon":"no"}
}

func Example_case() {
	data(`{id: {"@case": {operator: lower, value: {"@path": "$.properties.order_id"}}}}`)
	// Output: {"id":"a-1"}
}

func Example_replace() {
	data(`{id: {"@replace": {value: {"@path": "$.properties.order_id"}, pattern: "-", replacement: "/"}}}`)
	data(`{id: {"@replace": {value: {"@path": "$.userId"}, pattern: "U", replacement: "<$&>", ignorecase: true}}}`)
	// Output:
	// {"id":"A/1"}
	// {"id":"<u>1"}
}

func Example_arrayPath() {
	data(`{items: {"@arrayPath": ["$.properties.products", {id: {"@path": "$.sku"}, label: {"@template": "{{sku}} at {{price}}"}}]}}`)
	// Output: {"items":[{"id":"p1","label":"p1 at 19"},{"id":"p2","label":"p2 at 3.25"}]}
}

func Example_merge() {
	data(`{"@merge": {direction: right, objects: [{"@path": "$.context.page"}, {path: "/", source: web}]}}`)
	// Output: {"path":"/","source":"web"}
}

func Example_transform() {
	data(`{"@transform": {apply: {p: {"@path": "$.properties"}}, mapping: {total: {"@path": "$.p.total"}}}}`)
	// Output: {"total":27.5}
}

func Example_flatten() {
	data(`{"@flatten": {value: {"@path": "$.context"}, separator: "_"}}`)
	// Output: {"page_path":"/thanks"}
}

func Example_json() {
	data(`{page: {"@json": {mode: encode, value: {"@path": "$.context.page"}}}}`)
	// Output: {"page":"{\"path\":\"/thanks\"}"}
}

func Example_excludeWhenNull() {
	data(`{"@excludeWhenNull": {total: {"@path": "$.properties.total"}, coupon: {"@path": "$.properties.coupon"}}}`)
	// Output: {"total":27.5}
}

func Example_liquid() {
	data(`{text: {"@liquid": "{% if properties.total > 20 %}large{% else %}small{% endif %} order"}}`)
	// Output: {"text":"large order"}
}

// What only depends on the event fails that event.
func ExampleMapping_Resolve_failing() {
	data(`{"@path": "$.properties.products"}`)
	// Output: /data needs an object, not a list
}

// Everything that is wrong is said at once, with its place.
func ExampleFaults() {
	_, _, err := mapping.LoadText("mappings.yaml", []byte(`
mappings:
  - name: Orders
    triger: type = "track"
    fields:
      url: https://${HOST}/hook
      method: GET
      data: {id: {"@pth": "$.userId"}}
`), func(string) (string, bool) { return "", false }, mapping.Options{})
	if faults, ok := errors.AsType[mapping.Faults](err); ok {
		for _, fault := range faults {
			fmt.Println(fault)
		}
	}
	// Output:
	// mappings.yaml:3:5: mapping "Orders": needs a "trigger": the condition on events, such as type = "track"
	// mappings.yaml:4:5: mapping "Orders": has the unknown key "triger"; did you mean "trigger"?
	// mappings.yaml:6:12: mapping "Orders": fields/url needs the environment variable HOST, which is not set; set it, or write $${HOST} for the plain text
	// mappings.yaml:7:15: mapping "Orders": fields/method is "GET"; it can be POST, PUT, PATCH
	// mappings.yaml:8:27: mapping "Orders": fields/data/id/@pth is not a directive; did you mean @path?
}
