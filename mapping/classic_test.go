package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/mapping/document"
)

func loadClassic(t *testing.T, c Classic) *Set {
	t.Helper()
	set, warnings, err := LoadVars(nil, environment(map[string]string{"KEY": "s3cr3t"}), Options{Classic: c})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("error %v, warnings %v", err, warnings)
	}
	return set
}

// By default the URLs are alternatives: one mapping, whatever their number.
func TestClassicAny(t *testing.T) {
	set := loadClassic(t, Classic{
		URLs:    "https://a.example/hook?key=1 ,\n https://user:pw@b.example:8443,,http://10.0.0.1:8080/x,",
		Headers: `{"X-Team":"orders","X-Key":"${KEY}","X-N":5}`,
		Own:     [MaxWebhooks]string{1: `{"x-team":"b","Authorization":"Bearer t"}`},
	})
	if diff := cmp.Diff([]string{"classic|classic|"}, summary(set)); diff != "" {
		t.Fatalf("mappings (-want +got):\n%s", diff)
	}
	event := []byte(`{"type":"track","__proto__":{"a":1}}`)
	common := []Header{{"X-Team", "orders"}, {"X-Key", "s3cr3t"}, {"X-N", "5"}}
	want := []Payload{
		{URL: "https://a.example/hook?key=1", Method: "POST", Headers: common, Data: event},
		{URL: "https://user:pw@b.example:8443", Method: "POST", Headers: []Header{{"X-Key", "s3cr3t"}, {"X-N", "5"}, {"x-team", "b"}, {"Authorization", "Bearer t"}}, Data: event},
		{URL: "http://10.0.0.1:8080/x", Method: "POST", Headers: common, Data: event},
	}
	m := set.Mappings()[0]
	var got []Payload
	for _, a := range m.Alternatives {
		if a.Name != "classic" || a.Endpoint() == "" {
			t.Errorf("alternative %q with endpoint %q, want the mapping's name and an endpoint", a.Name, a.Endpoint())
		}
		p, err := a.Resolve(event)
		if err != nil {
			t.Fatal(err)
		}
		if &p.Data[0] != &event[0] {
			t.Error("the data is a copy of the event, want the event itself")
		}
		got = append(got, p)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payloads (-want +got):\n%s", diff)
	}
	first, err := m.Resolve(event)
	if diff := cmp.Diff(want[0], first); diff != "" || err != nil {
		t.Errorf("the mapping itself: %v (-want +got):\n%s", err, diff)
	}

	t.Run("a single URL", func(t *testing.T) {
		set := loadClassic(t, Classic{URLs: "https://a.example"})
		if diff := cmp.Diff([]string{"classic|classic|https://a.example"}, summary(set)); diff != "" {
			t.Errorf("mappings (-want +got):\n%s", diff)
		}
		if n := len(set.Mappings()[0].Alternatives); n > 0 {
			t.Errorf("%d alternatives to a single URL", n)
		}
	})
}

// A URL on its own keeps its number, and so its progress, when one before it is taken out.
func TestClassicAll(t *testing.T) {
	set := loadClassic(t, Classic{URLs: "https://a.example,,https://c.example", All: true, Own: [MaxWebhooks]string{2: `{"X":"c"}`}})
	want := []string{"classic-1|classic-1|https://a.example", "classic-3|classic-3|https://c.example"}
	if diff := cmp.Diff(want, summary(set)); diff != "" {
		t.Errorf("mappings (-want +got):\n%s", diff)
	}
	p, err := set.Mappings()[1].Resolve([]byte(`{}`))
	if diff := cmp.Diff([]Header{{"X", "c"}}, p.Headers); diff != "" || err != nil {
		t.Errorf("headers of the third URL: %v (-want +got):\n%s", err, diff)
	}
	set = loadClassic(t, Classic{URLs: "https://a.example", All: true})
	if diff := cmp.Diff([]string{"classic-1|classic-1|https://a.example"}, summary(set)); diff != "" {
		t.Errorf("mappings of a single URL (-want +got):\n%s", diff)
	}
}

// Every event is for the Classic destination, beside the most mappings that there can be.
func TestClassicTakesEveryEvent(t *testing.T) {
	var text strings.Builder
	text.WriteString("mappings:\n")
	for i := range maxMappings {
		fmt.Fprintf(&text, "  - {name: m%d, trigger: 'type = \"track\" and event = \"e%d\"', fields: {url: 'https://m.example', method: POST}}\n", i, i)
	}
	set, _, err := LoadText("m.yaml", []byte(text.String()), nil, Options{Classic: Classic{
		URLs: "https://a.example,https://b.example,https://c.example,https://d.example,https://e.example", All: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(set.Mappings()); n != maxMappings+MaxWebhooks {
		t.Fatalf("%d mappings, want %d", n, maxMappings+MaxWebhooks)
	}
	const classic = uint64(1<<MaxWebhooks-1) << maxMappings
	reader := set.NewReader()
	for _, tt := range []struct {
		event string
		want  uint64
	}{
		{`{"type":"track","event":"e7"}`, classic | 1<<7},
		{`{"type":"track","event":"other"}`, classic},
		{`{"type":"identify"}`, classic},
		{`{"type":"delete","userId":"u"}`, classic},
		{`{"type":"something new"}`, classic},
		{`{"type":""}`, classic},
		{`{"type":null}`, classic},
		{`{"type":5}`, classic},
		{`{"type":["track"]}`, classic},
		{`{"type":{}}`, classic},
		{`{"type":false}`, classic},
		{`{}`, classic},
	} {
		if _, match, err := reader.Read([]byte(tt.event)); match != tt.want || err != nil {
			t.Errorf("%s is for %b (%v), want %b", tt.event, match, err, tt.want)
		}
	}
}

func TestClassicFaults(t *testing.T) {
	tests := []struct {
		name    string
		classic Classic
		want    string
	}{
		{"all at once", Classic{
			URLs:    "ftp://a.example/hunter2, https://b.example,c.example/hunter2,https://user:hunter2@B.example:443/#x,http://169.254.169.254/",
			Headers: `{"A B":1,"X":{"@path":"$.userId"},"Y":null,"Z":"\u20ac"}`,
			Own:     [MaxWebhooks]string{0: `["hunter2"]`, 1: `{"hunter2"`},
		}, `CONNECTOR_WEBHOOK_HEADERS:1:14: the header "X" needs a text, not the directive @path
CONNECTOR_WEBHOOK_HEADERS:1:39: the header "Y" needs a text, not null
CONNECTOR_WEBHOOK_1_HEADERS:1:1: needs a JSON object such as {"X-Api-Key": "…"}, not a list
CONNECTOR_WEBHOOK_URLS, URL 1: url has the scheme "ftp"; only http and https can be called
CONNECTOR_WEBHOOK_HEADERS:1:8: headers/A B is no header name: it holds ' ', and only letters, digits and !#$%&'*+-.^_` + "`" + `|~ may stand in one
CONNECTOR_WEBHOOK_HEADERS:1:48: headers/Z cannot be sent: its value holds '€', and only tabs, printable ASCII and the letters of Latin-1 may stand in one
CONNECTOR_WEBHOOK_2_HEADERS:1:11: is not valid JSON: the text ends in the middle of a value
CONNECTOR_WEBHOOK_URLS, URL 3: url is no absolute URL; begin it with https://
CONNECTOR_WEBHOOK_URLS, URL 5: url has the host 169.254.169.254, the metadata service of a cloud, which is never called
`},
		{"the same URL twice", Classic{URLs: "https://a.example,https://b.example,https://A.example:443/#top"}, "CONNECTOR_WEBHOOK_URLS, URL 3: is the same as URL 1; give each once\n"},
		{"too many", Classic{URLs: "a,b,c,d,e,f"}, "CONNECTOR_WEBHOOK_URLS: has 6 places between commas, and there can be 5 URLs; remove some, use mappings, or write a comma within a URL as %2C\n"},
		{"none", Classic{URLs: " , "}, "CONNECTOR_WEBHOOK_URLS: names no URL; give 1 to 5, separated by commas\n"},
		{
			"headers for URLs that are not there",
			Classic{URLs: "https://a.example,,https://c.example", Own: [MaxWebhooks]string{1: "{}", 3: "{}"}},
			"CONNECTOR_WEBHOOK_2_HEADERS: is for URL 2, and CONNECTOR_WEBHOOK_URLS has none in that place; correct the number, or remove it\n" +
				"CONNECTOR_WEBHOOK_4_HEADERS: is for URL 4, and CONNECTOR_WEBHOOK_URLS has none in that place; correct the number, or remove it\n",
		},
		{"two URLs without a comma", Classic{URLs: "https://a.example https://b.example"}, "CONNECTOR_WEBHOOK_URLS, URL 1: url holds \" \", which a URL may hold only percent-encoded\n"},
		{"a variable that is not set", Classic{URLs: "https://${HOST}/"}, "CONNECTOR_WEBHOOK_URLS, URL 1: url needs the environment variable HOST, which is not set; set it, or write $${HOST} for the plain text\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := messages(LoadVars(nil, environment(nil), Options{Classic: tt.classic}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("a message shows a secret")
			}
		})
	}
}

// The names are taken only where there is a Classic destination: an export of Segment's loads as it is.
func TestClassicNamesAreReserved(t *testing.T) {
	const text = `
mappings:
  - {name: classic, trigger: type = "track", fields: {url: "https://a.example", method: POST}}
  - {name: B, id: classic-5, trigger: type = "track", fields: {url: "https://a.example", method: POST}}
  - {name: classic-6, trigger: type = "track", fields: {url: "https://a.example", method: POST}}
`
	if got := messages(LoadText("m.yaml", []byte(text), nil, Options{})); got != "" {
		t.Errorf("without a Classic destination: %s", got)
	}
	want := `m.yaml:3:12: mapping "classic": name is "classic", which CONNECTOR_WEBHOOK_URLS has taken; choose another
m.yaml:4:19: mapping "B": id is "classic-5", which CONNECTOR_WEBHOOK_URLS has taken; choose another
CONNECTOR_WEBHOOK_URLS, URL 1: url is no absolute URL; begin it with https://
`
	if diff := cmp.Diff(want, messages(LoadText("m.yaml", []byte(text), nil, Options{Classic: Classic{URLs: "a"}}))); diff != "" {
		t.Errorf("with one (-want +got):\n%s", diff)
	}
}

// What reaches the endpoint is what JavaScript makes of the event, to the byte.
func TestClassicSendsTheEventItself(t *testing.T) {
	set := loadClassic(t, Classic{URLs: "https://a.example"})
	reader := set.NewReader()
	for _, value := range []string{
		`{"type":"track","n":1.0,"big":12345678901234567890,"b":1,"2":1,"1":2}`,
		"{\n  \"type\" : \"page\",\n  \"__proto__\" : {\"a\": null}\n}",
		`{"a":{"__proto__":1},"empty":{},"none":null,"list":[],"text":"\u00e9\ud800\/"}`,
	} {
		event, match, err := reader.Read([]byte(value))
		if err != nil || match != 1 {
			t.Fatalf("reading %s: match %b, %v", value, match, err)
		}
		got, err := set.Mappings()[0].Resolve(event)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := document.Parse([]byte(value))
		if err != nil {
			t.Fatal(err)
		}
		if want := string(parsed.AppendJSON(nil)); string(got.Data) != want {
			t.Errorf("body %s, want %s", got.Data, want)
		}
	}
}
