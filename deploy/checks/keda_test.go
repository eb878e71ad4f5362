package checks

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/kedacore/keda/v2/version" // pins the version whose schema is used
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// scaledObject is what we look at of KEDA's type. What it may hold says KEDA's own schema: its Go types need all of Kubernetes' machinery.
type scaledObject struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   any    `json:"metadata"`
	Spec       struct {
		ScaleTargetRef struct {
			Name string `json:"name"`
		} `json:"scaleTargetRef"`
		MinReplicaCount int `json:"minReplicaCount"`
		MaxReplicaCount int `json:"maxReplicaCount"`
		PollingInterval int `json:"pollingInterval"`
		CooldownPeriod  int `json:"cooldownPeriod"`
		Advanced        any `json:"advanced"`
		Triggers        []struct {
			Type     string            `json:"type"`
			Metadata map[string]string `json:"metadata"`
		} `json:"triggers"`
	} `json:"spec"`
}

// The ScaledObject is what the resource definition of this version of KEDA allows, and nothing else.
func TestScaledObjectFitsKEDA(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "config/crd/bases/keda.sh_scaledobjects.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	if definition.Spec.Versions[0].Name != "v1alpha1" || len(schema) == 0 {
		t.Fatalf("KEDA's resource definition begins with version %q", definition.Spec.Versions[0].Name)
	}
	closed(schema)
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		t.Fatal("KEDA's schema has no properties")
	}
	properties["metadata"] = map[string]any{"type": "object"} // every object's, which the cluster checks
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("scaledobject.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("scaledobject.json")
	if err != nil {
		t.Fatal(err)
	}
	object, err := yaml.YAMLToJSONStrict(read(t, filepath.Join(manifests, "scaledobject.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(object)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Error(err)
	}
	var wrong map[string]any
	if err := json.Unmarshal(object, &wrong); err != nil {
		t.Fatal(err)
	}
	wrong["spec"].(map[string]any)["minReplicas"] = 1 //nolint:forcetypeassert // it has just been validated
	if compiled.Validate(wrong) == nil {
		t.Error("a setting that KEDA does not have is not found")
	}
}

// closed makes a schema refuse properties that it does not name, which the cluster would drop without a word.
func closed(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if _, object := s["properties"].(map[string]any); object {
			if _, said := s["additionalProperties"]; !said && s["x-kubernetes-preserve-unknown-fields"] == nil {
				s["additionalProperties"] = false
			}
		}
		delete(s, "format") // int32 and the like are not JSON Schema's
		for _, inner := range s {
			closed(inner)
		}
	case []any:
		for _, inner := range s {
			closed(inner)
		}
	}
}
