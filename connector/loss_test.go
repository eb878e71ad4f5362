package connector_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
)

// Records that are deleted before they were read are counted exactly, for each mapping once.
func TestDeletedBeforeTheyWereRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.also("localhost:81")
		j := r.journal()
		stop := r.start(r.config(), twoMappings)
		r.produce(track(0, 10)...)
		pass(5 * time.Second)
		stop()
		r.produce(track(10, 20)...)
		if err := r.cluster.DeleteRecords("events", 0, 25); err != nil {
			t.Fatal(err)
		}
		stop = r.start(r.config(), twoMappings)
		pass(30 * time.Second)
		stop()
		for _, path := range []string{"/sick", "/well"} {
			r.wantDelivered(path, 0, 10, 1)
			r.wantDelivered(path, 10, 15, 0)
			r.wantDelivered(path, 25, 5, 1)
		}
		for _, mapping := range []string{"sick", "well"} {
			if lost := j.with("deleted from Kafka before they were delivered", "mapping="+mapping, "offsets=15", "continuing_at=25"); len(lost) != 1 {
				t.Errorf("the loss of 15 offsets for mapping %s is reported %d times, want once", mapping, len(lost))
			}
		}
		if lost := j.with("before they were delivered"); len(lost) != 3 { // the third is for undecodable records
			t.Errorf("losses are reported as %q", lost)
		}
	})
}

// Retention that overtakes one lane is that lane's loss and nobody else's.
func TestDeletedWhileALaneLagged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		j := r.journal()
		well := r.sickAndWell()
		r.probe = &connector.Probe{WindowEvents: 4, CacheBytes: 4 << 10, FetchBytes: 1 << 10}
		cfg := r.config()
		cfg.Delivery.MaxInFlight = 2
		defer r.start(cfg, twoMappings)()
		for i := range 10 { // in several blocks, so that those that the sick mapping needs leave the cache
			r.produce(track(10*i, 10)...)
			pass(time.Second)
		}
		r.wantDelivered("/well", 0, 100, 1)
		if err := r.cluster.DeleteRecords("events", 0, 70); err != nil {
			t.Fatal(err)
		}
		well()
		pass(10 * time.Minute)
		r.wantDelivered("/well", 0, 100, 1)
		delivered := len(r.at("/sick", http.StatusOK))
		lost := j.with("before they were delivered", "mapping=sick")
		if len(lost) != 1 {
			t.Fatalf("a loss of mapping sick is reported %d times, want once: %q", len(lost), lost)
		}
		if want := fmt.Sprintf("offsets=%d ", 100-delivered); !strings.Contains(lost[0], want) {
			t.Errorf("%d of 100 events were delivered, but the loss is reported as %q", delivered, lost[0])
		}
		r.wantDelivered("/sick", 70, 30, 1)
		if others := j.with("before they were delivered"); len(others) != 1 {
			t.Errorf("losses are reported as %q, want only that of mapping sick", others)
		}
		if o := r.committed(0); o.At != 100 {
			t.Errorf("committed %d, want 100", o.At)
		}
	})
}

// A log that ends before the position: what had been read from there on is forgotten, what had not been delivered of it is lost, and what
// stands there now is new.
func TestLogCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		j := r.journal()
		well := r.sickAndWell()
		stop := r.start(r.config(), twoMappings)
		r.produce(track(0, 10)...)
		pass(5 * time.Second)
		r.wantDelivered("/well", 0, 10, 1)

		// The log is made to look as if it ended at 6, until that is where the connector reads on. Then the records from 6 on come back, as others would.
		cut := r.cluster.Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.Fetch}, Topic: "events", Err: kerr.OffsetOutOfRange, Count: -1,
			When: beyond(10, 6),
		})
		r.cluster.ControlKey(int16(kmsg.ListOffsets), func(q kmsg.Request) (kmsg.Response, error, bool) {
			r.cluster.KeepControl()
			return endsAt(q, 6)
		})
		pass(30 * time.Second)
		cut.Remove()
		r.cluster.DropControl()
		pass(time.Minute)
		r.wantDelivered("/well", 0, 6, 1)
		r.wantDelivered("/well", 6, 4, 2)
		if lost := j.with("records that Kafka has lost", "mapping=sick", "offsets=4", "continuing_at=6"); len(lost) != 1 {
			t.Errorf("the loss of 4 offsets is reported %d times, want once: %q", len(lost), j.lines)
		}
		if others := j.with("records that Kafka has lost"); len(others) != 1 {
			t.Errorf("losses are reported as %q, want only that of mapping sick", others)
		}
		well()
		pass(10 * time.Minute)
		r.wantDelivered("/sick", 0, 10, 1)
		stop()
		if o := r.committed(0); o.At != 10 {
			t.Errorf("committed %d, want 10", o.At)
		}
	})
}

// A leader that has lost the end of the log tells so by its leader epochs, also when the log has grown beyond our position again (KIP-320).
func TestLogCutOffAndGrownAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		restart bool
	}{
		{"while running", false},
		{"while away", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				j := r.journal()
				stop := r.start(r.config(), oneMapping)
				r.produce(track(0, 10)...)
				pass(5 * time.Second)
				if c.restart {
					stop()
				}
				r.cluster.ControlKey(int16(kmsg.OffsetForLeaderEpoch), func(q kmsg.Request) (kmsg.Response, error, bool) {
					r.cluster.KeepControl()
					return epochEndsAt(q, 6)
				})
				r.cluster.ShufflePartitionLeaders() // to the only broker; the epoch is another
				if c.restart {
					stop = r.start(r.config(), oneMapping)
				}
				r.produce(track(10, 5)...)
				pass(2 * time.Minute)
				r.wantDelivered("/hook", 0, 6, 1)
				r.wantDelivered("/hook", 6, 4, 2) // they look like others that came in their place
				r.wantDelivered("/hook", 10, 5, 1)
				if said := j.with("Kafka has lost the end of a partition", "continuing_at=6"); len(said) != 1 {
					t.Errorf("said %d times, want once: %q", len(said), j.lines)
				}
				if lost := j.with("records that Kafka has lost"); len(lost) != 0 {
					t.Errorf("reported as lost, though all was delivered: %q", lost)
				}
				stop()
				if o := r.committed(0); o.At != 15 {
					t.Errorf("committed %d, want 15", o.At)
				}
			})
		})
	}
}

// beyond says whether a fetch is from beyond end, until one is not. A fetch that does not name the partition goes on where the one before
// did, at first at position.
func beyond(position, end int64) func(kmsg.Request) bool {
	below := false
	return func(q kmsg.Request) bool {
		if fetch, ok := q.(*kmsg.FetchRequest); ok {
			for _, t := range fetch.Topics {
				for _, p := range t.Partitions {
					position = p.FetchOffset
				}
			}
		}
		below = below || position <= end
		return !below
	}
}

// endsAt answers requests for the end of logs.
func endsAt(q kmsg.Request, end int64) (kmsg.Response, error, bool) { //nolint:revive // the order is kfake's
	list, ok := q.(*kmsg.ListOffsetsRequest)
	if !ok {
		return nil, nil, false
	}
	resp := kmsg.NewPtrListOffsetsResponse()
	resp.Version = list.Version
	for _, t := range list.Topics {
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			if p.Timestamp != -1 {
				return nil, nil, false
			}
			rp := kmsg.NewListOffsetsResponseTopicPartition()
			rp.Partition, rp.Offset = p.Partition, end
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil, true
}

// epochEndsAt answers requests for where the first leader epoch ended.
func epochEndsAt(q kmsg.Request, end int64) (kmsg.Response, error, bool) { //nolint:revive // the order is kfake's
	ask, ok := q.(*kmsg.OffsetForLeaderEpochRequest)
	if !ok {
		return nil, nil, false
	}
	resp := kmsg.NewPtrOffsetForLeaderEpochResponse()
	resp.Version = ask.Version
	for _, t := range ask.Topics {
		rt := kmsg.NewOffsetForLeaderEpochResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			if p.LeaderEpoch != 0 {
				return nil, nil, false
			}
			rp := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			rp.Partition, rp.LeaderEpoch, rp.EndOffset = p.Partition, 0, end
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil, true
}
