package checks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

const manifests = "deploy/kubernetes"

// decode reads one manifest into its type; an unknown field is a fault.
func decode[T any](t *testing.T, name string) *T {
	t.Helper()
	object := new(T)
	if err := yaml.UnmarshalStrict(read(t, filepath.Join(manifests, name)), object, yaml.DisallowUnknownFields); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return object
}

// Every file decodes into the type of the API that it names, with no field that the API does not have.
func TestManifestsDecode(t *testing.T) {
	types := map[string]any{
		"v1/Namespace": &corev1.Namespace{}, "v1/ServiceAccount": &corev1.ServiceAccount{}, "v1/ConfigMap": &corev1.ConfigMap{},
		"v1/Secret": &corev1.Secret{}, "v1/Service": &corev1.Service{}, "apps/v1/Deployment": &appsv1.Deployment{},
		"policy/v1/PodDisruptionBudget": &policyv1.PodDisruptionBudget{}, "networking.k8s.io/v1/NetworkPolicy": &networkingv1.NetworkPolicy{},
		"keda.sh/v1alpha1/ScaledObject": &scaledObject{}, "kustomize.config.k8s.io/v1beta1/Kustomization": &kustomization{},
	}
	files, err := os.ReadDir(filepath.Join("../..", manifests))
	if err != nil {
		t.Fatal(err)
	}
	listed := decode[kustomization](t, "kustomization.yaml").Resources
	for _, f := range files {
		text := read(t, filepath.Join(manifests, f.Name()))
		var kind struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(text, &kind); err != nil {
			t.Fatal(err)
		}
		into, known := types[kind.APIVersion+"/"+kind.Kind]
		if !known {
			t.Errorf("%s is a %s/%s, which this test does not know", f.Name(), kind.APIVersion, kind.Kind)
			continue
		}
		object := reflect.New(reflect.TypeOf(into).Elem()).Interface()
		if err := yaml.UnmarshalStrict(text, object, yaml.DisallowUnknownFields); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
		if f.Name() != "kustomization.yaml" && !slices.Contains(listed, f.Name()) {
			t.Errorf("kustomization.yaml does not list %s", f.Name())
		}
	}
	if len(listed) != len(files)-1 {
		t.Errorf("kustomization.yaml lists %v, which are not all there", listed)
	}
}

// kustomization is what we use of a kustomization file.
type kustomization struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Namespace  string   `json:"namespace"`
	Resources  []string `json:"resources"`
	Labels     []struct {
		Pairs map[string]string `json:"pairs"`
	} `json:"labels"`
}

func TestDeployment(t *testing.T) {
	d := decode[appsv1.Deployment](t, "deployment.yaml")
	config := decode[corev1.ConfigMap](t, "config.yaml").Data
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]

	grace, err := model.ParseDuration(config["CONNECTOR_SHUTDOWN_GRACE"])
	if err != nil {
		t.Fatal(err)
	}
	if got := *pod.TerminationGracePeriodSeconds; float64(got) < grace2seconds(grace)+5 {
		t.Errorf("the pod gets %d s to end, CONNECTOR_SHUTDOWN_GRACE is %s: it would be killed with deliveries in flight", got, grace)
	}
	if s := c.SecurityContext; !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || !*pod.SecurityContext.RunAsNonRoot ||
		*pod.SecurityContext.RunAsUser != 65532 || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Error("the container may do more than it needs to")
	}
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Port.String() != c.Ports[0].Name {
			t.Fatal("a probe is missing, or asks elsewhere than the connector listens")
		}
	}
	if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Error("the probes ask for the wrong paths: a connector that is not ready must not be killed")
	}
	if d.Spec.Replicas != nil {
		t.Error("the Deployment sets replicas: each apply would undo what KEDA has decided")
	}
	mounted := map[string]string{}
	for _, m := range c.VolumeMounts {
		mounted[m.Name] = m.MountPath
		if !m.ReadOnly {
			t.Errorf("%s may be written to", m.MountPath)
		}
	}
	mappings := decode[corev1.ConfigMap](t, "mappings.yaml")
	secret := decode[corev1.Secret](t, "secret.yaml")
	for _, v := range pod.Volumes {
		switch {
		case v.ConfigMap != nil && v.ConfigMap.Name == mappings.Name:
			dir, name := filepath.Split(config["CONNECTOR_MAPPINGS_FILE"])
			if _, ok := mappings.Data[name]; !ok || mounted[v.Name]+"/" != dir {
				t.Errorf("CONNECTOR_MAPPINGS_FILE is %s, and nothing is mounted there", config["CONNECTOR_MAPPINGS_FILE"])
			}
		case v.Secret != nil && v.Secret.SecretName == secret.Name:
			dir, name := filepath.Split(config["CONNECTOR_SHARED_SECRET_FILE"])
			if _, ok := secret.StringData[name]; !ok || mounted[v.Name]+"/" != dir {
				t.Errorf("CONNECTOR_SHARED_SECRET_FILE is %s, and nothing is mounted there", config["CONNECTOR_SHARED_SECRET_FILE"])
			}
		default:
			t.Errorf("volume %s is neither the mappings nor the secret", v.Name)
		}
	}
	for _, selector := range []map[string]string{
		d.Spec.Selector.MatchLabels, decode[corev1.Service](t, "service.yaml").Spec.Selector,
		decode[policyv1.PodDisruptionBudget](t, "poddisruptionbudget.yaml").Spec.Selector.MatchLabels,
		decode[networkingv1.NetworkPolicy](t, "networkpolicy.yaml").Spec.PodSelector.MatchLabels,
	} {
		for k, v := range selector {
			if d.Spec.Template.Labels[k] != v {
				t.Errorf("a selector wants %s=%s, the pods have %q", k, v, d.Spec.Template.Labels[k])
			}
		}
	}
}

func grace2seconds(d model.Duration) float64 { return float64(d) / 1e9 }

func TestScaledObject(t *testing.T) {
	s := decode[scaledObject](t, "scaledobject.yaml")
	config := decode[corev1.ConfigMap](t, "config.yaml").Data
	if s.Spec.ScaleTargetRef.Name != decode[appsv1.Deployment](t, "deployment.yaml").Name {
		t.Errorf("it scales %q, which is not the Deployment", s.Spec.ScaleTargetRef.Name)
	}
	trigger := s.Spec.Triggers[0]
	for name, want := range map[string]string{
		"excludePersistentLag": "true", // a dead endpoint is not load
		"consumerGroup":        config["CONNECTOR_KAFKA_GROUP"], "topic": config["CONNECTOR_KAFKA_TOPICS"], "bootstrapServers": config["CONNECTOR_KAFKA_BROKERS"],
	} {
		if got := trigger.Metadata[name]; trigger.Type != "kafka" || got != want {
			t.Errorf("the trigger's %s is %q, want %q", name, got, want)
		}
	}
	// The kafka scaler refuses what it does not know only when it runs: https://keda.sh/docs/latest/scalers/apache-kafka/
	known := strings.Fields("bootstrapServers consumerGroup topic lagThreshold activationLagThreshold offsetResetPolicy allowIdleConsumers " +
		"scaleToZeroOnInvalidOffset excludePersistentLag limitToPartitionsWithLag ensureEvenDistributionOfPartitions version partitionLimitation sasl tls")
	for name := range trigger.Metadata {
		if !slices.Contains(known, name) {
			t.Errorf("the kafka scaler has no setting %s", name)
		}
	}
	if _, err := json.Marshal(s); err != nil {
		t.Error(err)
	}
}
