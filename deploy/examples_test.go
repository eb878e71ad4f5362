package deploy_test

import (
	"path/filepath"
	"strings"
	"testing"

	"segment-webhooks/mapping"
)

func TestComposeMappingsLoad(t *testing.T) {
	set, warnings, err := mapping.LoadFile(filepath.Join("examples", "compose-mappings.yaml"), noEnvironment, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings %v, want none", warnings)
	}
	services := readCompose(t).Services
	for _, m := range set.Mappings() {
		host := strings.TrimPrefix(m.Endpoint(), "http://")
		name, _, _ := strings.Cut(host, ":")
		if _, ok := services[name]; !ok {
			t.Errorf("mapping %s sends to %s, which is no service", m.Name, m.Endpoint())
		}
	}
}

func noEnvironment(string) (string, bool) { return "", false }
