package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/config"
)

// minimal is the smallest environment that loads, and what a case adds to it.
func minimal(more ...string) []string {
	return append([]string{
		"PATH=/usr/bin",
		"CONNECTOR_KAFKA_BROKERS=kafka-1:9092",
		"CONNECTOR_KAFKA_TOPICS=events",
		"CONNECTOR_MAPPINGS=mappings: []",
	}, more...)
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	got, err := config.Load(minimal())
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Kafka: config.Kafka{
			Brokers: []string{"kafka-1:9092"}, Topics: []string{"events"}, Group: "segment-webhooks",
			SessionTimeout: 45 * time.Second, Start: "earliest", GroupProtocol: "classic",
		},
		Events:   config.Events{Format: "auto", FieldNames: "keep", Validate: "off"},
		Mappings: config.Mappings{Inline: "mappings: []"},
		Classic:  config.Classic{DeliverTo: "any"},
		Delivery: config.Delivery{
			Signing:        []string{"segment"},
			RequestTimeout: 5 * time.Second, RetryWindow: 4 * time.Hour, RetryMin: time.Second, RetryMax: 5 * time.Minute,
			BatchLinger: time.Second, MaxInFlight: 64, BatchMaxBytes: 4_000_000, DLQTopic: "segment-webhooks.dlq",
			Compression: "none", Transport: "auto", DLQCreate: true, UserAgent: "Segment.io/1.0",
		},
		MemoryBudget: 192 << 20, HTTPAddr: ":8080", UI: "on", UISamples: "off", LogLevel: slog.LevelInfo, LogFormat: "text",
		ShutdownGrace: 30 * time.Second, OrphanGrace: 15 * time.Minute, OnLag: "wait", CommitInterval: time.Second,
	}
	if diff := cmp.Diff(want, got, byText()); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestEveryVariable(t *testing.T) {
	mappings := writeFile(t, "mappings.yaml", "mappings: []\n")
	password := writeFile(t, "password", "hunter2\r\n")
	headers := writeFile(t, "headers", "{\"X-A\":\"a\"}\n")
	cert, key := keyPair(t)
	got, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=kafka-1:9092, [::1]:9093",
		"CONNECTOR_KAFKA_TOPICS=^segment-(web|app){1,2}$",
		"CONNECTOR_KAFKA_GROUP=hooks",
		"CONNECTOR_KAFKA_INSTANCE_ID=pod-0",
		"CONNECTOR_KAFKA_SESSION_TIMEOUT=1m",
		"CONNECTOR_KAFKA_START=2026-01-31T08:00:00+01:00",
		"CONNECTOR_KAFKA_GROUP_PROTOCOL=consumer",
		"CONNECTOR_KAFKA_TLS=true",
		"CONNECTOR_KAFKA_TLS_CA_FILE=" + cert,
		"CONNECTOR_KAFKA_TLS_CERT_FILE=" + cert,
		"CONNECTOR_KAFKA_TLS_KEY_FILE=" + key,
		"CONNECTOR_KAFKA_SASL_MECHANISM=SCRAM-SHA-512",
		"CONNECTOR_KAFKA_SASL_USERNAME=ada",
		"CONNECTOR_KAFKA_SASL_PASSWORD_FILE=" + password,
		"CONNECTOR_KAFKA_SASL_TOKEN=",
		"CONNECTOR_EVENT_FORMAT=avro",
		"CONNECTOR_SCHEMA_REGISTRY_URL=https://registry-1.example.com/apis/ccompat/v7, http://registry-2:8081",
		"CONNECTOR_SCHEMA_REGISTRY_USERNAME=grace",
		"CONNECTOR_SCHEMA_REGISTRY_PASSWORD_FILE=" + password,
		"CONNECTOR_SCHEMA_REGISTRY_CA_FILE=" + cert,
		"CONNECTOR_FIELD_NAMES=camel",
		"CONNECTOR_VALIDATE=dead-letter",
		"CONNECTOR_MAPPINGS_FILE=" + mappings,
		"CONNECTOR_WEBHOOK_URLS=https://a.example,https://b.example",
		"CONNECTOR_WEBHOOK_HEADERS_FILE=" + headers,
		`CONNECTOR_WEBHOOK_5_HEADERS={"X-E":"e"}`,
		"CONNECTOR_CLASSIC_DELIVER_TO=all",
		"CONNECTOR_SIGNING=standard, segment",
		"CONNECTOR_SHARED_SECRET= s3cr3t with blanks ",
		"CONNECTOR_SHARED_SECRET_PREVIOUS_FILE=" + headers,
		"CONNECTOR_REQUEST_TIMEOUT=10s",
		"CONNECTOR_RETRY_WINDOW=1h",
		"CONNECTOR_RETRY_MIN=200ms",
		"CONNECTOR_RETRY_MAX=1h",
		"CONNECTOR_MAX_IN_FLIGHT=1",
		"CONNECTOR_BATCH_LINGER=0s",
		"CONNECTOR_BATCH_MAX_BYTES=512KiB",
		"CONNECTOR_COMPRESSION=gzip",
		"CONNECTOR_HTTP_TRANSPORT=net/http",
		"CONNECTOR_HTTP2=true",
		"CONNECTOR_DLQ_TOPIC=dead",
		"CONNECTOR_DLQ_CREATE=false",
		"CONNECTOR_ALLOWED_HOSTS=api.example.com, *.example.org,localhost:8080",
		"CONNECTOR_ENDPOINT_CA_FILE=" + cert,
		"CONNECTOR_USER_AGENT=Acme Hooks/2",
		"CONNECTOR_MEMORY_BUDGET=1Gi",
		"CONNECTOR_HTTP_ADDR=127.0.0.1:0",
		"CONNECTOR_UI=off",
		"CONNECTOR_UI_SAMPLES=on",
		"CONNECTOR_LOG_LEVEL=DEBUG",
		"CONNECTOR_LOG_FORMAT=json",
		"CONNECTOR_SHUTDOWN_GRACE=5s",
		"CONNECTOR_ORPHAN_GRACE=0s",
		"CONNECTOR_ON_LAG=dead-letter",
		"CONNECTOR_COMMIT_INTERVAL=250ms",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Kafka: config.Kafka{
			Brokers: []string{"kafka-1:9092", "[::1]:9093"}, Topics: []string{"^segment-(web|app){1,2}$"}, Group: "hooks",
			InstanceID: "pod-0", SessionTimeout: time.Minute, Start: "2026-01-31T08:00:00+01:00", GroupProtocol: "consumer",
			TLS: true, CAFile: cert, CertFile: cert, KeyFile: key,
			SASL: config.SASL{Mechanism: "SCRAM-SHA-512", Username: "ada", Password: config.NewSecret("hunter2")},
		},
		Events: config.Events{
			Format: "avro", FieldNames: "camel", Validate: "dead-letter",
			Registry: config.SchemaRegistry{
				URLs:     []string{"https://registry-1.example.com/apis/ccompat/v7", "http://registry-2:8081"},
				Username: "grace", Password: config.NewSecret("hunter2"), CAFile: cert,
			},
		},
		Mappings: config.Mappings{File: mappings},
		Classic: config.Classic{
			URLs: config.NewSecret("https://a.example,https://b.example"), Headers: config.NewSecret(`{"X-A":"a"}`),
			Own: [5]config.Secret{4: config.NewSecret(`{"X-E":"e"}`)}, DeliverTo: "all",
		},
		Delivery: config.Delivery{
			Signing:        []string{"standard", "segment"},
			SharedSecret:   config.NewSecret(" s3cr3t with blanks "),
			PreviousSecret: config.NewSecret(`{"X-A":"a"}`), PreviousSecretFile: headers,
			RequestTimeout: 10 * time.Second, RetryWindow: time.Hour, RetryMin: 200 * time.Millisecond, RetryMax: time.Hour,
			MaxInFlight: 1, BatchMaxBytes: 512 << 10, Compression: "gzip", Transport: "net/http", HTTP2: true, DLQTopic: "dead",
			AllowedHosts: []string{"api.example.com", "*.example.org", "localhost:8080"}, CAFile: cert, UserAgent: "Acme Hooks/2",
		},
		MemoryBudget: 1 << 30, HTTPAddr: "127.0.0.1:0", UI: "off", UISamples: "on", LogLevel: slog.LevelDebug, LogFormat: "json",
		ShutdownGrace: 5 * time.Second, OnLag: "dead-letter", CommitInterval: 250 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got, byText()); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

// byText compares secrets by what they hide.
func byText() cmp.Option {
	return cmp.Transformer("reveal", func(s config.Secret) string { return s.Reveal() })
}

func TestWaitsShrinkWithTheWindow(t *testing.T) {
	got, err := config.Load(minimal("CONNECTOR_RETRY_WINDOW=20s"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Delivery.RetryMax != 20*time.Second || got.Delivery.RetryMin != time.Second {
		t.Errorf("waits: got %v to %v, want 1s to 20s", got.Delivery.RetryMin, got.Delivery.RetryMax)
	}
}

func TestNumberedVariablesStayRaw(t *testing.T) {
	got, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=kafka-1:9092", "CONNECTOR_KAFKA_TOPICS=events",
		"CONNECTOR_MAPPING_1_NAME= A ", "CONNECTOR_MAPPING_1_TRIGGER=type = \"track\"", "CONNECTOR_MAPPING_50_BATCH_SIZE=x",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"MAPPING_1_NAME": " A ", "MAPPING_1_TRIGGER": `type = "track"`, "MAPPING_50_BATCH_SIZE": "x"}
	if diff := cmp.Diff(want, got.Mappings.Vars); diff != "" {
		t.Errorf("vars (-want +got):\n%s", diff)
	}
}

// An OAUTHBEARER token in a file is renewed by another program, so the path is kept and not the content.
func TestTokenFileIsKeptAsPath(t *testing.T) {
	path := writeFile(t, "token", "abc")
	got, err := config.Load(minimal("CONNECTOR_KAFKA_SASL_MECHANISM=OAUTHBEARER", "CONNECTOR_KAFKA_SASL_TOKEN_FILE="+path))
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Kafka.SASL; s.TokenFile != path || s.Token.IsSet() {
		t.Errorf("got file %q and token %q, want file %q and no token", s.TokenFile, s.Token.Reveal(), path)
	}
}

func TestLastOfARepeatedNameCounts(t *testing.T) {
	got, err := config.Load(minimal("CONNECTOR_KAFKA_GROUP=a", "CONNECTOR_KAFKA_GROUP=b"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Kafka.Group != "b" {
		t.Errorf("group: got %q, want %q", got.Kafka.Group, "b")
	}
}

func TestServiceLinksOfKubernetesAreIgnored(t *testing.T) {
	links := minimal(
		"CONNECTOR_SERVICE_HOST=10.0.0.7", "CONNECTOR_SERVICE_PORT=8080", "CONNECTOR_SERVICE_PORT_HTTP=8080",
		"CONNECTOR_PORT=tcp://10.0.0.7:8080", "CONNECTOR_PORT_8080_TCP=tcp://10.0.0.7:8080",
		"CONNECTOR_PORT_8080_TCP_ADDR=10.0.0.7", "CONNECTOR_CANARY_SERVICE_HOST=10.0.0.8",
	)
	if _, err := config.Load(append(links, "KUBERNETES_SERVICE_HOST=10.0.0.1")); err != nil {
		t.Errorf("in a pod: %v", err)
	}
	if _, err := config.Load(links); err == nil {
		t.Error("outside Kubernetes the same variables must be faults")
	}
	_, err := config.Load(minimal("KUBERNETES_SERVICE_HOST=10.0.0.1", "CONNECTOR_HTTP_PORT=8080"))
	if err == nil || !strings.Contains(err.Error(), "CONNECTOR_HTTP_PORT") {
		t.Errorf("a setting that only looks like a link: got %v, want a fault", err)
	}
}

func TestClassicNeedsNoMappings(t *testing.T) {
	kafka := []string{"CONNECTOR_KAFKA_BROKERS=kafka-1:9092", "CONNECTOR_KAFKA_TOPICS=events"}
	for _, urls := range []string{"CONNECTOR_WEBHOOK_URLS=https://a.example", "CONNECTOR_WEBHOOK_URLS_FILE=" + writeFile(t, "urls", "https://a.example\n")} {
		got, err := config.Load(append(kafka, urls))
		if err != nil {
			t.Errorf("%s: %v", urls, err)
		} else if text := got.Classic.URLs.Reveal(); text != "https://a.example" {
			t.Errorf("%s: got the URLs %q", urls, text)
		}
	}
}

func TestLoadRequests(t *testing.T) {
	got, err := config.LoadRequests([]string{
		"CONNECTOR_SHARED_SECRET=s", "CONNECTOR_ALLOWED_HOSTS=a.example", "CONNECTOR_WEBHOOK_URLS=https://a.example",
		"CONNECTOR_RETRY_WINDOW=nonsense", "CONNECTOR_SCHEMA_REGISTRY_URL=http://a", "CONNECTOR_SCHEMA_REGISTRY_TOKEN=hunter2",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Events: config.Events{
			Format: "auto", FieldNames: "keep", Validate: "off",
			Registry: config.SchemaRegistry{URLs: []string{"http://a"}, Token: config.NewSecret("hunter2")},
		},
		Classic:  config.Classic{URLs: config.NewSecret("https://a.example"), DeliverTo: "any"},
		Delivery: config.Delivery{Signing: []string{"segment"}, SharedSecret: config.NewSecret("s"), AllowedHosts: []string{"a.example"}, UserAgent: "Segment.io/1.0"},
	}
	if diff := cmp.Diff(want, got, byText()); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if _, err := config.LoadRequests([]string{"CONNECTOR_SHARD_SECRET=s"}); err == nil {
		t.Error("a misspelt secret must be a fault: requests would go unsigned")
	}
}

// keyPair writes a certificate and its key.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = writeFile(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	key = writeFile(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	return cert, key
}
