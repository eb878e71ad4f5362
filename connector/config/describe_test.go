package config_test

import (
	"strings"
	"testing"

	"segment-webhooks/connector/config"
)

func TestEveryVariableIsDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for _, v := range config.Describe() {
		if v.Group == "" || v.Type == "" || v.Meaning == "" || v.Allowed == "" {
			t.Errorf("%s: got %+v, want a group, a type, a meaning and what is allowed", v.Name, v)
		}
		if !strings.HasPrefix(v.Name, config.Prefix) {
			t.Errorf("%s: want the prefix %s", v.Name, config.Prefix)
		}
		if seen[v.Name] {
			t.Errorf("%s: described twice", v.Name)
		}
		if strings.ContainsAny(v.Meaning+v.Allowed+v.Default, "|\n\t") {
			t.Errorf("%s: a bar, a tab or a line end would break the table", v.Name)
		}
		seen[v.Name] = true
	}
	for _, name := range []string{"CONNECTOR_KAFKA_BROKERS", "CONNECTOR_MAPPING_<n>_URL", "CONNECTOR_SHARED_SECRET", "CONNECTOR_ON_LAG", "CONNECTOR_WEBHOOK_<n>_HEADERS"} {
		if !seen[name] {
			t.Errorf("%s: not described", name)
		}
	}
}
