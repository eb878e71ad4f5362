package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/mapping/document"
)

// resolveFields resolves fields given as JSON, as a mapping that has just been loaded would. An error is the first
// fault or the error of the event.
func resolveFields(t *testing.T, fields, event string, hosts ...string) (Payload, string) {
	t.Helper()
	raw, err := document.Parse([]byte(fields))
	if err != nil {
		t.Fatalf("fields %s: %v", fields, err)
	}
	allowed, err := parseHosts(hosts)
	if err != nil {
		t.Fatal(err)
	}
	out, faults, _ := compileFields(raw, allowed)
	if len(faults) > 0 {
		return Payload{}, "load: " + strings.TrimPrefix(faults[0].path, "/") + " " + faults[0].message
	}
	payload, err := out.program.resolve([]byte(event))
	if err != nil {
		return Payload{}, "event: " + strings.TrimPrefix(err.Error(), "/")
	}
	return payload, ""
}

// TestURL checks which URLs can be called, as literals and as values of an event. Segment's schema accepts any absolute
// ASCII URI and its client only http and https; what Go cannot call is refused here too.
func TestURL(t *testing.T) {
	const long = "https://e.co/ppppppppppppppppppppppppppppppppppppppppp"
	tests := []struct{ name, url, want string }{
		{"plain", "https://example.com", ""},
		{"port and path", "http://localhost:8080/x", ""},
		{"capitals", "HTTP://EXAMPLE.com", ""},
		{"no scheme", "example.com", "is no absolute URL"},
		{"no scheme, port", "example.com:80", "has the scheme"},
		{"no scheme, slashes", "//example.com", "is no absolute URL"},
		{"path only", "/x", "is no absolute URL"},
		{"path with colon", "/x:y", "is no absolute URL"},
		{"no host", "http://", "names no host"},
		{"no host but a query", "https://?x", "names no host"},
		{"slashes only", "http:///x", ""}, // as Segment's client reads it: host x
		{"no slashes", "http:x", ""},
		{"one slash", "http:/e.co/x", ""},
		{"host outside ASCII", "https://exämple.com", `holds "ä"`},
		{"host escaped", "https://ex%C3%A4mple.com", "has an escape in its host"},
		{"path outside ASCII", "https://e.co/é", `holds "é"`},
		{"path escaped", "https://e.co/%C3%A9", ""},
		{"bad escape", "https://e.co/%zz", "holds a %"},
		{"cut escape", "https://e.co/%4", "holds a %"},
		{"blank", "https://e.co/a b", `holds " "`},
		{"leading blank", " https://e.co", "has the scheme"},
		{"trailing blank", "https://e.co ", `holds " "`},
		{"line feed", "https://e.co\n", `holds "\n"`},
		{"user and password", "https://u:p@e.co/", ""},
		{"IPv6", "http://[::1]:80/", ""},
		{"IPv6 with zone", "http://[fe80::1%25eth0]/", "IPv6"},
		{"brackets without address", "http://[x]/", "cannot be read"},
		{"not an IPv4", "http://999.1.1.1/", "ends in a number"},
		{"IPv4 as a number", "http://2130706433/", "ends in a number"},
		{"IPv4 in hexadecimal", "http://0x7f.1/", "ends in a number"},
		{"underscore", "http://e_x.co/", ""},
		{"port too large", "https://e.co:99999/", "port beyond 65535"},
		{"port 0", "https://e.co:0/", ""},
		{"braces in query", "https://e.co/?a={b}", `holds "{"`},
		{"brackets in query", "https://e.co/?a=[b]", `holds "["`},
		{"pipe", "https://e.co/|", `holds "|"`},
		{"backslash", `https://e.co/\`, `holds "\\"`},
		{"circumflex", "https://e.co/^", `holds "^"`},
		{"placeholder", "https://e.co/{{userId}}", `holds "{"`},
		{"fragment", "https://e.co/#f", ""},
		{"two fragments", "https://e.co/#f#g", `holds "#"`},
		{"apostrophe and friends", "https://e.co/~user/(x)!*'", ""},
		{"long", long, ""},
		{"other scheme", "ftp://e.co", "only http and https"},
		{"mail", "mailto:a@b", "only http and https"},
		{"urn", "urn:x:y", "only http and https"},
		{"script", "javascript:alert(1)", "only http and https"},
		{"file", "file:///etc/passwd", "only http and https"},
		{"metadata address", "http://169.254.169.254/latest", "metadata"},
		{"metadata address, mapped", "http://[::ffff:169.254.169.254]/", "metadata"},
		{"metadata address, NAT64", "http://[64:ff9b::a9fe:a9fe]/", "metadata"},
		{"metadata address, IPv6", "http://[fd00:ec2::254]/", "metadata"},
		{"metadata name", "http://Metadata.Google.Internal./", "metadata"},
		{"link-local", "http://169.254.1.2/", "link-local"},
		{"link-local IPv6", "http://[fe80::1]/", "link-local"},
		{"loopback", "http://127.0.0.1/", ""},
		{"private", "http://10.0.0.1/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			literal := `{"url":` + strconv.Quote(tt.url) + `,"method":"POST"}`
			got, refusal := resolveFields(t, literal, `{}`)
			checkRefusal(t, "literal", refusal, tt.want)
			if tt.want == "" && got.URL != tt.url {
				t.Errorf("literal URL is %q, want it as mapped", got.URL)
			}
			computed := `{"url":{"@path":"$.u"},"method":"POST"}`
			got, refusal = resolveFields(t, computed, `{"u":`+strconv.Quote(tt.url)+`}`,
				"example.com", "localhost", "e.co", "x", "[::1]", "e_x.co", "127.0.0.1", "10.0.0.1")
			checkRefusal(t, "computed", refusal, tt.want)
			if tt.want == "" && got.URL != tt.url {
				t.Errorf("computed URL is %q, want it as mapped", got.URL)
			}
		})
	}
}

func checkRefusal(t *testing.T, what, got, want string) {
	t.Helper()
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("%s: refusal %q, want %q", what, got, want)
	}
}

// TestFieldTypes checks the conversions of JSON Schema coercion and the removal of empty values, field by field.
func TestFieldTypes(t *testing.T) {
	const event = `{"empty":"","nul":null,"zero":0,"obj":{"a":null,"b":""}}`
	base := map[string]string{"url": `"https://e.co/"`, "method": `"POST"`}
	tests := []struct{ name, field, value, want string }{
		{"url in a list of one", "url", `["https://e.co"]`, ""},
		{"url in a list of two", "url", `["https://e.co","https://e.co"]`, "needs a string, not a list"},
		{"url an empty list", "url", `[]`, "needs a string, not a list"},
		{"url a number", "url", `5`, "is no absolute URL"},
		{"url a boolean", "url", `true`, "is no absolute URL"},
		{"url an object", "url", `{}`, "needs a string, not an object"},
		{"url empty", "url", `""`, "is missing"},
		{"url null", "url", `null`, "is missing"},
		{"url missing in the event", "url", `{"@path":"$.none"}`, "is required and there is no value"},
		{"url null in the event", "url", `{"@path":"$.nul"}`, "is required and there is no value"},
		{"url empty in the event", "url", `{"@path":"$.empty"}`, "is required and is empty"},
		{"PUT", "method", `"PUT"`, ""},
		{"PATCH", "method", `"PATCH"`, ""},
		{"method in a list of one", "method", `["POST"]`, ""},
		{"method in a list of two", "method", `["POST","PUT"]`, "needs a string, not a list"},
		{"lower case", "method", `"post"`, `is "post"; it can be POST, PUT, PATCH`},
		{"GET", "method", `"GET"`, `is "GET"`},
		{"DELETE", "method", `"DELETE"`, `is "DELETE"`},
		{"method empty", "method", `""`, "is missing"},
		{"method with a blank", "method", `" POST"`, `is " POST"`},
		{"method a number", "method", `5`, "is 5"},
		{"method an object", "method", `{}`, "needs a string, not an object"},
		{"method missing in the event", "method", `{"@path":"$.none"}`, "is required and there is no value"},
		{"headers empty", "headers", `{}`, ""},
		{"headers null", "headers", `null`, ""},
		{"headers empty string", "headers", `""`, ""},
		{"headers a list", "headers", `[]`, "needs an object, not a list"},
		{"headers a list of one", "headers", `[{}]`, "needs an object, not a list"},
		{"headers a string", "headers", `"x"`, "needs an object, not a string"},
		{"headers a number", "headers", `5`, "needs an object, not a number"},
		{"headers of the event a number", "headers", `{"@path":"$.zero"}`, "needs an object, not a number"},
		{"data empty", "data", `{}`, ""},
		{"data null", "data", `null`, ""},
		{"data an empty string", "data", `""`, ""},
		{"data missing in the event", "data", `{"@path":"$.none"}`, ""},
		{"data null in the event", "data", `{"@path":"$.nul"}`, ""},
		{"data empty in the event", "data", `{"@path":"$.empty"}`, ""},
		{"data of the event 0", "data", `{"@path":"$.zero"}`, "needs an object, not a number"},
		{"data a list", "data", `[]`, "needs an object, not a list"},
		{"data a list of one", "data", `[{}]`, "needs an object, not a list"},
		{"data a string", "data", `"x"`, "needs an object, not a string"},
		{"data true", "data", `true`, "needs an object, not a boolean"},
		{"batch_size 0", "batch_size", `0`, ""},
		{"batch_size as text", "batch_size", `"5"`, ""},
		{"batch_size as text with blanks", "batch_size", `" 7 "`, ""},
		{"batch_size as text with an exponent", "batch_size", `"1e3"`, ""},
		{"batch_size 4000", "batch_size", `4000`, ""},
		{"batch_size 4001", "batch_size", `4001`, "is 4001; it has to be a whole number from 1 to 4000"},
		{"batch_size negative", "batch_size", `-1`, "is -1"},
		{"batch_size broken", "batch_size", `1.5`, "is 1.5"},
		{"batch_size no number", "batch_size", `"abc"`, `is "abc"`},
		{"batch_size a boolean", "batch_size", `true`, "is true"},
		{"batch_size a list", "batch_size", `[5]`, "is [5]"},
		{"batch_size of the event", "batch_size", `{"@path":"$.zero"}`, "depends on the event"},
		{"batch_size in a directive", "batch_size", `{"@literal":7}`, ""},
		{"batch_size empty", "batch_size", `""`, ""},
		{"enable_batching", "enable_batching", `true`, ""},
		{"enable_batching as text", "enable_batching", `"true"`, `is "true"; it has to be true or false`},
		{"enable_batching a number", "enable_batching", `1`, "is 1; it has to be true or false"},
		{"enable_batching null", "enable_batching", `null`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var members []string
			for _, name := range fieldNames() {
				value, ok := base[name]
				if name == tt.field {
					value, ok = tt.value, true
				}
				if ok {
					members = append(members, strconv.Quote(name)+":"+value)
				}
			}
			_, refusal := resolveFields(t, "{"+strings.Join(members, ",")+"}", event, "*.allowed.example")
			checkRefusal(t, tt.field, refusal, tt.want)
			if tt.want != "" && !strings.Contains(refusal, tt.field) {
				t.Errorf("refusal %q does not name the field %s", refusal, tt.field)
			}
		})
	}
}

func TestRequiredFields(t *testing.T) {
	_, refusal := resolveFields(t, `{"method":"POST"}`, `{}`)
	checkRefusal(t, "no url", refusal, "url is missing")
	_, refusal = resolveFields(t, `{"url":"https://e.co"}`, `{}`)
	checkRefusal(t, "no method", refusal, "method is missing")
}

func TestHeaders(t *testing.T) {
	const event = `{"u":"u1","n":null,"arabic":"ب","lf":"a\nb","half":"\ud800"}`
	tests := []struct {
		name    string
		headers string
		want    []Header
		refusal string
	}{
		{"number and boolean", `{"X-Num":5,"X-Bool":true}`, []Header{{"X-Num", "5"}, {"X-Bool", "true"}}, ""},
		{"null is the word", `{"X-Null":null}`, []Header{{"X-Null", "null"}}, ""},
		{"object", `{"X-Obj":{"a":1}}`, []Header{{"X-Obj", "[object Object]"}}, ""},
		{"list", `{"X-Arr":[1,2]}`, []Header{{"X-Arr", "1,2"}}, ""},
		{"empty value", `{"X-Empty":""}`, []Header{{"X-Empty", ""}}, ""},
		{"the word undefined is an instruction for the sink", `{"User-Agent":"undefined"}`, []Header{{"User-Agent", "undefined"}}, ""},
		{"blanks stay", `{"X-Sp":"  a b  "}`, []Header{{"X-Sp", "  a b  "}}, ""},
		{"equal but for case", `{"X-A":"1","X-B":"3","x-a":"2"}`, []Header{{"X-A", "1, 2"}, {"X-B", "3"}}, ""},
		{"order of JavaScript", `{"b":"1","2":"2","1":"3"}`, []Header{{"1", "3"}, {"2", "2"}, {"b", "1"}}, ""},
		{"missing member", `{"X-U":{"@path":"$.u"},"X-M":{"@path":"$.none"}}`, []Header{{"X-U", "u1"}}, ""},
		{"null of the event", `{"X-N":{"@path":"$.n"}}`, []Header{{"X-N", "null"}}, ""},
		{"Latin-1", `{"X-L":"é\u0080ÿ"}`, []Header{{"X-L", "é\u0080ÿ"}}, ""},
		{"tab", `{"X-T":"a\tb"}`, []Header{{"X-T", "a\tb"}}, ""},
		{"all name characters", `{"!#$%&'*+-.^_` + "`" + `|~aZ9":"1"}`, []Header{{"!#$%&'*+-.^_`|~aZ9", "1"}}, ""},
		{"name with a blank", `{"X A":"1"}`, nil, `load: headers/X A is no header name: it holds ' '`},
		{"empty name", `{"":"1"}`, nil, "load: headers/ is a header without a name"},
		{"name outside ASCII", `{"X-É":"1"}`, nil, "load: headers/X-É is no header name: it holds 'É'"},
		{"line feed", `{"X-Lf":"a\nb"}`, nil, `load: headers/X-Lf cannot be sent: its value holds '\n'`},
		{"NUL", `{"X-Nul":"nul\u0000"}`, nil, `load: headers/X-Nul cannot be sent`},
		{"DEL", `{"X-Del":"\u007f"}`, nil, `load: headers/X-Del cannot be sent`},
		{"beyond Latin-1", `{"X-Ar":"ب"}`, nil, "load: headers/X-Ar cannot be sent: its value holds 'ب'"},
		{"beyond Latin-1 in the event", `{"X-Ar":{"@path":"$.arabic"}}`, nil, "event: headers/X-Ar cannot be sent: its value holds 'ب'"},
		{"line feed in the event", `{"X-Lf":{"@path":"$.lf"}}`, nil, `event: headers/X-Lf cannot be sent: its value holds '\n'`},
		{"half a surrogate pair", `{"X-H":{"@path":"$.half"}}`, nil, "event: headers/X-H cannot be sent"},
		{"bad name beside a computed value", `{"X A":{"@path":"$.u"}}`, nil, "load: headers/X A is no header name"},
		{"bad constant beside a computed value", `{"X-U":{"@path":"$.u"},"X-B":"ب"}`, nil, "load: headers/X-B cannot be sent"},
		{"names of the event", `{"@path":"$."}`, nil, "event: headers/arabic cannot be sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refusal := resolveFields(t, `{"url":"https://e.co","method":"POST","headers":`+tt.headers+`}`, event)
			checkRefusal(t, "headers", refusal, tt.refusal)
			if diff := cmp.Diff(tt.want, got.Headers); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

// TestData checks that nothing within data is touched, and that no data is told from empty data.
func TestData(t *testing.T) {
	tests := []struct{ name, data, event, want string }{
		{"absent", ``, `{}`, "no body"},
		{"missing", `{"@path":"$.none"}`, `{}`, "no body"},
		{"empty object", `{}`, `{}`, `{}`},
		{"nulls and empty strings stay", `{"x":{"@path":"$.none"},"y":null,"z":""}`, `{}`, `{"y":null,"z":""}`},
		{"the event", `{"@path":"$."}`, `{"a":"","b":null,"c":[{}]}`, `{"a":"","b":null,"c":[{}]}`},
		{"the event, other spelling", `{"@path":""}`, `{"a":1}`, `{"a":1}`},
		{"the event with __proto__", `{"@path":"$."}`, `{"a":{"__proto__":{"x":1},"b":2},"__proto__":5}`, `{"a":{"b":2}}`},
		{"the event with __proto__ as a value", `{"@path":"$."}`, `{"a":"__proto__"}`, `{"a":"__proto__"}`},
		{"a part with __proto__", `{"@path":"$.a"}`, `{"a":{"__proto__":{"x":1},"b":2}}`, `{"b":2}`},
		{"missing elements are null", `{"l":[{"@path":"$.none"},1]}`, `{}`, `{"l":[null,1]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields := `{"url":"https://e.co","method":"POST"}`
			if tt.data != "" {
				fields = `{"url":"https://e.co","method":"POST","data":` + tt.data + `}`
			}
			got, refusal := resolveFields(t, fields, tt.event)
			checkRefusal(t, "data", refusal, "")
			body := "no body"
			if got.Data != nil {
				body = string(got.Data)
			}
			if body != tt.want {
				t.Errorf("body %s, want %s", body, tt.want)
			}
		})
	}
}

// TestWholeMappingAsDirective checks mappings that are one directive instead of fields.
func TestWholeMappingAsDirective(t *testing.T) {
	const event = `{"req":{"url":"https://a.example/x","method":"PUT","headers":{"X-A":1},"data":{"z":1},"junk":2},"t":"v"}`
	tests := []struct{ name, fields, want, refusal string }{
		{"from the event", `{"@path":"$.req"}`, `PUT https://a.example/x [{X-A 1}] {"z":1}`, ""},
		{"from elsewhere", `{"@path":"$.none"}`, "", "the mapping gives nothing"},
		{"no object", `{"@path":"$.t"}`, "", "the mapping gives a string"},
		{"literal", `{"@literal":{"url":"https://b.example","method":"POST","data":{"@path":"$.req.data"}}}`, `POST https://b.example [] {"z":1}`, ""},
		{
			"root directive", `{"__segment_internal_directive":{"@transform":{"apply":{"k":{"@path":"$.t"}}}},"url":"https://a.example","method":"POST","data":{"k":{"@path":"$.k"}}}`,
			`POST https://a.example [] {"k":"v"}`, "",
		},
		{"bad root directive", `{"__segment_internal_directive":{"@path":"$.t"},"url":"https://a.example"}`, "", "needs a directive with an object of options"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refusal := resolveFields(t, tt.fields, event, "*.example")
			checkRefusal(t, "mapping", refusal, tt.refusal)
			if tt.refusal != "" {
				return
			}
			text := got.Method + " " + got.URL + " " + fmt.Sprint(got.Headers) + " " + string(got.Data)
			if text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}
