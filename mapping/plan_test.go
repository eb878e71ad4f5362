package mapping

import (
	"fmt"
	"testing"

	"segment-webhooks/mapping/document"
)

// bothWays resolves data with the plan and without. planned is false where there is no plan. It also compares reading
// the whole event with reading a part of it.
func bothWays(t *testing.T, data node, event []byte) (quick, slow string, planned bool) {
	t.Helper()
	p := program{constant: Payload{URL: "https://e.co", Method: "POST"}, data: data}
	slow = dataText(p.resolve(event))
	if p.partial = newPartial(data); p.partial != nil {
		if part := dataText(p.resolve(event)); part != slow {
			t.Errorf("event %.300s\npart  %s\nwhole %s", event, part, slow)
		}
	}
	if p.plan = newPlan(&p); p.plan == nil {
		return "", slow, false
	}
	return dataText(p.resolve(event)), slow, true
}

func dataText(p Payload, err error) string {
	if err != nil {
		return "error " + err.Error()
	}
	if p.Data == nil {
		return "no body"
	}
	return string(p.Data)
}

// TestPlanAgreesOnVectors takes every recorded mapping for the data of a webhook and resolves it both ways.
func TestPlanAgreesOnVectors(t *testing.T) {
	count := 0
	for _, v := range rows[vector](t, "mappings.jsonl.gz") {
		raw, err := document.Parse([]byte(v.Mapping))
		if err != nil {
			t.Fatal(err)
		}
		in, err := document.Parse([]byte(v.Event))
		if err != nil || in.Kind() != document.Object {
			continue
		}
		var c compiler
		if quick, slow, planned := bothWays(t, c.compile("", raw), in.AppendJSON(nil)); planned {
			count++
			if quick != slow {
				t.Errorf("%s\nmapping %s\nevent   %.300s\nplan    %s\nnodes   %s", v.ID, v.Mapping, v.Event, quick, slow)
			}
		}
	}
	if count < 400 {
		t.Errorf("%d rows have a plan, want at least 400 for this to say something", count)
	}
}

func TestPlan(t *testing.T) {
	const event = `{"s":"é\"\\","n":1.5,"big":1e+21,"t":true,"f":false,"nul":null,"o":{"a":[1,{"b":"x"}]},"l":[1,"2",null,[3]],"high":"\ud83d","low":"\ude00","e":""}`
	tests := []struct{ name, data, want string }{
		{"nothing", `{"a":{"@path":"$.none"}}`, `{}`},
		{"first member missing", `{"a":{"@path":"$.none"},"b":1,"c":{"@path":"$.none"},"d":{"@path":"$.n"}}`, `{"b":1,"d":1.5}`},
		{"nested", `{"a":{"b":{"c":{"@path":"$.none"}},"d":{"@path":"$.t"}},"e":2}`, `{"a":{"b":{},"d":true},"e":2}`},
		{"list", `{"a":[{"@path":"$.none"},{"x":{"@path":"$.none"}},[{"@path":"$.f"}],[]]}`, `{"a":[null,{},[false],[]]}`},
		{"key order", `{"b":{"@path":"$.n"},"2":{"@path":"$.n"},"1":{"@path":"$.n"}}`, `{"1":1.5,"2":1.5,"b":1.5}`},
		{"keys that need escapes", `{"a\"\n":{"@path":"$.n"}}`, `{"a\"\n":1.5}`},
		{"value that ends in a brace", `{"a":{"@template":"{"},"b":{"@path":"$.n"},"c":{"@template":"[{{s}}["},"d":{"@path":"$.n"}}`, `{"a":"{","b":1.5,"c":"[é\"\\[","d":1.5}`},
		{
			"template of all kinds", `{"a":{"@template":"{{s}}|{{n}}|{{big}}|{{t}}|{{f}}|{{nul}}|{{none}}|{{o}}|{{l}}|{{e}}"}}`,
			`{"a":"é\"\\|1.5|1e+21|true|false|||[object Object]|1,2,,3|"}`,
		},
		{"template with text that needs escapes", `{"a":{"@template":"\"\n{{n}}\\"}}`, `{"a":"\"\n1.5\\"}`},
		{"surrogates that meet", `{"a":{"@template":"{{high}}{{low}}"}}`, `{"a":"😀"}`},
		{"surrogates that do not", `{"a":{"@template":"{{low}}{{high}}"}}`, `{"a":"\ude00\ud83d"}`},
		{"falsy stops", `{"a":{"@path":"$.f.x.y"},"b":{"@path":"$.e.x"},"c":{"@path":"$.nul.x"}}`, `{"a":false,"b":"","c":null}`},
		{"length and indexes", `{"a":{"@path":"$.l.length"},"b":{"@path":"$.s[0]"},"c":{"@path":"$.l[3][0]"},"d":{"@path":"$.o.a[1].b"}}`, `{"a":4,"b":"é","c":3,"d":"x"}`},
		{"the event within", `{"a":{"@path":"$."}}`, `{"a":` + event + `}`},
		{"an object of the event", `{"@path":"$.o"}`, `{"a":[1,{"b":"x"}]}`},
		{"a list of the event", `{"@path":"$.l"}`, "error /data needs an object, not a list"},
		{"no object", `{"@template":"{{s}}"}`, "error /data needs an object, not a string"},
		{"empty text", `{"@template":"{{e}}"}`, "no body"},
		{"nothing at all", `{"@path":"$.none"}`, "no body"},
		{"null", `{"@path":"$.nul"}`, "no body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := document.Parse([]byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			var c compiler
			quick, slow, planned := bothWays(t, c.compile("", raw), []byte(event))
			if !planned || quick != tt.want || slow != tt.want {
				t.Errorf("planned %v\nplan  %s\nnodes %s\nwant  %s", planned, quick, slow, tt.want)
			}
		})
	}
}

// TestPlanOfOtherFields checks url, method and headers that come from the event, next to data of every kind.
func TestPlanOfOtherFields(t *testing.T) {
	const event = `{"id":"7","m":"PUT","t":["a",1],"bad":"a b","half":"\ud800"}`
	const rest = `"method":{"@path":"$.m"},"headers":{"X-Id":{"@template":"id-{{id}}"},"X-L":{"@path":"$.t"},"X-N":{"@path":"$.none"}}`
	tests := []struct{ name, fields, want string }{
		{"simple", `{"url":{"@template":"https://e.co/{{id}}"},` + rest + `,"data":{"i":{"@path":"$.id"}}}`, `PUT https://e.co/7 [{X-Id id-7} {X-L a,1}] {"i":"7"}`},
		{"pass-through", `{"url":{"@template":"https://e.co/{{id}}"},` + rest + `,"data":{"@path":"$."}}`, `PUT https://e.co/7 [{X-Id id-7} {X-L a,1}] ` + event},
		{"constant data", `{"url":"https://e.co",` + rest + `,"data":{"a":1}}`, `PUT https://e.co [{X-Id id-7} {X-L a,1}] {"a":1}`},
		{"no data", `{"url":"https://e.co",` + rest + `}`, `PUT https://e.co [{X-Id id-7} {X-L a,1}] `},
		{"data that needs the tree", `{"url":"https://e.co",` + rest + `,"data":{"@merge":{"direction":"left","objects":[{"a":{"@path":"$.id"}}]}}}`, `PUT https://e.co [{X-Id id-7} {X-L a,1}] {"a":"7"}`},
		{"bad url", `{"url":{"@template":"https://e.co/{{bad}}"},` + rest + `}`, `event: url holds " ", which a URL may hold only percent-encoded`},
		{"bad method", `{"url":"https://e.co","method":{"@path":"$.id"}}`, `event: method is "7"; it can be POST, PUT, PATCH`},
		{"bad header", `{"url":"https://e.co","method":"POST","headers":{"X-H":{"@template":"{{half}}"}}}`, `event: headers/X-H cannot be sent: its value holds '�', and only tabs, printable ASCII and the letters of Latin-1 may stand in one`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refusal := resolveFields(t, tt.fields, event)
			text := refusal
			if refusal == "" {
				text = got.Method + " " + got.URL + " " + fmt.Sprint(got.Headers) + " " + string(got.Data)
			}
			if text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}
