package connector_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// Whoever is told to stop while the brokers do not answer yet has not failed.
func TestStoppedBeforeKafkaAnswers(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const mappings = `mappings: [{name: all, trigger: 'type != ""', fields: {url: "http://127.0.0.1:1/", method: POST, data: {"@path": "$."}}}]`
	cfg, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=" + l.Addr().String(), "CONNECTOR_KAFKA_TOPICS=events", "CONNECTOR_MAPPINGS=" + mappings, "CONNECTOR_HTTP_ADDR=127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := mapping.LoadText("mappings.yaml", []byte(mappings), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- connector.Run(ctx, cfg, set, connector.Options{Log: slog.New(slog.DiscardHandler)}) }()
	c, err := l.Accept() // it has asked, and gets no answer
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stop()
	_ = c.Close()
	_ = l.Close()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ended with %v, want no error", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it goes on although it was told to stop")
	}
}
