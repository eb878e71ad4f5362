package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Admin is the client without a consumer: it lists offsets, looks after topics, reads slices of the log and produces dead letters.
type Admin struct {
	client *kgo.Client
	admin  *kadm.Client
	slices sliceReader
}

// NewAdmin creates the client. Nothing is connected before the first call.
func NewAdmin(o *Options) (*Admin, error) {
	opts, err := o.client("log")
	if err != nil {
		return nil, err
	}
	opts = append(opts,
		kgo.ProducerBatchMaxBytes(maxDeadLetterBytes),
		kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.Lz4Compression(), kgo.NoCompression()),
		kgo.MetadataMinAge(time.Second), // what has just been added must not stay unknown for long
		// Unlimited: what is in flight is bounded before it comes here, and Produce must never block.
		kgo.MaxBufferedRecords(1<<30),
	)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the Kafka client: %w", err)
	}
	return &Admin{client: client, admin: kadm.NewClient(client), slices: sliceReader{client: client}}, nil
}

// Close closes the client. Dead letters that are not acknowledged are given up.
func (a *Admin) Close() { a.client.Close() }

// Ping asks a broker for an answer.
func (a *Admin) Ping(ctx context.Context) error { return a.client.Ping(ctx) }

// ErrNoTopic says that a topic does not exist.
var ErrNoTopic = errors.New("topic does not exist")

// CheckTopic returns ErrNoTopic when the topic does not exist.
func (a *Admin) CheckTopic(ctx context.Context, topic string) error {
	details, err := a.admin.ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	d, ok := details[topic]
	switch {
	case !ok, errors.Is(d.Err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("%w: %s", ErrNoTopic, topic)
	default:
		return d.Err
	}
}

// CreateTopic creates a topic with the cluster's default replication. It is no error that it exists.
func (a *Admin) CreateTopic(ctx context.Context, topic string, partitions int32, configs map[string]string) error {
	values := map[string]*string{}
	for k, v := range configs {
		values[k] = &v
	}
	resp, err := a.admin.CreateTopic(ctx, partitions, -1, values, topic)
	if errors.Is(err, kerr.TopicAlreadyExists) || errors.Is(resp.Err, kerr.TopicAlreadyExists) {
		return nil
	}
	return err
}

// TopicConfig returns one configuration value of a topic, empty when the broker does not tell.
func (a *Admin) TopicConfig(ctx context.Context, topic, key string) (string, error) {
	described, err := a.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return "", err
	}
	for _, r := range described {
		if r.Err != nil {
			return "", r.Err
		}
		for _, c := range r.Configs {
			if c.Key == key && c.Value != nil {
				return *c.Value, nil
			}
		}
	}
	return "", nil
}

// Retention returns how long the topic keeps records; false when it keeps them for ever or the broker does not tell.
func (a *Admin) Retention(ctx context.Context, topic string) (time.Duration, bool) {
	text, err := a.TopicConfig(ctx, topic, "retention.ms")
	if err != nil || text == "" {
		return 0, false
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 || ms > int64(1<<62)/int64(time.Millisecond) {
		return 0, false
	}
	return time.Duration(ms) * time.Millisecond, true
}
