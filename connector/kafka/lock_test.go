package kafka_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"segment-webhooks/connector/kafka"
)

// Whoever has the lock keeps it while others ask; it is free again once it is let go of.
func TestLockIsHeldByOne(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "letters"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	options := &kafka.Options{Brokers: cluster.ListenAddrs(), Log: slog.New(slog.DiscardHandler)}
	first, err := kafka.NewLock(t.Context(), options, "letters.replay", "letters")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := kafka.NewLock(t.Context(), options, "letters.replay", "letters"); !errors.Is(err, kafka.ErrHeld) {
			t.Errorf("asking for a lock that is held: %v, want ErrHeld", err)
		}
	}
	select {
	case <-first.Lost():
		t.Error("the holder has lost it to those who asked")
	default:
	}
	if !first.Held() {
		t.Error("the holder does not hold it")
	}
	first.Close()
	second, err := kafka.NewLock(t.Context(), options, "letters.replay", "letters")
	if err != nil {
		t.Fatalf("asking for a lock that was let go of: %v", err)
	}
	second.Close()
}
