package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// Options of a demo.
type Options struct {
	For     time.Duration // how long events are produced; 0: until the context ends
	Classic bool          // Webhooks (Classic) in place of mappings
	Out     io.Writer     // what a person reads
}

const (
	topic  = "segment-events"
	secret = "demo-secret"
)

// Run shows the connector at work. When the time is up it waits until every event is delivered, sums up, and returns nil; an error means that
// something could not be started, or that an event is missing.
func Run(ctx context.Context, o Options) error {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topic), kfake.SeedTopics(1, topic+".dlq"))
	if err != nil {
		return fmt.Errorf("starting the embedded broker: %w", err)
	}
	defer broker.Close()
	address := broker.ListenAddrs()[0]

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the receiver: %w", err)
	}
	receiver := newReceiver(o.Out, o.Classic)
	endpoint := "http://" + listener.Addr().String()

	source := "CONNECTOR_MAPPINGS=" + mappings(endpoint)
	if o.Classic {
		source = "CONNECTOR_WEBHOOK_URLS=" + webhooks(endpoint)
	}
	cfg, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=" + address,
		"CONNECTOR_KAFKA_TOPICS=" + topic,
		"CONNECTOR_KAFKA_GROUP=demo",
		"CONNECTOR_DLQ_TOPIC=" + topic + ".dlq",
		"CONNECTOR_SHARED_SECRET=" + secret,
		"CONNECTOR_RETRY_MIN=1s",
		"CONNECTOR_RETRY_MAX=3s",
		"CONNECTOR_BATCH_LINGER=3s",
		"CONNECTOR_SHUTDOWN_GRACE=5s",
		"CONNECTOR_UI_SAMPLES=on", // the events are made up
		source,
	})
	if err != nil {
		return err
	}
	set, err := load(cfg)
	if err != nil {
		return err
	}
	page, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") // the usual port may be in use by a connector that works
	if err != nil {
		return fmt.Errorf("listening for the page: %w", err)
	}
	introduce(o, address, endpoint, page.Addr().String(), set)

	// The receiver outlives the connector, the connector the producer.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	delivering, stopDelivering := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	var served, delivered error
	running.Go(func() { served = receiver.serve(serving, listener) })
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		delivered = connector.Run(delivering, cfg, set, connector.Options{Log: slog.New(slog.DiscardHandler), Listener: page})
	}()

	producing, stopProducing := context.WithCancel(ctx)
	if o.For > 0 {
		producing, stopProducing = context.WithTimeout(ctx, o.For)
	}
	defer stopProducing()
	produced, err := produce(producing, address)
	if err == nil {
		err = receiver.await(finished, produced, settleTime)
	}
	stopDelivering()
	<-finished
	stopServing()
	running.Wait()
	if err != nil || delivered != nil || served != nil {
		return firstOf(delivered, served, err)
	}
	receiver.summarise(produced)
	return nil
}

// load compiles what the demo delivers to.
func load(cfg *config.Config) (*mapping.Set, error) {
	env := func(string) (string, bool) { return "", false }
	if cfg.Classic.URLs.IsSet() {
		set, _, err := mapping.LoadVars(nil, env, mapping.Options{Classic: mapping.Classic{URLs: cfg.Classic.URLs.Reveal()}})
		return set, err
	}
	set, _, err := mapping.LoadText("the demo's mappings", []byte(cfg.Mappings.Inline), env, mapping.Options{})
	return set, err
}

// settleTime is how long what was produced last may take to arrive: a few retries and a lingering batch.
const settleTime = 30 * time.Second

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func introduce(o Options, broker, endpoint, page string, set *mapping.Set) {
	end := "Ctrl-C ends it."
	if o.For > 0 {
		end = fmt.Sprintf("It ends by itself after %s.", o.For)
	}
	fmt.Fprintf(o.Out, `Segment events, out of Kafka and into webhooks. Everything runs in this process; nothing leaves your machine. %s

  Kafka, embedded        %s, topic %s
  webhook receiver       %s (checks every signature)
  Delivery Overview      http://%s/ (and the mapping tester)
  mappings
`, end, broker, topic, endpoint, page)
	for _, m := range set.Mappings() {
		what := m.Trigger
		if m.Classic {
			what = fmt.Sprintf("every event to %d URLs, of which one that takes it is enough", len(m.Alternatives))
		}
		fmt.Fprintf(o.Out, "    %-20s %s\n", m.Name, what)
	}
	fmt.Fprintf(o.Out, `
Send an event of your own with any Kafka client:
  echo '{"type":"track","event":"Order Completed","userId":"me"}' | kcat -P -b %s -t %s

`, broker, topic)
}

// webhooks are the URLs of the demo's Classic destination; one fails now and then.
func webhooks(endpoint string) string {
	return endpoint + "/crm," + endpoint + moody + "," + endpoint + "/lake"
}

// mappings are the ones the demo shows: single requests, batches, and an endpoint that fails now and then.
func mappings(endpoint string) string {
	return fmt.Sprintf(`
mappings:
  - name: Orders to ERP
    trigger: type = "track" and event = "Order Completed"
    fields:
      url: %[1]s/erp
      method: POST
      data:
        order: {"@path": $.properties.order_id}
        total: {"@path": $.properties.total}
        customer: {"@path": $.userId}
  - name: People to CRM
    trigger: type = "identify" or type = "group" or type = "alias" or type = "delete"
    fields:
      url: %[1]s/crm
      method: POST
      data: {"@path": "$."}
  - name: Views to a moody API
    trigger: type = "page" or type = "screen"
    fields:
      url: %[1]s/moody
      method: POST
      data: {"@path": "$."}
  - name: All to the data lake
    trigger: type != ""
    fields:
      url: %[1]s/lake
      method: POST
      data: {"@path": "$."}
      enable_batching: true
      batch_size: 100
`, endpoint)
}
