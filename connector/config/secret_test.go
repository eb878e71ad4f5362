package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"segment-webhooks/connector/config"
)

func TestSecretNeverShows(t *testing.T) {
	const text = "hunter2"
	secret := config.NewSecret(text)
	inside := struct {
		Open   config.Secret
		hidden config.Secret // fmt reads this one without its methods
		List   []config.Secret
		Ref    *config.Secret
	}{secret, secret, []config.Secret{secret}, &secret}

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p"} {
		for name, value := range map[string]any{"itself": secret, "pointer": &secret, "inside": inside, "config": config.Config{Delivery: config.Delivery{SharedSecret: secret}}} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, text) || strings.Contains(got, fmt.Sprintf("%x", text)) || strings.Contains(got, fmt.Sprintf("%d", []byte(text))) {
				t.Errorf("%s of %s shows the secret: %s", verb, name, got)
			}
		}
	}
	if got := fmt.Sprint(secret); got != "(secret)" {
		t.Errorf("printed: got %q, want %q", got, "(secret)")
	}
	if got := fmt.Sprint(config.Secret{}); got != "" {
		t.Errorf("printed while not set: got %q, want nothing", got)
	}

	asJSON, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(asJSON), `{"Open":"(secret)","List":["(secret)"],"Ref":"(secret)"}`; got != want {
		t.Errorf("JSON: got %s, want %s", got, want)
	}

	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("start", "secret", secret, "pointer", &secret, "inside", inside, slog.Group("group", "secret", secret))
	}
	if strings.Contains(out.String(), text) {
		t.Errorf("slog shows the secret:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "secret=(secret)") {
		t.Errorf("slog without the placeholder:\n%s", out.String())
	}

	if got := secret.Reveal(); got != text {
		t.Errorf("revealed: got %q, want %q", got, text)
	}
}
