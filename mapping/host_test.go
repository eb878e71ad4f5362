package mapping

import (
	"testing"
)

// TestWhereURLsMayPoint checks the rule on URLs: a literal scheme and host may be nearly anything, a host that an event
// decides on has to be listed.
func TestWhereURLsMayPoint(t *testing.T) {
	const event = `{"h":"api.partner.example","id":"7","evil":"evil.example","at":"x@evil.example/","base":"https://api.partner.example","up":"../..","proto":"http"}`
	tests := []struct {
		name     string
		url      string
		hosts    []string
		endpoint string
		want     string // the URL
		refusal  string
	}{
		{"literal", `"https://Erp.Example:443/x?y"`, nil, "https://erp.example", "https://Erp.Example:443/x?y", ""},
		{"literal with credentials", `"https://u:p@erp.example:8443"`, nil, "https://erp.example:8443", "https://u:p@erp.example:8443", ""},
		{"template below a literal host", `{"@template":"https://erp.example/{{id}}"}`, nil, "https://erp.example", "https://erp.example/7", ""},
		{"template behind ?", `{"@template":"https://erp.example?id={{id}}"}`, nil, "https://erp.example", "https://erp.example?id=7", ""},
		{"triple braces", `{"@template":"https://erp.example/{{{id}}}"}`, nil, "https://erp.example", "https://erp.example/7", ""},
		{"an event cannot leave the path", `{"@template":"https://erp.example/{{at}}"}`, nil, "https://erp.example", "https://erp.example/x@evil.example/", ""},
		{"template without placeholder", `{"@template":"https://erp.example"}`, nil, "https://erp.example", "https://erp.example", ""},
		{"two literal URLs", `{"@if":{"exists":{"@path":"$.none"},"then":"https://a.example","else":"https://b.example"}}`, nil, "", "https://b.example", ""},
		{"host in the template", `{"@template":"https://{{h}}/x"}`, nil, "", "", "load: url takes its host from the event"},
		{"port in the template", `{"@template":"https://erp.example:{{id}}/x"}`, nil, "", "", "load: url takes its host from the event"},
		{"end of the host in the template", `{"@template":"https://erp.example{{id}}"}`, nil, "", "", "load: url takes its host from the event"},
		{"scheme in the template", `{"@template":"{{proto}}://erp.example/x"}`, nil, "", "", "load: url takes its host from the event"},
		{"braces before the slash", `{"@template":"https://erp.example{/{{id}}"}`, nil, "", "", "load: url takes its host from the event"},
		{"the whole URL", `{"@path":"$.base"}`, nil, "", "", "load: url takes its host from the event"},
		{"the whole URL, listed", `{"@path":"$.base"}`, []string{"api.partner.example"}, "", "https://api.partner.example", ""},
		{"listed with port", `{"@template":"https://{{h}}:8443/"}`, []string{"api.partner.example:8443"}, "", "https://api.partner.example:8443/", ""},
		{"listed with the scheme's port", `{"@path":"$.base"}`, []string{"api.partner.example:443"}, "", "https://api.partner.example", ""},
		{"listed with another port", `{"@path":"$.base"}`, []string{"api.partner.example:8443"}, "", "", "event: url has the host api.partner.example, which is not among the allowed hosts"},
		{"below a listed domain", `{"@path":"$.base"}`, []string{"*.partner.example"}, "", "https://api.partner.example", ""},
		{"a listed domain is not itself", `{"@template":"https://partner.example/{{id}}?{{h}}"}`, []string{"*.partner.example"}, "https://partner.example", "https://partner.example/7?api.partner.example", ""},
		{"not listed", `{"@template":"https://{{evil}}/"}`, []string{"api.partner.example", "*.partner.example"}, "", "", "event: url has the host evil.example"},
		{"hidden behind user information", `{"@template":"https://api.partner.example:{{at}}"}`, []string{"api.partner.example"}, "", "", "event: url has the host evil.example"},
		{"capitals and final dot", `{"@template":"HTTPS://API.{{evil}}./"}`, []string{"Api.Evil.Example"}, "", "HTTPS://API.evil.example./", ""},
		{"metadata in spite of the list", `{"@template":"http://169.254.{{id}}.1/"}`, []string{"169.254.7.1"}, "", "", "event: url has the host 169.254.7.1, a link-local address"},
		{"metadata in a template", `{"@template":"http://169.254.169.254/{{id}}"}`, nil, "", "", "load: url has the host 169.254.169.254, the metadata service of a cloud"},
		{"bad literal host in a template", `{"@template":"https://er p/{{id}}"}`, nil, "", "", `load: url holds " "`},
		{"bad path of an event", `{"@template":"https://erp.example/{{id}} {{id}}"}`, nil, "https://erp.example", "", `event: url holds " "`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refusal := resolveFields(t, `{"method":"POST","url":`+tt.url+`}`, event, tt.hosts...)
			checkRefusal(t, "url", refusal, tt.refusal)
			if got.URL != tt.want {
				t.Errorf("URL %q, want %q", got.URL, tt.want)
			}
			if tt.refusal == "" {
				if endpoint := endpointOf(t, tt.url, tt.hosts...); endpoint != tt.endpoint {
					t.Errorf("endpoint %q, want %q", endpoint, tt.endpoint)
				}
			}
		})
	}
}

func endpointOf(t *testing.T, url string, hosts ...string) string {
	t.Helper()
	set, _, err := LoadText("m.json", []byte(`[{"name":"m","trigger":"type = \"track\"","settings":{"method":"POST","url":`+url+`}}]`), nil, Options{AllowedHosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	return set.Mappings()[0].Endpoint()
}

func TestAllowedHostsAreChecked(t *testing.T) {
	for _, bad := range []string{"", "*", "*.", "https://a.example", "a.example/x", "u@a.example", "a b", "a.example:x", "a.example:99999", "**.example", "a.*.example", "a?b", "a#b"} {
		if _, err := parseHosts([]string{bad}); err == nil {
			t.Errorf("allowed host %q is accepted, want it refused", bad)
		}
		if _, _, err := LoadText("m.yaml", []byte("mappings: []"), nil, Options{AllowedHosts: []string{bad}}); err == nil {
			t.Errorf("loading with allowed host %q succeeds, want a fault", bad)
		}
	}
	for _, good := range []string{"a.example", "A.Example:80", "*.example", "10.0.0.1", "[::1]", "::1", "[::1]:8080", " a.example "} {
		if _, err := parseHosts([]string{good}); err != nil {
			t.Errorf("allowed host %q: %v", good, err)
		}
	}
}
