package mapping

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary is a loaded set in lines: identity, name, endpoint, batching, start.
func summary(set *Set) []string {
	var lines []string
	for _, m := range set.Mappings() {
		line := fmt.Sprintf("%s|%s|%s", m.ID, m.Name, m.Endpoint())
		if m.Batch {
			line += fmt.Sprintf("|batches of %d", m.BatchSize)
		}
		if m.Start != "" {
			line += "|from " + m.Start
		}
		lines = append(lines, line)
	}
	return lines
}

func TestLoadFormats(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             []string
	}{
		{"own format in YAML", "m.yaml", `
x-team: &team {X-Team: orders}
mappings:
  - name: Orders to ERP
    enabled: true
    trigger: type = "track" and event = "Order Completed"
    start: earliest
    fields:
      url: https://erp.example.com/hooks
      method: POST
      headers: {<<: *team, X-Api-Key: "${ERP_KEY}"}
      data: {"@path": "$."}
      enable_batching: true
      batch_size: 500
  - name: Off
    enabled: false
  - name: Page views
    trigger: >
      type = "page"
    start: 2026-03-01T00:00:00+01:00
    fields: {url: "http://10.0.0.1:8080", method: PUT, enable_batching: true}
`, []string{"Orders to ERP|Orders to ERP|https://erp.example.com|batches of 500|from earliest", "Page views|Page views|http://10.0.0.1:8080|batches of 1000|from 2026-03-01T00:00:00+01:00"}},
		{
			"own format in JSON", "m.json", `{"mappings":[{"name":"A","trigger":"type = \"track\"","fields":{"url":"https://a.example","method":"POST"}}]}`,
			[]string{"A|A|https://a.example"},
		},
		{
			"text without a name, JSON", "CONNECTOR_MAPPINGS", ` {"mappings":[{"name":"A","id":"a1","trigger":"type = \"track\"","fields":{"url":"https://a.example","method":"POST"}}]}`,
			[]string{"a1|A|https://a.example"},
		},
		{
			"text without a name, YAML", "CONNECTOR_MAPPINGS", "mappings: [{name: A, trigger: 'type = \"track\"', fields: {url: 'https://a.example', method: POST}}]",
			[]string{"A|A|https://a.example"},
		},
		{
			"export of the Public API", "export.json", `{"data":{"subscriptions":[
			{"id":"s1","name":"Order","actionId":"x","actionSlug":"send","destinationId":"d","enabled":true,"trigger":"type = \"track\"",
			 "settings":{"url":"https://a.example","method":"POST","batch_size":0,"enable_batching":true,"batch_keys":["url"],"data":{"@path":"$."}}},
			{"id":"s2","name":"Order","enabled":true,"trigger":"type = \"track\"","settings":{"url":"https://b.example","method":"POST"}},
			{"id":"s3","name":"Order","enabled":false,"trigger":"","settings":{}}],
			"pagination":{"current":"MA=="}}}`,
			[]string{"s1|Order|https://a.example|batches of 1000", "s2|Order|https://b.example"},
		},
		{
			"bare list", "export.json", `[{"name":"A","enabled":true,"subscribe":"type = \"track\"","partnerAction":"send","mapping":{"url":"https://a.example","method":"POST"}}]`,
			[]string{"A|A|https://a.example"},
		},
		{
			"bare list of our own", "m.yaml", "- name: A\n  trigger: type = \"track\"\n  fields: {url: \"https://a.example\", method: POST}\n",
			[]string{"A|A|https://a.example"},
		},
		{
			"repeated keys of JSON, the last counts", "m.json", `{"mappings":[{"name":"A","name":"B","trigger":"type = \"track\"","fields":{"url":"https://x.example","url":"https://a.example","method":"POST"}}]}`,
			[]string{"B|B|https://a.example"},
		},
		{
			"byte order mark", "m.yaml", "\ufeffmappings: [{name: A, trigger: 'type = \"track\"', fields: {url: 'https://a.example', method: POST}}]",
			[]string{"A|A|https://a.example"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, _, err := LoadText(tt.file, []byte(tt.text), environment(map[string]string{"ERP_KEY": "k"}), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, summary(set)); diff != "" {
				t.Errorf("mappings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestYAMLValues checks that YAML means what JSON would say.
func TestYAMLValues(t *testing.T) {
	const text = `
mappings:
  - name: A
    trigger: type = "track"
    fields:
      url: https://a.example
      method: POST
      data:
        int: 5
        negative: -5
        float: 1.50
        exponent: 1e3
        large: 12345678901234567890123
        hex: 0x1F
        octal: 0o17
        yes: yes
        true: True
        "null": ~
        empty:
        quoted: '5'
        tagged: !!str 5
        date: 2024-01-01
        single: 'it''s'
        double: "\u00e9 \\ \n"
        folded: >-
          one
          two
        literal: |
          one
          two
        list: [1, [2, {a: b}]]
        anchor: &x {p: 1, q: 2}
        alias: *x
        merged: {<<: *x, q: 3}
        10: ten
        2: two
`
	const want = `{"2":"two","10":"ten","int":5,"negative":-5,"float":1.5,"exponent":1000,"large":1.2345678901234568e+22,"hex":31,` +
		`"octal":15,"yes":"yes","true":true,"null":null,"empty":null,"quoted":"5","tagged":"5","date":"2024-01-01",` +
		`"single":"it's","double":"é \\ \n","folded":"one two","literal":"one\ntwo\n","list":[1,[2,{"a":"b"}]],` +
		`"anchor":{"p":1,"q":2},"alias":{"p":1,"q":2},"merged":{"q":3,"p":1}}`
	set, _, err := LoadText("m.yaml", []byte(text), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := set.Mappings()[0].Resolve([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(payload.Data); got != want {
		t.Errorf("data\n got %s\nwant %s", got, want)
	}
}

func TestEnvironmentInURLAndHeadersOnly(t *testing.T) {
	const text = `
mappings:
  - name: A
    trigger: type = "track"
    fields:
      url: https://${USER}:${PASS}@${HOST}/x?$${PASS}
      method: POST
      headers: {A: "${KEY}${KEY}", B: {"@template": "${KEY}-{{a}}"}, C: "$${KEY} $$ $ {} ${EMPTY}."}
      data: {a: "${KEY}", b: "$${KEY}"}
`
	env := environment(map[string]string{"USER": "u", "PASS": "p", "HOST": "a.example:8443", "KEY": "k", "EMPTY": ""})
	set, _, err := LoadText("m.yaml", []byte(strings.Replace(text, "?$${PASS}", "", 1)), env, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Mappings()[0].Resolve([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Payload{
		URL: "https://u:p@a.example:8443/x", Method: "POST",
		Headers: []Header{{"A", "kk"}, {"B", "k-1"}, {"C", "${KEY} $$ $ {} ."}},
		Data:    []byte(`{"a":"${KEY}","b":"$${KEY}"}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if endpoint := set.Mappings()[0].Endpoint(); endpoint != "https://a.example:8443" {
		t.Errorf("endpoint %q shows credentials or lacks the port", endpoint)
	}
	_, _, err = LoadText("m.yaml", []byte(text), env, Options{})
	if err == nil || !strings.Contains(err.Error(), `fields/url holds "$"`) && !strings.Contains(err.Error(), `fields/url holds "{"`) {
		t.Errorf("error %v, want the brace in the URL refused", err)
	}
}

// TestFaultsKeepSecrets checks that no message shows what the environment holds.
func TestFaultsKeepSecrets(t *testing.T) {
	const secret = "hunter2-sécret"
	for _, fields := range []string{
		`{url: "https://u:${S}@a b/", method: POST}`,
		`{url: "https://a.example/?k=${S} ", method: POST}`,
		`{url: "https://a.example:${S}/", method: POST}`,
		`{url: "https://a.example", method: POST, headers: {A: "${S}\n"}}`,
		`{url: "https://a.example", method: POST, headers: {A: {"@replace": {pattern: "${S}", value: "${S}", replacement: "${S}"}}}}`,
		`{url: "https://a.example", method: POST, headers: {A: {"@case": {operator: "${S}", value: "x"}}}}`,
		`{url: {"@liquid": "{% ${S}"}, method: POST}`,
		`{url: ["${S}", 1], method: POST}`,
	} {
		text := "mappings: [{name: A, trigger: 'type = \"track\"', fields: " + fields + "}]"
		_, warnings, err := LoadText("m.yaml", []byte(text), environment(map[string]string{"S": secret}), Options{})
		if err == nil {
			t.Errorf("%s loads, want a fault", fields)
		}
		if all := messages(nil, warnings, err); strings.Contains(all, "hunter2") {
			t.Errorf("%s: message shows the secret: %s", fields, all)
		}
	}
}

func TestLoadVars(t *testing.T) {
	set, warnings, err := LoadVars(map[string]string{
		"MAPPING_1_NAME":             "Orders",
		"MAPPING_1_TRIGGER":          `type = "track"`,
		"MAPPING_1_URL":              "https://${HOST}/x",
		"MAPPING_1_METHOD":           "PUT",
		"MAPPING_1_HEADERS":          `{"X-Key":"${KEY}"}`,
		"MAPPING_1_DATA":             `{"id":{"@path":"$.messageId"}}`,
		"MAPPING_1_ENABLE_BATCHING":  "true",
		"MAPPING_1_BATCH_SIZE":       "50",
		"MAPPING_50_NAME":            "All",
		"MAPPING_50_TRIGGER":         `type != ""`,
		"MAPPING_50_URL":             `{"@template":"https://b.example/{{userId}}"}`,
		"MAPPING_50_ENABLE_BATCHING": "",
	}, environment(map[string]string{"HOST": "a.example", "KEY": "k"}), Options{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("error %v, warnings %v", err, warnings)
	}
	if diff := cmp.Diff([]string{"Orders|Orders|https://a.example|batches of 50", "All|All|https://b.example"}, summary(set)); diff != "" {
		t.Errorf("mappings (-want +got):\n%s", diff)
	}
	event := []byte(`{"messageId":"m1","userId":"u1","type":"track"}`)
	want := []Payload{
		{URL: "https://a.example/x", Method: "PUT", Headers: []Header{{"X-Key", "k"}}, Data: []byte(`{"id":"m1"}`)},
		{URL: "https://b.example/u1", Method: "POST", Data: event},
	}
	for i, m := range set.Mappings() {
		got, err := m.Resolve(event)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("payload %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestLoadVarsFaults(t *testing.T) {
	got := messages(LoadVars(map[string]string{
		"MAPPING_2_URL":             "ftp://a.example",
		"MAPPING_2_HEADERS":         `{"A":1,`,
		"MAPPING_3_NAME":            "B",
		"MAPPING_3_TRIGGER":         `type = 'x'`,
		"MAPPING_3_DATA":            "{\"a\":{\"@path\":\n 5}}",
		"MAPPING_3_ENABLE_BATCHING": "yes",
		"MAPPING_3_BATCH_SIZE":      "0.5",
		"MAPPING_3_METHOD":          "GET",
		"MAPPING_3_HEADERS":         `{"A B":1,"A B":2}`,
	}, nil, Options{}))
	want := `CONNECTOR_MAPPING_2_HEADERS:1:8: is not valid JSON: the text ends in the middle of a value
CONNECTOR_MAPPING_2_…: mapping 1: needs a "name": it is how lanes, metrics and dead letters call the mapping
CONNECTOR_MAPPING_2_…: mapping 1: needs a "trigger": the condition on events, such as type = "track"
CONNECTOR_MAPPING_2_URL: mapping 1: fields/url has the scheme "ftp"; only http and https can be called
CONNECTOR_MAPPING_3_TRIGGER: mapping "B": trigger cannot be used:
    type = 'x'
           ^^^ a text goes into double quotes
      Segment takes the single quotes as part of the text
      write "x"
CONNECTOR_MAPPING_3_…: mapping "B": fields/url is missing: the address to call, such as https://example.com/hook
CONNECTOR_MAPPING_3_METHOD: mapping "B": fields/method is "GET"; it can be POST, PUT, PATCH
CONNECTOR_MAPPING_3_HEADERS:1:16: mapping "B": fields/headers/A B is no header name: it holds ' ', and only letters, digits and !#$%&'*+-.^_` + "`" + `|~ may stand in one
CONNECTOR_MAPPING_3_DATA:2:2: mapping "B": fields/data/a/@path needs a string or a directive, not a number
CONNECTOR_MAPPING_3_ENABLE_BATCHING: mapping "B": fields/enable_batching is "yes"; it has to be true or false
CONNECTOR_MAPPING_3_BATCH_SIZE: mapping "B": fields/batch_size is 0.5; it has to be a whole number from 1 to 4000, or 0 for 1000
warning: CONNECTOR_MAPPING_3_HEADERS:1:10: the key "A B" stands in line 1 already; the last one counts
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestLoadKeepsTheSound checks that a preview can go on with the mappings that nothing is wrong with.
func TestLoadKeepsTheSound(t *testing.T) {
	const text = `
mappings:
  - {name: A, trigger: 'type = "track"', fields: {url: "https://a.example", method: POST}}
  - {name: B, trigger: 'type = "track"', fields: {url: "https://b.example", method: GET}}
  - {name: C, trigger: 'type = "track"', fields: {url: "https://c.example", method: POST}}
`
	set, _, err := LoadText("m.yaml", []byte(text), nil, Options{})
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Mapping != "B" || faults[0].Number != 2 || faults[0].Line != 4 {
		t.Fatalf("error %v, want one fault of mapping B in line 4", err)
	}
	var fault *Fault
	if !errors.As(err, &fault) || fault != faults[0] {
		t.Errorf("errors.As finds %v, want the fault", fault)
	}
	if diff := cmp.Diff([]string{"A|A|https://a.example", "C|C|https://c.example"}, summary(set)); diff != "" {
		t.Errorf("mappings (-want +got):\n%s", diff)
	}
	if n := set.Mappings()[1].Number; n != 3 {
		t.Errorf("number of C is %d, want 3", n)
	}
	_, match, err := set.NewReader().Read([]byte(`{"type":"track"}`))
	if match != 0b11 || err != nil {
		t.Errorf("match %b, %v; want both", match, err)
	}
}

func TestLimitOfMappings(t *testing.T) {
	var b strings.Builder
	b.WriteString("mappings:\n")
	for i := range 51 {
		fmt.Fprintf(&b, "- {name: m%d, trigger: 'type = \"track\"', fields: {url: \"https://a.example\", method: POST}}\n", i)
	}
	b.WriteString("- {name: off, enabled: false}\n")
	_, _, err := LoadText("m.yaml", []byte(b.String()), nil, Options{})
	if err == nil || !strings.Contains(err.Error(), "enables 51 mappings; at most 50 can be enabled") {
		t.Errorf("error %v, want the limit", err)
	}
	fifty := strings.Replace(b.String(), "m50,", "m50, enabled: false,", 1)
	set, _, err := LoadText("m.yaml", []byte(fifty), nil, Options{})
	if err != nil || len(set.Mappings()) != 50 {
		t.Errorf("error %v, want 50 mappings", err)
	}
}

func TestLoadFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.yml")
	if err := os.WriteFile(file, []byte("mappings: [{name: A, trigger: 'type = \"track\"', fields: {url: 'https://a.example', method: POST}}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, _, err := LoadFile(file, nil, Options{})
	if err != nil || len(set.Mappings()) != 1 {
		t.Errorf("error %v, want one mapping", err)
	}
	if _, _, err := LoadFile(file+".none", nil, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
}

func TestNotesOnTriggers(t *testing.T) {
	set, warnings, err := LoadText("m.yaml", []byte("- name: A\n  trigger: type = \"track\" and not (event = \"x\")\n"+
		"  fields: {url: 'https://a.example', method: POST}\n"), nil, Options{})
	got := messages(set, warnings, err)
	const want = `warning: m.yaml:2:31: mapping "A": trigger means here what it says, other than at Segment: `
	if !strings.HasPrefix(got, want) {
		t.Errorf("messages %s, want %s…", got, want)
	}
}
