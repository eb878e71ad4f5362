package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/config"
)

func TestFaults(t *testing.T) {
	cert, _ := keyPair(t)
	_, otherKey := keyPair(t)
	empty := writeFile(t, "empty", "")
	lineEnd := writeFile(t, "line-end", "\n")
	text := writeFile(t, "text", "no certificate\n")

	for _, c := range []struct {
		name string
		env  []string // besides minimal
		want []string
	}{
		{
			"a duration that is none",
			[]string{"CONNECTOR_BATCH_LINGER=soon"},
			[]string{`CONNECTOR_BATCH_LINGER is "soon": not a duration such as 500ms, 30s, 5m or 4h; give a duration from 0s to 1m`},
		},
		{
			"a duration without unit",
			[]string{"CONNECTOR_REQUEST_TIMEOUT=5"},
			[]string{`CONNECTOR_REQUEST_TIMEOUT is "5": not a duration such as 500ms, 30s, 5m or 4h; give a duration from 10ms to 5m`},
		},
		{
			"outside the bounds",
			[]string{"CONNECTOR_SHUTDOWN_GRACE=0s", "CONNECTOR_MAX_IN_FLIGHT=0", "CONNECTOR_BATCH_MAX_BYTES=1GiB"},
			[]string{
				`CONNECTOR_MAX_IN_FLIGHT is "0": too small; give a number from 1 to 10000`,
				`CONNECTOR_BATCH_MAX_BYTES is "1GiB": too large; give a size from 1KiB to 100MB`,
				`CONNECTOR_SHUTDOWN_GRACE is "0s": too short; give a duration from 1ms to 1h`,
			},
		},
		{
			"words, flags and levels",
			[]string{"CONNECTOR_KAFKA_TLS=maybe", "CONNECTOR_LOG_LEVEL=loud", "CONNECTOR_ON_LAG=drop", "CONNECTOR_MAX_IN_FLIGHT=many"},
			[]string{
				`CONNECTOR_KAFKA_TLS is "maybe": not true or false; give true or false`,
				`CONNECTOR_MAX_IN_FLIGHT is "many": not a whole number; give a number from 1 to 10000`,
				`CONNECTOR_LOG_LEVEL is "loud": not a level; give debug, info, warn or error`,
				`CONNECTOR_ON_LAG is "drop": not one of the words allowed; give wait or dead-letter`,
			},
		},
		{
			"words of events",
			[]string{"CONNECTOR_EVENT_FORMAT=xml", "CONNECTOR_FIELD_NAMES=snake", "CONNECTOR_VALIDATE=on"},
			[]string{
				`CONNECTOR_EVENT_FORMAT is "xml": not one of the words allowed; give auto, json or avro`,
				`CONNECTOR_FIELD_NAMES is "snake": not one of the words allowed; give keep or camel`,
				`CONNECTOR_VALIDATE is "on": not one of the words allowed; give off, warn or dead-letter`,
			},
		},
		{
			"a registry without URL",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_USERNAME=ada", "CONNECTOR_SCHEMA_REGISTRY_PASSWORD=hunter2", "CONNECTOR_SCHEMA_REGISTRY_CA_FILE=" + cert},
			[]string{
				`CONNECTOR_SCHEMA_REGISTRY_USERNAME is set, but CONNECTOR_SCHEMA_REGISTRY_URL is not; give the registry's URL, or remove it`,
				`CONNECTOR_SCHEMA_REGISTRY_PASSWORD is set, but CONNECTOR_SCHEMA_REGISTRY_URL is not; give the registry's URL, or remove it`,
				`CONNECTOR_SCHEMA_REGISTRY_CA_FILE is set, but CONNECTOR_SCHEMA_REGISTRY_URL is not; give the registry's URL, or remove it`,
			},
		},
		{
			"a registry that is no URL",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_URL=https://a,registry:8081"},
			[]string{`CONNECTOR_SCHEMA_REGISTRY_URL is "https://a,registry:8081": "registry:8081" is no http or https URL; give http or https URLs, comma-separated`},
		},
		{
			"a registry with a query",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_URL=https://a/?x=1"},
			[]string{`CONNECTOR_SCHEMA_REGISTRY_URL is "https://a/?x=1": "https://a/?x=1" has a query or a fragment: leave it out; give http or https URLs, comma-separated`},
		},
		{
			"a registry with a password in its URL",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_URL=https://a,http://ada:hunter2@b:c"},
			[]string{`CONNECTOR_SCHEMA_REGISTRY_URL holds a user or a password; move them to CONNECTOR_SCHEMA_REGISTRY_USERNAME and CONNECTOR_SCHEMA_REGISTRY_PASSWORD`},
		},
		{
			"a registry with half of its credentials, and a certificate for http",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_URL=http://a", "CONNECTOR_SCHEMA_REGISTRY_USERNAME=ada", "CONNECTOR_SCHEMA_REGISTRY_CA_FILE=" + cert},
			[]string{
				`CONNECTOR_SCHEMA_REGISTRY_PASSWORD is not set, but CONNECTOR_SCHEMA_REGISTRY_USERNAME is; give the user's password, or remove the user`,
				`CONNECTOR_SCHEMA_REGISTRY_CA_FILE is "` + cert + `": of no use with a registry over http; give an https URL, or remove it`,
			},
		},
		{
			"a registry with a token and a user",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_URL=https://a", "CONNECTOR_SCHEMA_REGISTRY_USERNAME=ada", "CONNECTOR_SCHEMA_REGISTRY_TOKEN_FILE=" + cert},
			[]string{`CONNECTOR_SCHEMA_REGISTRY_TOKEN_FILE is set, and so is a user or a password; authenticate in one way: keep the token, or the user and the password`},
		},
		{
			"a registry with the other half, for JSON",
			[]string{"CONNECTOR_SCHEMA_REGISTRY_URL=http://a", "CONNECTOR_SCHEMA_REGISTRY_PASSWORD=hunter2", "CONNECTOR_EVENT_FORMAT=json"},
			[]string{
				`CONNECTOR_SCHEMA_REGISTRY_USERNAME is not set, but CONNECTOR_SCHEMA_REGISTRY_PASSWORD is; give the user, or remove the password`,
				`CONNECTOR_SCHEMA_REGISTRY_URL is of no use with CONNECTOR_EVENT_FORMAT=json; remove it, or set the format to auto or avro`,
			},
		},
		{
			"brokers",
			[]string{"CONNECTOR_KAFKA_BROKERS=kafka-1,kafka-2:9092"},
			[]string{`CONNECTOR_KAFKA_BROKERS is "kafka-1,kafka-2:9092": "kafka-1" has no port; give host:port, comma-separated`},
		},
		{
			"a broker with a scheme",
			[]string{"CONNECTOR_KAFKA_BROKERS=https://kafka-1:9092"},
			[]string{`CONNECTOR_KAFKA_BROKERS is "https://kafka-1:9092": "https://kafka-1:9092" is a URL; give host:port, comma-separated`},
		},
		{
			"lists with slips",
			[]string{"CONNECTOR_KAFKA_BROKERS=a:1,,b:1", "CONNECTOR_KAFKA_TOPICS=x,x"},
			[]string{
				`CONNECTOR_KAFKA_BROKERS is "a:1,,b:1": an entry is empty; give host:port, comma-separated`,
				`CONNECTOR_KAFKA_TOPICS is "x,x": "x" is there twice; give topic names, comma-separated, or one regular expression that starts with ^`,
			},
		},
		{
			"an expression that does not compile",
			[]string{"CONNECTOR_KAFKA_TOPICS=^(a"},
			[]string{"CONNECTOR_KAFKA_TOPICS is \"^(a\": \"^(a\" is not a regular expression: missing closing ): `^(a`; give topic names, comma-separated, or one regular expression that starts with ^"},
		},
		{
			"a start that is no time",
			[]string{"CONNECTOR_KAFKA_START=yesterday"},
			[]string{`CONNECTOR_KAFKA_START is "yesterday": not earliest, latest or a time in RFC 3339; give earliest, latest or a time such as 2026-01-31T08:00:00Z`},
		},
		{
			"hosts",
			[]string{"CONNECTOR_ALLOWED_HOSTS=a.example,https://b.example"},
			[]string{`CONNECTOR_ALLOWED_HOSTS is "a.example,https://b.example": "https://b.example" is a URL: leave out the scheme; give host, host:port or *.domain, comma-separated`},
		},
		{
			"a host that is only a star",
			[]string{"CONNECTOR_ALLOWED_HOSTS=*"},
			[]string{`CONNECTOR_ALLOWED_HOSTS is "*": "*" is not a host name; give host, host:port or *.domain, comma-separated`},
		},
		{
			"a host with a port out of range",
			[]string{"CONNECTOR_ALLOWED_HOSTS=a.example:99999"},
			[]string{`CONNECTOR_ALLOWED_HOSTS is "a.example:99999": "a.example:99999" is not a host name; give host, host:port or *.domain, comma-separated`},
		},
		{
			"a user agent that would break the header",
			[]string{"CONNECTOR_USER_AGENT=a\nX-Evil: 1"},
			[]string{`CONNECTOR_USER_AGENT is "a·X-Evil: 1": holds characters that a header cannot carry; give printable ASCII`},
		},
		{
			"files",
			[]string{"CONNECTOR_ENDPOINT_CA_FILE=" + text, "CONNECTOR_SHARED_SECRET_FILE=/nonexistent/secret"},
			[]string{
				`CONNECTOR_SHARED_SECRET_FILE is "/nonexistent/secret": no such file or directory; give the path of a file that holds the secret and nothing else`,
				`CONNECTOR_ENDPOINT_CA_FILE is "` + text + `": the file holds no certificate in PEM; give the path of a file that can be read`,
			},
		},
		{
			"an empty secret file",
			[]string{"CONNECTOR_SHARED_SECRET_FILE=" + empty},
			[]string{`CONNECTOR_SHARED_SECRET_FILE is "` + empty + `": the file is empty; give the path of a file that holds the secret and nothing else`},
		},
		{
			"a secret file with nothing but a line end",
			[]string{"CONNECTOR_SHARED_SECRET_FILE=" + lineEnd},
			[]string{`CONNECTOR_SHARED_SECRET_FILE is "` + lineEnd + `": the file holds only a line end; give the path of a file that holds the secret and nothing else`},
		},
		{
			"a secret twice",
			[]string{"CONNECTOR_SHARED_SECRET=s3cr3t", "CONNECTOR_SHARED_SECRET_FILE=" + text},
			[]string{`CONNECTOR_SHARED_SECRET and CONNECTOR_SHARED_SECRET_FILE are both set; keep one of them`},
		},
		{
			"waits in the wrong order",
			[]string{"CONNECTOR_RETRY_MIN=10m", "CONNECTOR_RETRY_MAX=5m", "CONNECTOR_RETRY_WINDOW=1m"},
			[]string{
				`CONNECTOR_RETRY_MAX is "5m": longer than CONNECTOR_RETRY_WINDOW (1m); shorten it, or lengthen the window`,
			},
		},
		{
			"the first wait longer than the longest",
			[]string{"CONNECTOR_RETRY_MIN=10m"},
			[]string{`CONNECTOR_RETRY_MIN is "10m": longer than CONNECTOR_RETRY_MAX (5m); shorten it, or lengthen CONNECTOR_RETRY_MAX`},
		},
		{
			"a fault hides no fault that follows from it",
			[]string{"CONNECTOR_RETRY_MIN=10m", "CONNECTOR_RETRY_MAX=long"},
			[]string{`CONNECTOR_RETRY_MAX is "long": not a duration such as 500ms, 30s, 5m or 4h; give a duration from 1ms to 24h`},
		},
		{
			"TLS files without TLS",
			[]string{"CONNECTOR_KAFKA_TLS_CA_FILE=" + cert},
			[]string{`CONNECTOR_KAFKA_TLS_CA_FILE is "` + cert + `": of no use without TLS; set CONNECTOR_KAFKA_TLS=true, or remove it`},
		},
		{
			"a certificate without its key",
			[]string{"CONNECTOR_KAFKA_TLS=true", "CONNECTOR_KAFKA_TLS_CERT_FILE=" + cert},
			[]string{`CONNECTOR_KAFKA_TLS_KEY_FILE is not set, but CONNECTOR_KAFKA_TLS_CERT_FILE is; give the certificate's key, or remove the certificate`},
		},
		{
			"somebody else's key",
			[]string{"CONNECTOR_KAFKA_TLS=true", "CONNECTOR_KAFKA_TLS_CERT_FILE=" + cert, "CONNECTOR_KAFKA_TLS_KEY_FILE=" + otherKey},
			[]string{`CONNECTOR_KAFKA_TLS_CERT_FILE is "` + cert + `": does not go with CONNECTOR_KAFKA_TLS_KEY_FILE (private key does not match public key); give a certificate and its key, both PEM`},
		},
		{
			"SASL without credentials",
			[]string{"CONNECTOR_KAFKA_SASL_MECHANISM=PLAIN"},
			[]string{
				`CONNECTOR_KAFKA_SASL_USERNAME is not set; PLAIN needs it`,
				`CONNECTOR_KAFKA_SASL_PASSWORD is not set; PLAIN needs it`,
			},
		},
		{
			"credentials without SASL",
			[]string{"CONNECTOR_KAFKA_SASL_PASSWORD_FILE=" + text},
			[]string{`CONNECTOR_KAFKA_SASL_PASSWORD_FILE is set, but CONNECTOR_KAFKA_SASL_MECHANISM is not; choose a mechanism, or remove the credentials`},
		},
		{
			"the wrong credentials",
			[]string{"CONNECTOR_KAFKA_SASL_MECHANISM=OAUTHBEARER", "CONNECTOR_KAFKA_SASL_PASSWORD=hunter2"},
			[]string{
				`CONNECTOR_KAFKA_SASL_TOKEN is not set; OAUTHBEARER needs it`,
				`CONNECTOR_KAFKA_SASL_PASSWORD is of no use with OAUTHBEARER; remove it, or choose another CONNECTOR_KAFKA_SASL_MECHANISM`,
			},
		},
		{
			"mappings from two sources",
			[]string{"CONNECTOR_MAPPING_1_NAME=a", "CONNECTOR_MAPPING_1_URL=https://a.example"},
			[]string{`CONNECTOR_MAPPINGS and CONNECTOR_MAPPING_1_NAME are both set; mappings have one source: keep one of them`},
		},
		{
			"dead letters that would be read again",
			[]string{"CONNECTOR_KAFKA_TOPICS=events,dead", "CONNECTOR_DLQ_TOPIC=dead"},
			[]string{`CONNECTOR_DLQ_TOPIC is "dead": among CONNECTOR_KAFKA_TOPICS: the connector would read its own dead letters; name another topic`},
		},
		{
			"an expression that takes the dead letters in",
			[]string{"CONNECTOR_KAFKA_TOPICS=^segment-"},
			[]string{`CONNECTOR_KAFKA_TOPICS is "^segment-": matches the dead-letter topic "segment-webhooks.dlq": the connector would read its own dead letters; narrow the expression, or set CONNECTOR_DLQ_TOPIC to a name that it does not match`},
		},
		{
			"a group that makes no topic",
			[]string{"CONNECTOR_KAFKA_GROUP=my group"},
			[]string{`CONNECTOR_DLQ_TOPIC is not set, and its default "my group.dlq" has characters that Kafka refuses in a topic (allowed: letters, digits, dot, underscore, hyphen); name a topic`},
		},
		{
			"too little memory for the batches",
			[]string{"CONNECTOR_MEMORY_BUDGET=16MiB", "CONNECTOR_BATCH_MAX_BYTES=8MiB"},
			[]string{`CONNECTOR_MEMORY_BUDGET is "16MiB": less than four times CONNECTOR_BATCH_MAX_BYTES (8MiB); raise it to 32MiB or more, or lower the size of a batch`},
		},
		{
			"unknown names",
			[]string{
				"CONNECTOR_KAFKA_BROKER=a:1", "CONNECTOR_TOPICS=x", "CONNECTOR_SHARED_SECRET_FLIE=/x", "CONNECTOR_FROBNICATE=1",
				"CONNECTOR_MAPPING_3_ULR=x", "CONNECTOR_MAPPING_51_URL=x", "CONNECTOR_MAPPING_01_URL=x", "CONNECTOR_batch_linger=1s",
			},
			[]string{
				`CONNECTOR_FROBNICATE is unknown; "connector config" lists those there are`,
				`CONNECTOR_KAFKA_BROKER is unknown; did you mean CONNECTOR_KAFKA_BROKERS?`,
				`CONNECTOR_MAPPING_01_URL is unknown; did you mean CONNECTOR_MAPPING_1_URL?`,
				`CONNECTOR_MAPPING_3_ULR is unknown; did you mean CONNECTOR_MAPPING_3_URL?`,
				`CONNECTOR_MAPPING_51_URL is unknown; mappings are numbered from 1 to 50`,
				`CONNECTOR_SHARED_SECRET_FLIE is unknown; did you mean CONNECTOR_SHARED_SECRET_FILE?`,
				`CONNECTOR_TOPICS is unknown; did you mean CONNECTOR_KAFKA_TOPICS?`,
				`CONNECTOR_batch_linger is unknown; did you mean CONNECTOR_BATCH_LINGER?`,
			},
		},
		{
			"a Classic destination without URLs",
			[]string{`CONNECTOR_WEBHOOK_HEADERS={"A":"hunter2"}`, "CONNECTOR_WEBHOOK_2_HEADERS_FILE=" + text, "CONNECTOR_CLASSIC_DELIVER_TO=all"},
			[]string{
				`CONNECTOR_WEBHOOK_HEADERS is set, but CONNECTOR_WEBHOOK_URLS is not; give the URLs it is for, or remove it`,
				`CONNECTOR_WEBHOOK_2_HEADERS_FILE is set, but CONNECTOR_WEBHOOK_URLS is not; give the URLs it is for, or remove it`,
				`CONNECTOR_CLASSIC_DELIVER_TO is set, but CONNECTOR_WEBHOOK_URLS is not; give the URLs it is for, or remove it`,
			},
		},
		{
			"a Classic destination with slips",
			[]string{"CONNECTOR_WEBHOOK_URLS=hunter2", "CONNECTOR_CLASSIC_DELIVER_TO=both", "CONNECTOR_WEBHOOK_6_HEADERS={}", "CONNECTOR_WEBHOOK_URL=hunter2"},
			[]string{
				`CONNECTOR_CLASSIC_DELIVER_TO is "both": not one of the words allowed; give any or all`,
				`CONNECTOR_WEBHOOK_6_HEADERS is unknown; URLs are numbered from 1 to 5`,
				`CONNECTOR_WEBHOOK_URL is unknown; did you mean CONNECTOR_WEBHOOK_URLS?`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config.Load(minimal(c.env...))
			if got != nil {
				t.Error("got a configuration beside the faults, want none")
			}
			if diff := cmp.Diff(c.want, lines(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a fault shows a secret: %v", err)
			}
		})
	}
}

func TestNothingSet(t *testing.T) {
	_, err := config.Load(nil)
	want := []string{
		`CONNECTOR_KAFKA_BROKERS is not set; give the brokers to start from, such as kafka-1:9092,kafka-2:9092`,
		`CONNECTOR_KAFKA_TOPICS is not set; give the topics to read, such as segment-events, or a regular expression such as ^segment-.*`,
		`CONNECTOR_MAPPINGS_FILE is not set; give the path of a mappings file (or set CONNECTOR_MAPPINGS, CONNECTOR_MAPPING_1_NAME and so on, or CONNECTOR_WEBHOOK_URLS)`,
	}
	if diff := cmp.Diff(want, lines(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// Compose files and Helm charts set variables to nothing where they leave them out.
func TestSetToNothingIsNotSet(t *testing.T) {
	got, err := config.Load(minimal("CONNECTOR_BATCH_LINGER=", "CONNECTOR_SHARED_SECRET=", "CONNECTOR_MAPPINGS_FILE=", "CONNECTOR_NO_SUCH_THING="))
	if err != nil {
		t.Fatal(err)
	}
	if got.Delivery.SharedSecret.IsSet() {
		t.Error("a secret set to nothing counts as a secret")
	}
}

func TestFaultsAreTyped(t *testing.T) {
	_, err := config.Load(minimal("CONNECTOR_BATCH_LINGER=soon"))
	fault, ok := errors.AsType[*config.Fault](err)
	if !ok {
		t.Fatalf("got %T, want a *config.Fault inside", err)
	}
	if fault.Variable != "CONNECTOR_BATCH_LINGER" || fault.Found != "soon" {
		t.Errorf("got %+v, want variable CONNECTOR_BATCH_LINGER with soon", fault)
	}
}

func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}
