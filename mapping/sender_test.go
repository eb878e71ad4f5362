package mapping

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What stands beside the fields of one mapping, from a file and from variables.
func TestSender(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment(map[string]string{"SECRET": "hunter2", "ID": "me"})
	oauth := &Auth{
		Kind: "oauth2", Secret: Secret{Text: "hunter2"}, TokenURL: "https://auth.example.com/token", ClientID: "me",
		Scopes: []string{"a", "b"}, Parameters: map[string]string{"audience": "x"}, SecretInBody: true,
	}
	tests := []struct {
		name, yaml string
		vars       map[string]string
		signing    Signing
		auth       *Auth
	}{
		{"nothing", "", nil, Signing{}, nil},
		{"one scheme", "signing: standard", map[string]string{"SIGNING": "standard"}, Signing{Schemes: []string{"standard"}}, nil},
		{
			"schemes and secrets", "signing: [segment, sha256]\n    secret: ${SECRET}\n    previous_secret_file: " + token,
			map[string]string{"SIGNING": "segment, sha256", "SECRET": "${SECRET}", "PREVIOUS_SECRET_FILE": token},
			Signing{Schemes: []string{"segment", "sha256"}, Secret: Secret{Text: "hunter2"}, Previous: Secret{File: token}},
			nil,
		},
		{"no signature", "signing: []", nil, Signing{Schemes: []string{}}, nil},
		{
			"bearer", "auth: {bearer: {token_file: " + token + "}}",
			map[string]string{"AUTH": `{"bearer":{"token_file":"` + token + `"}}`},
			Signing{},
			&Auth{Kind: "bearer", Secret: Secret{File: token}},
		},
		{
			"basic", `auth: {basic: {username: "${ID}", password: "$${x}${SECRET}"}}`, nil,
			Signing{},
			&Auth{Kind: "basic", Username: "me", Secret: Secret{Text: "${x}hunter2"}},
		},
		{
			"oauth2", `auth: {oauth2: {token_url: "https://auth.example.com/token", client_id: "${ID}", client_secret: "${SECRET}", scopes: [a, b], parameters: {audience: x}, client_auth: post}}`,
			map[string]string{"AUTH": `{"oauth2":{"token_url":"https://auth.example.com/token","client_id":"${ID}","client_secret":"${SECRET}","scopes":["a","b"],"parameters":{"audience":"x"},"client_auth":"post"}}`},
			Signing{},
			oauth,
		},
	}
	for _, test := range tests {
		check := func(t *testing.T, set *Set, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			m := set.Mappings()[0]
			if diff := cmp.Diff(test.signing, m.Signing); diff != "" {
				t.Errorf("signing (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.auth, m.Auth); diff != "" {
				t.Errorf("auth (-want +got):\n%s", diff)
			}
			for _, format := range []string{"%v", "%+v", "%#v"} {
				if text := fmt.Sprintf(format, m.Signing) + fmt.Sprintf(format, *m) + fmt.Sprintf(format, m); strings.Contains(text, "hunter2") {
					t.Errorf("%s shows the secret: %s", format, text)
				}
			}
		}
		t.Run(test.name, func(t *testing.T) {
			text := "mappings:\n  - name: m\n    trigger: type = \"track\"\n    " + test.yaml + "\n    fields: {url: \"https://example.com/\", method: POST}\n"
			set, _, err := LoadText("m.yaml", []byte(text), env, Options{})
			check(t, set, err)
		})
		if test.vars == nil {
			continue
		}
		t.Run(test.name+" in variables", func(t *testing.T) {
			vars := map[string]string{"MAPPING_7_NAME": "m", "MAPPING_7_TRIGGER": `type = "track"`, "MAPPING_7_URL": "https://example.com/"}
			for name, value := range test.vars {
				vars["MAPPING_7_"+name] = value
			}
			set, _, err := LoadVars(vars, env, Options{})
			check(t, set, err)
		})
	}
}
