package config

import (
	"strconv"
	"time"
)

// Prefix starts the name of every variable.
const Prefix = "CONNECTOR_"

// maxNumbered is how many mappings the numbered variables MAPPING_1_NAME, MAPPING_1_TRIGGER … can define.
const maxNumbered = 50

// maxWebhooks is how many URLs a Classic destination can have.
const maxWebhooks = 5

// variables is the table of all variables but the numbered ones, in the order in which an operator meets them.
func (c *Config) variables() []variable {
	k, d := &c.Kafka, &c.Delivery
	return inGroups(
		group("Kafka",
			list("KAFKA_BROKERS", &k.Brokers, hostPort, "host:port, comma-separated",
				"brokers to start from; required"),
			list("KAFKA_TOPICS", &k.Topics, topicOrPattern, "topic names, comma-separated, or one regular expression that starts with ^",
				"topics to read; required"),
			text("KAFKA_GROUP", &k.Group, "segment-webhooks", anyText, "a name",
				"consumer group; its committed offsets are the connector's memory"),
			text("KAFKA_INSTANCE_ID", &k.InstanceID, "", anyText, "a name that no other instance has",
				"makes this instance a static member, so that a quick restart moves no partitions"),
			duration("KAFKA_SESSION_TIMEOUT", &k.SessionTimeout, "45s", 6*time.Second, 30*time.Minute,
				"how long Kafka waits for a silent instance before it gives its partitions to others"),
			text("KAFKA_START", &k.Start, "earliest", startOffset, "earliest, latest or a time such as 2026-01-31T08:00:00Z",
				"where a group without committed offsets begins"),
			word("KAFKA_GROUP_PROTOCOL", &k.GroupProtocol, "classic", []string{"classic", "consumer"},
				"classic is cooperative-sticky; consumer is KIP-848, for brokers that have KIP-1251"),
			flag("KAFKA_TLS", &k.TLS, "false",
				"encrypt the connections to the brokers"),
			file("KAFKA_TLS_CA_FILE", &k.CAFile, certificates,
				"certificates of a private authority, PEM"),
			file("KAFKA_TLS_CERT_FILE", &k.CertFile, readable,
				"client certificate, PEM"),
			file("KAFKA_TLS_KEY_FILE", &k.KeyFile, readable,
				"key of the client certificate, PEM"),
			word("KAFKA_SASL_MECHANISM", &k.SASL.Mechanism, "", []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"},
				"how to authenticate to the brokers; not set: not at all"),
			text("KAFKA_SASL_USERNAME", &k.SASL.Username, "", anyText, "a name",
				"user for PLAIN and SCRAM"),
			secret("KAFKA_SASL_PASSWORD", &k.SASL.Password, nil,
				"password for PLAIN and SCRAM"),
			secret("KAFKA_SASL_TOKEN", &k.SASL.Token, &k.SASL.TokenFile,
				"token for OAUTHBEARER; a file is read again at every authentication"),
		),
		group("Events", c.Events.variables()...),
		group("Mappings",
			file("MAPPINGS_FILE", &c.Mappings.File, readable,
				"YAML or JSON file of mappings, or an export of Segment's Public API"),
			text("MAPPINGS", &c.Mappings.Inline, "", anyText, "the text of such a file",
				"the mappings themselves, in place of a file"),
		),
		group("Classic", c.Classic.variables()...),
		group("Delivery",
			words("SIGNING", &d.Signing, "segment", []string{"segment", "sha256", "standard"},
				"signatures of the requests: Segment's X-Signature, HMAC-SHA256 of the body, Standard Webhooks; a mapping may say otherwise"),
			secret("SHARED_SECRET", &d.SharedSecret, nil,
				"key of the signatures; not set: requests are not signed; a file is read again when it changes").keeping(&d.SharedSecretFile),
			secret("SHARED_SECRET_PREVIOUS", &d.PreviousSecret, nil,
				"the key before, while receivers change over: requests are signed with both").keeping(&d.PreviousSecretFile),
			duration("REQUEST_TIMEOUT", &d.RequestTimeout, "5s", 10*time.Millisecond, 5*time.Minute,
				"from the start of a request to the headers of its answer"),
			duration("RETRY_WINDOW", &d.RetryWindow, "4h", time.Second, 30*24*time.Hour,
				"how long an event is tried, from when it was first read, before it becomes a dead letter"),
			duration("RETRY_MIN", &d.RetryMin, "1s", time.Millisecond, 24*time.Hour,
				"first wait between attempts, before jitter"),
			duration("RETRY_MAX", &d.RetryMax, "5m", time.Millisecond, 24*time.Hour,
				"longest wait between attempts, before jitter; never longer than the window"),
			number("MAX_IN_FLIGHT", &d.MaxInFlight, "64", 1, 10_000,
				"requests of one mapping that are under way at a time"),
			duration("BATCH_LINGER", &d.BatchLinger, "1s", 0, time.Minute,
				"how long an incomplete batch waits for more events"),
			size("BATCH_MAX_BYTES", &d.BatchMaxBytes, "4MB", 1<<10, 100e6,
				"largest body of a batch"),
			word("COMPRESSION", &d.Compression, "none", []string{"none", "gzip"},
				"how bodies are encoded where a mapping does not say"),
			word("HTTP_TRANSPORT", &d.Transport, "auto", []string{"auto", "net/http"},
				"what speaks HTTP: auto is the cheapest that will do, net/http is Go's own for everything"),
			flag("HTTP2", &d.HTTP2, "false",
				"let endpoints choose HTTP/2 over TLS; costs more per request than HTTP/1.1, and means net/http"),
			text("DLQ_TOPIC", &d.DLQTopic, "", topicName, "a topic name",
				"dead-letter topic; not set: the group's name and .dlq"),
			flag("DLQ_CREATE", &d.DLQCreate, "true",
				"create the dead-letter topic where it is missing"),
			list("ALLOWED_HOSTS", &d.AllowedHosts, hostPattern, "host, host:port or *.domain, comma-separated",
				"the only hosts that a URL computed from an event may point to"),
			file("ENDPOINT_CA_FILE", &d.CAFile, certificates,
				"certificates of a private authority that endpoints may use besides the system's, PEM"),
			text("USER_AGENT", &d.UserAgent, "Segment.io/1.0", printableASCII, "printable ASCII",
				"User-Agent of requests whose mapping sets none"),
		),
		group("Operation",
			size("MEMORY_BUDGET", &c.MemoryBudget, "192MiB", 16<<20, 1<<40,
				"bytes of events held in memory, all told; at least four times BATCH_MAX_BYTES"),
			text("HTTP_ADDR", &c.HTTPAddr, ":8080", listenAddress, "host:port or :port",
				"where the page, health, readiness and metrics are served; without authentication, so bind it to a private address"),
			word("UI", &c.UI, "on", []string{"on", "off"},
				"whether the Delivery Overview and the mapping tester are served at HTTP_ADDR"),
			word("UI_SAMPLES", &c.UISamples, "off", []string{"on", "off"},
				"whether the page shows the bodies of events that failed: personal data, to whoever may open it"),
			level("LOG_LEVEL", &c.LogLevel, "info",
				"least severe level that is written"),
			word("LOG_FORMAT", &c.LogFormat, "text", []string{"text", "json"},
				"form of the log lines"),
			duration("SHUTDOWN_GRACE", &c.ShutdownGrace, "30s", time.Millisecond, time.Hour,
				"how long deliveries in flight may take to finish when the connector is told to stop"),
			duration("ORPHAN_GRACE", &c.OrphanGrace, "15m", 0, 30*24*time.Hour,
				"how long the position of a removed mapping is kept; longer than a rolling deploy takes"),
			word("ON_LAG", &c.OnLag, "wait", []string{"wait", "dead-letter"},
				"what becomes of events whose endpoint is too slow to take them within the window"),
			duration("COMMIT_INTERVAL", &c.CommitInterval, "1s", 10*time.Millisecond, time.Minute,
				"longest time from a delivery to the commit of its offset"),
		),
	)
}

// variables is the table of how records become events.
func (e *Events) variables() []variable {
	r := &e.Registry
	return []variable{
		word("EVENT_FORMAT", &e.Format, "auto", []string{"auto", "json", "avro"},
			"how record values are encoded; auto looks at each"),
		list("SCHEMA_REGISTRY_URL", &r.URLs, registryURL, "http or https URLs, comma-separated",
			"schema registry that Avro values refer to, in Confluent's API; several are one registry under several addresses"),
		text("SCHEMA_REGISTRY_USERNAME", &r.Username, "", anyText, "a name",
			"user for basic authentication"),
		secret("SCHEMA_REGISTRY_PASSWORD", &r.Password, nil,
			"password for basic authentication"),
		secret("SCHEMA_REGISTRY_TOKEN", &r.Token, &r.TokenFile,
			"token for bearer authentication, instead of user and password; a file is read again for every request"),
		file("SCHEMA_REGISTRY_CA_FILE", &r.CAFile, certificates,
			"certificates of a private authority that the registry may use besides the system's, PEM"),
		word("FIELD_NAMES", &e.FieldNames, "keep", []string{"keep", "camel"},
			"names of Avro fields: as they are, or camelCase for those in snake_case"),
		word("VALIDATE", &e.Validate, "off", []string{"off", "warn", "dead-letter"},
			"what becomes of events that break Segment's specification, such as a track without event"),
	}
}

// variables is the table of the Classic destination.
func (c *Classic) variables() []variable {
	const headers = `a JSON object such as {"X-Api-Key":"…"}`
	all := []variable{
		secret("WEBHOOK_URLS", &c.URLs, nil,
			"URLs that get every event as it is, with or without mappings beside them").allowing("1 to 5 URLs, comma-separated"),
		secret("WEBHOOK_HEADERS", &c.Headers, nil,
			"headers of the requests to these URLs").allowing(headers),
	}
	for i := range c.Own {
		all = append(all, secret("WEBHOOK_"+strconv.Itoa(i+1)+"_HEADERS", &c.Own[i], nil,
			"headers of the requests to URL n alone, which win over those of all").allowing(headers).shownAs("WEBHOOK_<n>_HEADERS"))
	}
	return append(all, word("CLASSIC_DELIVER_TO", &c.DeliverTo, "any", []string{"any", "all"},
		"any: all URLs are tried at once, and one that takes an event is enough; all: each has retries and dead letters of its own"))
}

// numbered is the table of the numbered variables: the end of each name, what it allows and what it means.
func numbered() []Variable {
	return []Variable{
		{Name: "NAME", Allowed: "a name", Meaning: "name of mapping n, its identity"},
		{Name: "TRIGGER", Allowed: `a condition such as type = "track"`, Meaning: "which events it takes"},
		{Name: "URL", Allowed: "a URL, or a directive in JSON", Meaning: "where it sends them"},
		{Name: "METHOD", Default: "POST", Allowed: "POST, PUT or PATCH", Meaning: "with which method"},
		{Name: "HEADERS", Allowed: "a JSON object", Meaning: "with which headers"},
		{Name: "DATA", Default: `{"@path":"$."}`, Allowed: "a directive or an object, in JSON", Meaning: "with which body"},
		{Name: "ENABLE_BATCHING", Allowed: "true or false", Meaning: "whether events travel in batches"},
		{Name: "BATCH_SIZE", Allowed: "1 to 4000", Meaning: "largest number of events in a batch"},
		{Name: "ORDERING", Default: "none", Allowed: "none, key or partition", Meaning: "which of its events are sent one after the other"},
		{Name: "RATE_LIMIT", Allowed: "a number of requests and a time, such as 50/s", Meaning: "how many requests it may send"},
		{Name: "MAX_IN_FLIGHT", Allowed: "1 to 10000", Meaning: "in place of CONNECTOR_MAX_IN_FLIGHT"},
		{Name: "COMPRESSION", Allowed: "none or gzip", Meaning: "in place of CONNECTOR_COMPRESSION"},
		{Name: "SIGNING", Allowed: "segment, sha256, standard, comma-separated", Meaning: "its signatures, in place of those of all"},
		{Name: "SECRET", Allowed: "any text", Meaning: "its own shared secret; ${NAME} is another variable's"},
		{Name: "SECRET_FILE", Allowed: "the path of a file that can be read", Meaning: "the same, in a file"},
		{Name: "PREVIOUS_SECRET", Allowed: "any text", Meaning: "its secret before, while its receiver changes over"},
		{Name: "PREVIOUS_SECRET_FILE", Allowed: "the path of a file that can be read", Meaning: "the same, in a file"},
		{Name: "AUTH", Allowed: "a JSON object", Meaning: "bearer, basic or oauth2, as in a mappings file"},
		{Name: "TLS", Allowed: "a JSON object", Meaning: "ca_file, cert_file and key_file, as in a mappings file"},
	}
}
