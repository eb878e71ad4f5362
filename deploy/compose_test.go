// Package deploy_test checks what is deployed against the code: no container engine is needed to notice a compose file that
// the connector would refuse.
package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"segment-webhooks/connector/config"
)

const root = ".."

// compose is what these tests read of docker-compose.yml.
type compose struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image       string
	User        string
	Environment map[string]string
	Volumes     []string
	Ports       []string
	ReadOnly    bool `yaml:"read_only"`
	Healthcheck map[string]any
	Command     []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Build       struct{ Context, Dockerfile string }
}

func readCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	if err := yaml.Unmarshal(read(t, "docker-compose.yml"), &c); err != nil {
		t.Fatalf("docker-compose.yml: %v", err)
	}
	if len(c.Services) == 0 {
		t.Fatal("docker-compose.yml has no services")
	}
	return c
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// variable is how compose writes ${NAME:-default}; the default is what an example without an environment gets.
var variable = regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`)

// The connector must accept the very environment that compose gives it: every name, every value, and how they fit together.
func TestComposeEnvironmentIsValid(t *testing.T) {
	connector := readCompose(t).Services["connector"]
	var environ []string
	for name, value := range connector.Environment {
		value = variable.ReplaceAllString(value, "$1")
		for _, v := range connector.Volumes {
			if source, target, _ := strings.Cut(strings.TrimSuffix(v, ":ro"), ":"); value == target {
				value = filepath.Join(root, source)
			}
		}
		environ = append(environ, name+"="+value)
	}
	got, err := config.Load(environ)
	if err != nil {
		t.Fatalf("the connector refuses compose's environment:\n%v", err)
	}
	if !got.Delivery.SharedSecret.IsSet() {
		t.Error("requests of the example are not signed")
	}
}

func TestComposeTopicsAreCreated(t *testing.T) {
	services := readCompose(t).Services
	script := strings.Join(services["topics"].Command, "\n")
	for _, name := range []string{"CONNECTOR_KAFKA_TOPICS", "CONNECTOR_DLQ_TOPIC"} {
		topic := services["connector"].Environment[name]
		if topic == "" || !strings.Contains(script, "--topic "+topic+" ") {
			t.Errorf("service topics does not create %q, which %s names", topic, name)
		}
	}
}

func TestComposeStartOrder(t *testing.T) {
	services := readCompose(t).Services
	for name, s := range services {
		for on, d := range s.DependsOn {
			target, ok := services[on]
			switch {
			case !ok:
				t.Errorf("service %s waits for %s, which is not there", name, on)
			case d.Condition == "service_healthy" && target.Healthcheck == nil:
				t.Errorf("service %s waits for %s to be healthy, which has no health check", name, on)
			}
		}
	}
	for _, on := range []string{"topics", "receiver"} {
		if _, ok := services["connector"].DependsOn[on]; !ok {
			t.Errorf("the connector does not wait for %s", on)
		}
	}
}

func TestComposeFilesExist(t *testing.T) {
	c := readCompose(t)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if _, named := c.Volumes[source]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Errorf("service %s mounts %s: %v", name, source, err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(root, c.Services["connector"].Build.Dockerfile)); err != nil {
		t.Errorf("the connector's Dockerfile: %v", err)
	}
}

// Nothing of the example is meant for the network, and what we build needs neither root nor a writable disk.
func TestComposeIsClosed(t *testing.T) {
	for name, s := range readCompose(t).Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("service %s publishes %s to the network", name, p)
			}
		}
		if (name == "connector" || name == "receiver") && !s.ReadOnly {
			t.Errorf("service %s may write its file system", name)
		}
		if s.Image == "" || strings.HasSuffix(s.Image, ":latest") {
			t.Errorf("service %s runs image %q, want one that is pinned", name, s.Image)
		}
	}
}
