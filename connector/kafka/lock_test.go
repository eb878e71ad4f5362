package kafka_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

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

// A broker that refuses is not asked for a minute: permissions do not come by waiting.
func TestLockThatIsRefused(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "letters"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cluster.ControlKey(int16(kmsg.JoinGroup), func(q kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		answer := q.ResponseKind().(*kmsg.JoinGroupResponse)
		answer.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return answer, nil, true
	})
	options := &kafka.Options{Brokers: cluster.ListenAddrs(), Log: slog.New(slog.DiscardHandler)}
	if _, err := kafka.NewLock(t.Context(), options, "letters.replay", "letters"); !errors.Is(err, kerr.GroupAuthorizationFailed) {
		t.Errorf("%v, want that it is refused", err)
	}
}
