package connector_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// A connector that has nothing to do notices all the same that Kafka is gone, and that it is back.
func TestReadinessNeedsKafka(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		stop := r.start(r.config(), oneMapping)
		defer stop()
		ready := func(want float64, when string) {
			t.Helper()
			if got := value(t, r.registry, "connector_ready"); got != want {
				t.Errorf("%s: ready is %v, want %v", when, got, want)
			}
		}
		time.Sleep(10 * time.Minute) //nolint:forbidigo // virtual time
		ready(1, "with Kafka")
		r.unplug(true)
		time.Sleep(30 * time.Second) //nolint:forbidigo // virtual time
		ready(1, "a moment without Kafka")
		time.Sleep(3 * time.Minute) //nolint:forbidigo // virtual time
		ready(0, "minutes without Kafka")
		r.unplug(false)
		time.Sleep(3 * time.Minute) //nolint:forbidigo // virtual time
		ready(1, "with Kafka again")
	})
}

// A member that the group has given nothing is ready: there are more instances than partitions.
func TestReadinessNeedsNoPartitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		stop := r.start(r.config(), oneMapping)
		defer stop()
		first := r.registry
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		stopSecond := r.start(r.config(), oneMapping)
		defer stopSecond()
		time.Sleep(10 * time.Minute) //nolint:forbidigo // virtual time
		assigned := value(t, first, "connector_partitions_assigned") + value(t, r.registry, "connector_partitions_assigned")
		if assigned != 1 {
			t.Fatalf("%v partitions are assigned to two members, want 1", assigned)
		}
		if value(t, first, "connector_ready") != 1 || value(t, r.registry, "connector_ready") != 1 {
			t.Error("a member without partitions is not ready")
		}
	})
}
