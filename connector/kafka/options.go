package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/twmb/franz-go/plugin/kprom"
)

// Record is a record as the client library hands it out. Its bytes belong to a fetch buffer: copy what is kept.
type Record = kgo.Record

// Header is a header of a record.
type Header = kgo.RecordHeader

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// Options say how to reach the cluster, as whom, and what to read.
type Options struct {
	Brokers  []string // host:port
	ClientID string

	TLS      bool
	CAFile   string // additional to the system's; PEM
	CertFile string // client certificate; PEM
	KeyFile  string

	SASLMechanism string // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER; empty for none
	Username      string
	Password      string
	Token         func() (string, error) // for OAUTHBEARER; asked before each authentication

	Topics         []string // names; or one regular expression that begins with ^
	Group          string
	InstanceID     string // static membership (KIP-345) when not empty
	SessionTimeout time.Duration
	ConsumerGroups bool   // the consumer protocol of KIP-848 instead of the classic one
	Start          string // where a partition without a commit begins: earliest, latest or a time (RFC 3339)

	FetchMaxBytes          int32
	FetchMaxPartitionBytes int32

	Log     *slog.Logger
	Metrics prometheus.Registerer                                                // of the clients' own metrics; nil: there are none
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil: TCP; tests pass an in-memory network
}

// regex says whether the topics are described and not named.
func (o *Options) regex() bool { return len(o.Topics) == 1 && strings.HasPrefix(o.Topics[0], "^") }

// client returns the options that both clients share; name tells them apart in metrics.
func (o *Options) client(name string) ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(o.Brokers...),
		kgo.ClientID(o.ClientID),
		kgo.MetadataMaxAge(time.Minute), // new partitions are noticed on refresh
		kgo.WithLogger(&logger{o.Log}),
		kgo.DisableClientMetrics(),
	}
	if o.Metrics != nil {
		opts = append(opts, kgo.WithHooks(kprom.NewMetrics("connector_kafka", kprom.Registerer(o.Metrics),
			kprom.WithStaticLabel(prometheus.Labels{"client": name}), kprom.FetchAndProduceDetail(kprom.ByTopic, kprom.UncompressedBytes),
			kprom.NativeBucketFactor(1))))
	}
	dial, err := o.dial()
	if err != nil {
		return nil, err
	}
	opts = append(opts, kgo.Dialer((&patientDialer{dial: dial, failures: map[string]int{}}).DialContext))
	mechanism, err := o.sasl()
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	return opts, nil
}

func (o *Options) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the CA for Kafka: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the CA for Kafka: %s holds no PEM certificate", o.CAFile)
		}
		config.RootCAs = pool
	}
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate for Kafka: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func (o *Options) sasl() (sasl.Mechanism, error) {
	switch strings.ToUpper(o.SASLMechanism) {
	case "":
		return nil, nil
	case "PLAIN":
		return plain.Auth{User: o.Username, Pass: o.Password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: o.Username, Pass: o.Password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: o.Username, Pass: o.Password}.AsSha512Mechanism(), nil
	case "OAUTHBEARER":
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := o.Token()
			return oauth.Auth{Token: token}, err
		}), nil
	default:
		return nil, fmt.Errorf("SASL mechanism %q is unknown: use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER", o.SASLMechanism)
	}
}

// logger passes the client's log on. Its errors are our warnings: it retries by itself, and what matters is reported where it matters.
type logger struct{ to *slog.Logger }

func (l *logger) Level() kgo.LogLevel {
	switch ctx := context.TODO(); { //nolint:forbidigo // the client's logger is given none
	case l.to.Enabled(ctx, slog.LevelDebug):
		return kgo.LogLevelInfo
	case l.to.Enabled(ctx, slog.LevelWarn):
		return kgo.LogLevelWarn
	default:
		return kgo.LogLevelNone
	}
}

func (l *logger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	to := slog.LevelDebug
	if level <= kgo.LogLevelWarn {
		to = slog.LevelWarn
	}
	l.to.Log(context.TODO(), to, //nolint:forbidigo // the client's logger is given none
		"the Kafka client says", append([]any{"message", msg}, keyvals...)...)
}
