//go:build bench && linux

package bench

import (
	"fmt"
	"strings"
)

// scenario is a cell of the table.
type scenario struct {
	name  string
	about string
	limit bool // the limit program; otherwise the connector
	style style

	batches bool
	secure  bool // the endpoint speaks TLS
	firing  int  // mappings that every track event is for
	idle    int  // mappings whose trigger looks at the event and says no
	dead    int  // of the firing ones, how many send to an endpoint that never answers

	beside  string // the limit, or another scenario, that this one is compared with
	timed   bool   // latency is measured, and not cost
	half    bool   // at half of what can be carried; otherwise at the rate of beside
	healthy int    // deliveries of an event that are counted; the dead endpoints' never come
}

// scenarios are in the order in which a round runs them: a limit right before what is compared with it.
func scenarios() []scenario {
	list := []scenario{
		{name: "limit-singles", about: "the limit program, one event in a request", limit: true},
		{name: "singles", about: "1 mapping, one event in a request", firing: 1, beside: "limit-singles"},
		{name: "singles-10", about: "10 mappings, one fires", firing: 1, idle: 9, beside: "limit-singles"},
		{name: "singles-50", about: "50 mappings, one fires", firing: 1, idle: 49, beside: "limit-singles"},
		{name: "singles-avro", about: "1 mapping, events in Avro", firing: 1, style: avro, beside: "limit-singles"},
		{name: "singles-latency", about: "1 mapping, at half of the load that producer, broker, connector and receiver carry together", firing: 1, timed: true, half: true},
		{name: "limit-singles-latency", about: "the limit program, at the same load", limit: true, beside: "singles-latency", timed: true},
		{name: "limit-batches", about: "the limit program, batches of 1000", limit: true, batches: true},
		{name: "batches", about: "1 mapping, batches of 1000", batches: true, firing: 1, beside: "limit-batches"},
		{name: "batches-10", about: "10 mappings, one fires", batches: true, firing: 1, idle: 9, beside: "limit-batches"},
		{name: "batches-50", about: "50 mappings, one fires", batches: true, firing: 1, idle: 49, beside: "limit-batches"},
		{name: "batches-avro", about: "1 mapping, events in Avro", batches: true, firing: 1, style: avro, beside: "limit-batches"},
		{name: "limit-batches-spaced", about: "the limit program, JSON with blanks", limit: true, batches: true, style: spaced},
		{name: "batches-spaced", about: "1 mapping, JSON with blanks, as Python writes it", batches: true, firing: 1, style: spaced, beside: "limit-batches-spaced"},
		{name: "limit-singles-tls", about: "the limit program, TLS", limit: true, secure: true},
		{name: "singles-tls", about: "1 mapping, TLS", firing: 1, secure: true, beside: "limit-singles-tls"},
		{name: "limit-batches-tls", about: "the limit program, TLS", limit: true, batches: true, secure: true},
		{name: "batches-tls", about: "1 mapping, TLS", batches: true, firing: 1, secure: true, beside: "limit-batches-tls"},
		{name: "fan-9", about: "9 mappings, all fire", batches: true, firing: 9},
		{name: "fan-10", about: "10 mappings, all fire", batches: true, firing: 10},
		{name: "fan-10-dead", about: "10 mappings, all fire, one endpoint is dead", batches: true, firing: 10, dead: 1},
	}
	for i := range list {
		list[i].healthy = max(1, list[i].firing-list[i].dead)
	}
	return list
}

// find returns the scenario of a name.
func find(list []scenario, name string) (scenario, bool) {
	for _, s := range list {
		if s.name == name {
			return s, true
		}
	}
	return scenario{}, false
}

// refusals are conditions that hold for no event of the topic, though each has to be looked at.
var refusals = []string{
	`event = "Subscription Ended"`, `contains(context.page.path, "/checkout")`, `properties.total > 100000`, `properties.tax < 0`,
	`context.locale = "de-CH"`, `properties.currency != "USD"`, `properties.coupon = "none"`, `match(context.library.name, "*.py")`,
	`properties.quantity >= 10`, `properties.city = "Paris"`, `context.ip = "192.0.2.1"`, `properties.affiliation = "Store"`,
}

// mappings is the mappings file of a scenario.
func (s scenario) mappings(endpoint, dead string) string {
	var b strings.Builder
	b.WriteString("mappings:\n")
	mapping := func(i int, trigger, host string) {
		scheme, batching := "http", ""
		if s.secure {
			scheme = "https"
		}
		if s.batches {
			batching = ", enable_batching: true, batch_size: 1000"
		}
		fmt.Fprintf(&b, "  - {name: \"m%d\", trigger: '%s', fields: {url: \"%s://%s/m%d\", method: POST, data: {\"@path\": \"$.\"}%s}}\n", i, trigger, scheme, host, i, batching)
	}
	for i := range s.firing {
		host := endpoint
		if i < s.dead {
			host = dead
		}
		mapping(i, `type = "track"`, host)
	}
	for i := range s.idle {
		mapping(s.firing+i, `type = "track" and `+refusals[i%len(refusals)], endpoint)
	}
	return b.String()
}
