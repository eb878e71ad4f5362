package mapping_test

import (
	"testing"

	"segment-webhooks/mapping"
)

func TestConfidential(t *testing.T) {
	const text = `
mappings:
  - name: keys
    trigger: type = "track"
    fields:
      url: https://${HOST}/hook
      method: POST
      headers:
        X-Api-Key: "${KEY}"
        X-Mixed: {"@template": "${KEY}-{{userId}}"}
        X-Source: segment
        X-User: {"@path": $.userId}
  - name: whole
    trigger: type = "track"
    fields:
      url: https://plain.example.com/hook?a=1
      method: POST
      headers:
        "@if": {exists: {"@path": $.userId}, then: {X-A: "${KEY}"}, else: {X-B: b}}
  - name: none
    trigger: type = "track"
    fields: {url: "https://plain.example.com/hook", method: POST, headers: {X-Api-Key: literal}}
`
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"HOST": "erp.example.com", "KEY": "a-key"}[name]
		return value, ok
	}
	set, _, err := mapping.LoadText("m.yaml", []byte(text), env, mapping.Options{
		Classic: mapping.Classic{URLs: "https://hooks.example.com/services/T0/B0", Headers: `{"X-Team":"ours"}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		url     bool
		headers map[string]bool
	}{
		{true, map[string]bool{"x-api-key": true, "X-Mixed": true, "X-Source": false, "X-User": false}},
		{false, map[string]bool{"X-A": true, "X-B": true}},
		{false, map[string]bool{"X-Api-Key": false}},
		{true, map[string]bool{"X-Team": true}}, // all of a Classic destination came from the environment
	} {
		m := set.Mappings()[i]
		if m.URLIsConfidential() != want.url {
			t.Errorf("%s: the URL is confidential: %v, want %v", m.Name, !want.url, want.url)
		}
		for name, secret := range want.headers {
			if m.HeaderIsConfidential(name) != secret {
				t.Errorf("%s: %s is confidential: %v, want %v", m.Name, name, !secret, secret)
			}
		}
	}
}
