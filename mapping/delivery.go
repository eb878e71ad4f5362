package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"segment-webhooks/mapping/document"
)

// Delivery is how the requests of a mapping are to be sent. It changes no request but for the encoding of its body. The zero value is
// what the settings of all mappings say.
type Delivery struct {
	Ordering    Ordering
	Rate        Rate
	MaxInFlight int    // requests under way at a time, 1 to 10000; 0 where the definition does not say
	Compression string // "none", "gzip", or "" where the definition does not say
}

// Ordering says which events wait for each other.
type Ordering string

// The orderings. What has to go in order goes one at a time, or together in one batch.
const (
	OrderingNone      Ordering = "none"      // none do; as at Segment
	OrderingKey       Ordering = "key"       // those of one Kafka key on one partition; records without a key do not
	OrderingPartition Ordering = "partition" // all of one partition
)

// Rate is how many requests may be sent in a time. The zero value is no limit.
type Rate struct {
	Requests int
	Per      time.Duration
}

// Every is the time between two requests at this rate; 0 for no limit.
func (r Rate) Every() time.Duration {
	if r.Requests == 0 {
		return 0
	}
	return r.Per / time.Duration(r.Requests)
}

// deliveryKeys are the keys of Delivery, which stand beside the fields.
func deliveryKeys() []string {
	return []string{"ordering", "rate_limit", "max_in_flight", "compression"}
}

const mostInFlight = 10_000

// delivery reads how the mapping's requests are to be sent. A subscription of Segment's says nothing about it.
func (d *definition) delivery() Delivery {
	var out Delivery
	if !d.own {
		return out
	}
	out.Ordering = Ordering(d.oneOf("ordering", string(OrderingNone), string(OrderingKey), string(OrderingPartition)))
	out.Compression = d.oneOf("compression", "none", "gzip")
	if text, ok := d.text("rate_limit"); ok && text != "" {
		rate, problem := parseRate(text)
		if problem != "" {
			d.fault("/rate_limit", "is "+strconv.Quote(text)+", "+problem+"; give a number of requests and a time, such as 50/s, 600/m or 10000/h")
		}
		out.Rate = rate
	}
	switch v := d.raw.Get("max_in_flight"); {
	case v.IsMissing(), v.IsNull():
	case v.Kind() != document.Number || v.Float() != float64(int(v.Float())) || v.Float() < 1 || v.Float() > mostInFlight:
		d.fault("/max_in_flight", "is "+quote(v)+"; give a whole number of requests from 1 to "+strconv.Itoa(mostInFlight))
	default:
		out.MaxInFlight = int(v.Float())
	}
	return out
}

// oneOf returns an optional word, "" where it is absent.
func (d *definition) oneOf(key string, words ...string) string {
	text, ok := d.text(key)
	if !ok || text == "" {
		return ""
	}
	if slices.Contains(words, text) {
		return text
	}
	last := len(words) - 1
	d.fault("/"+key, fmt.Sprintf("is %s; it can be %s or %s", strconv.Quote(text), strings.Join(words[:last], ", "), words[last]))
	return ""
}

// parseRate reads a rate such as 50/s, 600/m or 10000/h.
func parseRate(text string) (rate Rate, problem string) {
	number, unit, found := strings.Cut(strings.TrimSpace(text), "/")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[strings.TrimSpace(unit)]
	const most = 1_000_000
	switch {
	case !found:
		return Rate{}, "which has no time"
	case err != nil:
		return Rate{}, "which does not begin with a whole number"
	case per == 0:
		return Rate{}, "whose time is none of s, m and h"
	case n < 1 || n > most:
		return Rate{}, "which is not from 1 to 1000000"
	}
	return Rate{Requests: n, Per: per}, ""
}
