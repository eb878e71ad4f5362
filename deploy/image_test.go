package deploy_test

import (
	"encoding/xml"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The integration tests and the example run the same Kafka.
func TestKafkaVersionsAgree(t *testing.T) {
	var pom struct {
		Version string `xml:"properties>kafka.version"`
	}
	if err := xml.Unmarshal(read(t, "deploy/kafka/pom.xml"), &pom); err != nil {
		t.Fatalf("deploy/kafka/pom.xml: %v", err)
	}
	want := "apache/kafka:" + pom.Version
	services := readCompose(t).Services
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if got := services[name].Image; strings.HasPrefix(got, "apache/kafka") && got != want {
			t.Errorf("service %s runs %s, want %s as in deploy/kafka/pom.xml", name, got, want)
		}
	}
}

func TestDockerfile(t *testing.T) {
	dockerfile := string(read(t, "deploy/Dockerfile"))
	golang := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(read(t, "go.mod")))[1]
	if want := " golang:" + golang + " "; !strings.Contains(dockerfile, want) {
		t.Errorf("the image is not built by%sas go.mod asks", want)
	}
	stages := strings.Split(dockerfile, "\nFROM ")
	final := stages[len(stages)-1]
	for _, want := range []string{"scratch\n", "ca-certificates.crt", "\nUSER 65532:65532", `ENTRYPOINT ["/`} {
		if !strings.Contains(final, want) {
			t.Errorf("the final image lacks %q", want)
		}
	}
	if !strings.Contains(dockerfile, "CGO_ENABLED=0") {
		t.Error("the binary is not static, and the image has no C library")
	}
}
