package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/mapping"
)

func deliveryFile(lines ...string) []byte {
	return []byte("mappings:\n  - name: a\n    trigger: type = \"track\"\n    fields: {url: \"https://h.example/\", method: POST, data: {\"@path\": $.}}\n    " +
		strings.Join(lines, "\n    ") + "\n")
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	all := mapping.Delivery{Ordering: mapping.OrderingKey, Rate: mapping.Rate{Requests: 50, Per: time.Second}, MaxInFlight: 4000, Compression: "gzip"}
	minute := mapping.Delivery{Ordering: mapping.OrderingPartition, Rate: mapping.Rate{Requests: 600, Per: time.Minute}, MaxInFlight: 1}
	for _, test := range []struct {
		name  string
		lines []string
		want  mapping.Delivery
		every time.Duration
	}{
		{"nothing is said", nil, mapping.Delivery{}, 0},
		{"all is null", []string{"ordering: null", "rate_limit: null", "max_in_flight: null", "compression: null"}, mapping.Delivery{}, 0},
		{"defaults", []string{"ordering: none", "compression: none"}, mapping.Delivery{Ordering: mapping.OrderingNone, Compression: "none"}, 0},
		{"all", []string{"ordering: key", "rate_limit: 50/s", "max_in_flight: 4000", "compression: gzip"}, all, 20 * time.Millisecond},
		{"a minute", []string{"ordering: partition", "rate_limit: 600 / m", "max_in_flight: 1"}, minute, 100 * time.Millisecond},
		{"an hour", []string{"rate_limit: 1/h"}, mapping.Delivery{Rate: mapping.Rate{Requests: 1, Per: time.Hour}}, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			set, warnings, err := mapping.LoadText("m.yaml", deliveryFile(test.lines...), none, mapping.Options{})
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%v, warnings %v", err, warnings)
			}
			got := set.Mappings()[0].Delivery
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
			if every := got.Rate.Every(); every != test.every {
				t.Errorf("a request every %v, want %v", every, test.every)
			}
		})
	}
}

func TestDeliveryFaults(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"ordering: keys":       `ordering is "keys"; it can be none, key or partition`,
		"ordering: true":       `ordering needs a text, not a boolean; put it in quotes`,
		"compression: br":      `compression is "br"; it can be none or gzip`,
		"rate_limit: 50":       `rate_limit needs a text, not a number; put it in quotes`,
		`rate_limit: "50"`:     `rate_limit is "50", which has no time; give a number of requests and a time, such as 50/s, 600/m or 10000/h`,
		"rate_limit: 50/d":     `rate_limit is "50/d", whose time is none of s, m and h;`,
		"rate_limit: fifty/s":  `rate_limit is "fifty/s", which does not begin with a whole number;`,
		"rate_limit: 0/s":      `rate_limit is "0/s", which is not from 1 to 1000000;`,
		"max_in_flight: 0":     `max_in_flight is 0; give a whole number of requests from 1 to 10000`,
		"max_in_flight: 1.5":   `max_in_flight is 1.5; give`,
		"max_in_flight: 10001": `max_in_flight is 10001; give`,
		"max_in_flight: many":  `max_in_flight is "many"; give`,
		"orderin: key":         `has the unknown key "orderin"; did you mean "ordering"?`,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			_, _, err := mapping.LoadText("m.yaml", deliveryFile(line), func(string) (string, bool) { return "", false }, mapping.Options{})
			if err == nil || !strings.Contains(err.Error(), `m.yaml:5:5: mapping "a": `+want) && !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
			if faults, ok := err.(mapping.Faults); !ok || len(faults) != 1 || faults[0].Line != 5 { //nolint:errorlint // the type is the promise
				t.Errorf("faults: %v, want one in line 5", err)
			}
		})
	}
}

func TestDeliveryVariables(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	vars := map[string]string{
		"MAPPING_1_NAME": "a", "MAPPING_1_TRIGGER": `type = "track"`, "MAPPING_1_URL": "https://h.example/",
		"MAPPING_1_ORDERING": "key", "MAPPING_1_RATE_LIMIT": "5/s", "MAPPING_1_MAX_IN_FLIGHT": "7", "MAPPING_1_COMPRESSION": "gzip",
	}
	set, _, err := mapping.LoadVars(vars, none, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := mapping.Delivery{Ordering: mapping.OrderingKey, Rate: mapping.Rate{Requests: 5, Per: time.Second}, MaxInFlight: 7, Compression: "gzip"}
	if diff := cmp.Diff(want, set.Mappings()[0].Delivery); diff != "" {
		t.Errorf("delivery (-want +got):\n%s", diff)
	}
	vars["MAPPING_1_MAX_IN_FLIGHT"] = "x"
	if _, _, err := mapping.LoadVars(vars, none, mapping.Options{}); err == nil || !strings.Contains(err.Error(), `CONNECTOR_MAPPING_1_MAX_IN_FLIGHT: mapping "a": max_in_flight is "x"`) {
		t.Errorf("got %v, want a fault of the variable", err)
	}
}
