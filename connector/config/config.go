package config

import (
	"log/slog"
	"time"
)

// Config is the connector's configuration, complete and checked. Every field says which variable it comes from in
// variables.go; nothing changes it after Load.
type Config struct {
	Kafka    Kafka
	Events   Events
	Mappings Mappings
	Classic  Classic
	Delivery Delivery

	// MemoryBudget bounds the bytes of events held in memory, over all partitions and mappings.
	MemoryBudget Size
	// HTTPAddr is where the page, health, readiness and metrics are served.
	HTTPAddr string
	// UI says whether the page is served there: "on" or "off".
	UI string
	// UISamples says whether the page shows what was read, sent and answered, which is personal data: "on" or "off".
	UISamples string
	// LogLevel is the least severe level that is written.
	LogLevel slog.Level
	// LogFormat is "text" or "json".
	LogFormat string
	// ShutdownGrace is how long deliveries in flight may take to finish once the connector is told to stop.
	ShutdownGrace time.Duration
	// OrphanGrace is how long the position of a mapping that was removed is kept before it is given up.
	OrphanGrace time.Duration
	// OnLag says what happens to the events of a mapping whose endpoint answers too slowly to keep up within the
	// retry window: "wait" or "dead-letter".
	OnLag string
	// CommitInterval is the longest time between a delivery and the commit of its offset.
	CommitInterval time.Duration
}

// Kafka says which records are read, and how to reach the brokers.
type Kafka struct {
	// Brokers are addresses to start from, each host:port; never empty.
	Brokers []string
	// Topics are topic names, or one regular expression that starts with "^"; never empty.
	Topics []string
	// Group is the consumer group.
	Group string
	// InstanceID makes this instance a static member of the group; empty for a dynamic one.
	InstanceID string
	// SessionTimeout is how long the group waits for a silent instance.
	SessionTimeout time.Duration
	// Start is where a group without committed offsets begins: "earliest", "latest" or a time in RFC 3339.
	Start string
	// GroupProtocol is "classic" (cooperative-sticky) or "consumer" (KIP-848).
	GroupProtocol string
	// TLS turns encryption on.
	TLS bool
	// CAFile holds the certificates of a private authority, PEM; empty for the system's.
	CAFile string
	// CertFile and KeyFile hold the client's certificate and key, PEM; both or neither.
	CertFile, KeyFile string
	SASL              SASL
}

// SASL says how the connector authenticates to the brokers. The zero value is: not at all.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or empty.
	Mechanism string
	// Username and Password are for PLAIN and SCRAM.
	Username string
	Password Secret
	// Token is a fixed OAUTHBEARER token. TokenFile is a file that holds one and that another program keeps
	// fresh: it is to be read again at every authentication. Exactly one of the two is set for OAUTHBEARER.
	Token     Secret
	TokenFile string
}

// Events says how records become events.
type Events struct {
	// Format is "auto", "json" or "avro".
	Format string
	// Registry is where the schemas of Avro values are.
	Registry SchemaRegistry
	// FieldNames says what becomes of names of Avro fields in snake_case: "keep" or "camel".
	FieldNames string
	// Validate says what becomes of events that break Segment's specification: nothing with "off", a warning in the
	// log with "warn", a dead letter with "dead-letter".
	Validate string
}

// SchemaRegistry says how to reach a schema registry that speaks Confluent's API.
type SchemaRegistry struct {
	// URLs are tried in turn, each http or https, without user or password; empty: there is no registry.
	URLs []string
	// Username and Password are for basic authentication; both or neither.
	Username string
	Password Secret
	// Token is for bearer authentication. TokenFile is a file that holds one and that another program keeps fresh: it is to
	// be read again for every request. One of the two, or neither.
	Token     Secret
	TokenFile string
	// CAFile holds certificates of a private authority that the registry may use besides the system's, PEM.
	CAFile string
}

// Mappings says where the mappings are defined. Exactly one of the three is set, or none where there is a Classic
// destination.
type Mappings struct {
	// File is the path of a YAML or JSON file.
	File string
	// Inline is the text of such a file.
	Inline string
	// Vars holds the numbered variables by their names without the prefix, such as "MAPPING_1_URL". Their values are
	// as found.
	Vars map[string]string
}

// Classic says where a Webhooks (Classic) destination sends every event. The texts are as found: package mapping reads
// them. They are secrets because URLs and headers often hold one.
type Classic struct {
	// URLs are separated by commas; not set: there is no such destination.
	URLs Secret
	// Headers are those that all URLs get, in JSON.
	Headers Secret
	// Own are the headers that one URL gets, by its place, in JSON.
	Own [maxWebhooks]Secret
	// DeliverTo is "any", where one URL that takes an event is enough, or "all", where each is on its own.
	DeliverTo string
}

// Delivery says how webhooks are sent, tried again and given up.
type Delivery struct {
	// Signing are the signatures that requests carry: "segment", "sha256", "standard".
	Signing []string
	// SharedSecret is the key of the signatures; without one requests are not signed. PreviousSecret is the one
	// before, while receivers change over: requests are signed with both.
	SharedSecret, PreviousSecret Secret
	// SharedSecretFile and PreviousSecretFile are the files that the secrets were read from, to be read again when
	// they change; empty where they came from no file.
	SharedSecretFile, PreviousSecretFile string
	// RequestTimeout runs from the start of a request to the headers of its answer.
	RequestTimeout time.Duration
	// RetryWindow is how long an event is tried, from the moment it was first read.
	RetryWindow time.Duration
	// RetryMin and RetryMax bound the wait between two attempts; RetryMin <= RetryMax <= RetryWindow.
	RetryMin, RetryMax time.Duration
	// BatchLinger is how long an incomplete batch waits for more events; 0 sends at once.
	BatchLinger time.Duration
	// MaxInFlight bounds the requests of one mapping that are under way at a time.
	MaxInFlight int
	// BatchMaxBytes bounds the body of a batch.
	BatchMaxBytes Size
	// Compression is how bodies are encoded where a mapping does not say: "none" or "gzip".
	Compression string
	// Transport is what speaks HTTP: "auto" or "net/http".
	Transport string
	// HTTP2 lets endpoints choose HTTP/2 over TLS.
	HTTP2 bool
	// DLQTopic is the dead-letter topic; never among the topics that are read.
	DLQTopic string
	// DLQCreate lets the connector create the dead-letter topic where it is missing.
	DLQCreate bool
	// AllowedHosts are the only hosts that a URL may point to whose host is computed from an event: "host",
	// "host:port" or "*.domain".
	AllowedHosts []string
	// CAFile holds certificates of a private authority that endpoints may use besides the system's, PEM.
	CAFile string
	// UserAgent is sent where a mapping does not set one.
	UserAgent string
}
