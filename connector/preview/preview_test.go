package preview_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/preview"
	"segment-webhooks/mapping"
)

func load(t *testing.T, text string) *mapping.Set {
	t.Helper()
	set, _, err := mapping.LoadText("mappings.yaml", []byte(text), nil, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func show(t *testing.T, mappings, events string, o preview.Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := preview.Run(&out, load(t, mappings), nil, preview.Split([]byte(events)), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const orders = `
mappings:
  - name: Orders
    trigger: event = "Order"
    fields:
      url: {"@template": "https://user:pa'ss@erp.example.com/{{id}}?a=(b)#frag"}
      method: PUT
      headers: {x-b: "é", X-A: {"@path": $.id}, Host: "other.example", x-none: ""}
      data: {"@path": $.properties}
  - name: Lake
    trigger: type = "track"
    fields: {url: "https://lake.example.com", method: POST, data: {"@path": "$."}, enable_batching: true}
  - name: Ping
    trigger: event = "Order"
    fields: {url: "https://ping.example.com/", method: PATCH}
`

func TestJSON(t *testing.T) {
	got := show(t, orders, `{"type":"track","event":"Order","id":"7","properties":{"b":1.0,"a":"<é\u2028'\"","2":null}}

{"type":"track","event":"Cart"}
[1]
{"type":"track","event":"Order","id":"a b"}
`, preview.Options{Output: "json", Secret: []byte("s")})
	// The signatures are those of an independent HMAC-SHA1 over the bodies shown, the batch's over its first element.
	want := `{"event":1,"mapping":"Orders","matched":true,"request":{"method":"PUT","url":"https://erp.example.com/7?a=(b)","headers":{"Authorization":"Basic dXNlcjpwYSdzcw==","Content-Type":"application/json","Host":"other.example","X-A":"7","X-B":"é","X-None":"","X-Signature":"91207cadbfae2faf73b3b12213c8b87e2fd23839"},"body":"{\"2\":null,\"b\":1,\"a\":\"<é\u2028'\\\"\"}"}}
{"event":1,"mapping":"Lake","matched":true,"request":{"method":"POST","url":"https://lake.example.com/","headers":{"Content-Type":"application/json","X-Signature":"9896cf3dd8a92c4fd5822afc702c5cf3e7f18213"},"body":"[{\"type\":\"track\",\"event\":\"Order\",\"id\":\"7\",\"properties\":{\"2\":null,\"b\":1,\"a\":\"<é\u2028'\\\"\"}}]"}}
{"event":1,"mapping":"Ping","matched":true,"request":{"method":"PATCH","url":"https://ping.example.com/","headers":{},"body":null}}
{"event":3,"mapping":"Orders","matched":false,"reason":"event is \"Cart\", not \"Order\""}
{"event":3,"mapping":"Lake","matched":true,"request":{"method":"POST","url":"https://lake.example.com/","headers":{"Content-Type":"application/json","X-Signature":"02e5a9465df07bfc9446d3d02e810bdb84db9cca"},"body":"[{\"type\":\"track\",\"event\":\"Cart\"}]"}}
{"event":3,"mapping":"Ping","matched":false,"reason":"event is \"Cart\", not \"Order\""}
{"event":4,"error":"invalid JSON at byte 0: an event must be one object, this is of type array"}
{"event":5,"mapping":"Orders","matched":true,"error":"/url holds \" \", which a URL may hold only percent-encoded"}
{"event":5,"mapping":"Lake","matched":true,"request":{"method":"POST","url":"https://lake.example.com/","headers":{"Content-Type":"application/json","X-Signature":"d532d32f38a3e301785aa630e65c125a1b02f392"},"body":"[{\"type\":\"track\",\"event\":\"Order\",\"id\":\"a b\"}]"}}
{"event":5,"mapping":"Ping","matched":true,"request":{"method":"PATCH","url":"https://ping.example.com/","headers":{},"body":null}}
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
