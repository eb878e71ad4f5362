package trigger_test

import (
	"fmt"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

// benchEvent is a track call of about 1 KB.
const benchEvent = `{"type":"track","event":"Order Completed","userId":"019mr8mf4r","anonymousId":"anon-77","messageId":"m-0001",` +
	`"timestamp":"2024-03-05T10:11:12.345Z","properties":{"order_id":"50314b8e","affiliation":"Web Store","total":27.5,` +
	`"subtotal":22.5,"revenue":25,"shipping":3,"tax":2,"discount":2.5,"coupon":"hasbros","currency":"USD","paid":true,` +
	`"products":[{"product_id":"507f1f","sku":"45790-32","name":"Monopoly: 3rd Edition","price":19,"quantity":1,"category":"Games"},` +
	`{"product_id":"505bd7","sku":"46493-32","name":"Uno Card Game","price":3.25,"quantity":2,"category":"Games"}],` +
	`"address":{"city":"Zürich","zip":"8001"}},"context":{"ip":"203.0.113.7","library":{"name":"analytics.js","version":"2.11.1"},` +
	`"page":{"path":"/checkout","url":"https://shop.example.com/checkout?step=3","title":"Checkout & Pay"},` +
	`"userAgent":"Mozilla/5.0 (X11; Linux x86_64)","locale":"de-CH","timezone":"Europe/Zurich","traits":{"email":"ada@example.com"}},` +
	`"integrations":{"All":true}}`

// BenchmarkMatch measures Match alone, over an event that was scanned before and about which nothing is known yet: one trigger that fires, and 50 of all kinds
// of which some do.
func BenchmarkMatch(b *testing.B) {
	shapes := []string{
		`type = "track" and event = "Order Completed" and properties.total > %d`,
		`type = "track" and (properties.currency = "USD" or properties.currency = "EUR") and properties.tax >= %d`,
		`type = "track" and contains(context.page.url, "checkout?step=%d") and !contains(event, "Refund")`,
		`event = "Event %d" or match(event, "Order*")`,
		`type = "identify" and traits.logins > %d`,
		`type = "track" and properties.coupon != null and properties.paid = true and context.locale != "en-%d"`,
		`type = "track" and contains(context.userAgent, "a text of more than thirty-two bytes, number %d")`,
	}
	for _, count := range []int{1, 50} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			var paths document.Paths
			conditions := trigger.NewConditions(&paths)
			programs := make([]trigger.Program, count)
			for i := range programs {
				programs[i] = mustParse(b, fmt.Sprintf(shapes[i%len(shapes)], i)).Compile(conditions)
			}
			s := conditions.NewAnswers(document.NewScanner(&paths))
			if err := s.Scan([]byte(benchEvent)); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			fired := 0
			for b.Loop() {
				s.Forget()
				for _, p := range programs {
					if p.Match(s) {
						fired++
					}
				}
			}
			if fired == 0 {
				b.Error("nothing fired")
			}
		})
	}
}

// TestMatchDoesNotAllocate holds Match to its promise, for every operator.
func TestMatchDoesNotAllocate(t *testing.T) {
	for _, text := range []string{
		`type = "track" and event != "x" and properties.total = 27.5 and properties.tax != 5 and properties.total > 1 and properties.tax <= 2`,
		`contains(context.page.url, "example") and !contains(event, "x") and match(event, "Order*") and !match(event, "x*")`,
		`match(event, "*Completed") and !match(event, "*x") and userId != null and properties.none = null and properties.paid = true`,
		`properties.products.\0.price > 18 and properties.products.length = 2 and properties.coupon.length = 7`,
		`!(type = "page" or (event = "x" and !(userId = "y")))`,
	} {
		var paths document.Paths
		conditions := trigger.NewConditions(&paths)
		p := mustParse(t, text).Compile(conditions)
		s := conditions.NewAnswers(document.NewScanner(&paths))
		if err := s.Scan([]byte(benchEvent)); err != nil {
			t.Fatal(err)
		}
		if !p.Match(s) {
			t.Errorf("%s: %s", text, p.Explain(s))
		}
		if n := testing.AllocsPerRun(100, func() { s.Forget(); p.Match(s) }); n != 0 {
			t.Errorf("%s: %v allocations a match", text, n)
		}
	}
}
