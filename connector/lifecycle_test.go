package connector_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A topic that is deleted and created again, at once or an hour later, is read from its beginning, whatever the start policy: all that is in it came
// after the group had begun. What had not been delivered of the old one is counted. Meanwhile nothing spins.
func TestTopicCreatedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		start      string
		away       time.Duration
		partitions int32
	}{
		{"at once, from earliest", "earliest", 0, 1},
		{"at once, from latest", "latest", 0, 2},
		{"an hour later, from latest", "latest", time.Hour, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				j := r.journal()
				well := r.sickAndWell()
				cfg := r.config()
				cfg.Kafka.Start = c.start
				defer r.start(cfg, twoMappings)()
				pass(5 * time.Second)
				r.produce(track(0, 10)...)
				pass(5 * time.Second)
				r.wantDelivered("/well", 0, 10, 1)

				fetches := r.requests(kmsg.Fetch)
				lists := r.requests(kmsg.Metadata)
				if err := r.cluster.DeleteTopic("events"); err != nil {
					t.Fatal(err)
				}
				pass(c.away)
				if err := r.cluster.CreateTopic("events", c.partitions, nil); err != nil {
					t.Fatal(err)
				}
				for p := range c.partitions {
					r.produceAnew(p, track(100+100*int(p), 20)...)
				}
				pass(2 * time.Minute)
				for p := range c.partitions {
					r.wantDelivered("/well", 100+100*int(p), 20, 1)
				}
				if most := 10 * int((2*time.Minute+c.away)/time.Second); fetches.Hits() > most || lists.Hits() > most {
					t.Errorf("%d fetches and %d requests for metadata, want at most %d each", fetches.Hits(), lists.Hits(), most)
				}
				if lost := j.with("the topic was deleted", "lost", "mapping=sick", "offsets=10"); len(lost) != 1 {
					t.Errorf("the loss of 10 events is reported %d times, want once: %q", len(lost), j.with("lost"))
				}
				if lost := j.with("lost", "mapping=well"); len(lost) != 0 {
					t.Errorf("reported as lost, though all was delivered: %q", lost)
				}
				well()
				pass(5 * time.Minute)
				if got, want := len(r.at("/sick", http.StatusOK)), 20*int(c.partitions); got != want {
					t.Errorf("/sick got %d events, want the %d of the new topic", got, want)
				}
				for p := range c.partitions {
					r.wantDelivered("/sick", 100+100*int(p), 20, 1)
					if o := r.committed(p); o.At != 20 {
						t.Errorf("partition %d: committed %d, want 20", p, o.At)
					}
				}
			})
		})
	}
}

// A commit that was made for an earlier topic of the same name, or that is beyond the end of the log, counts for nothing.
func TestCommitOfAnEarlierTopic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		start    string
		metadata bool
		events   int // in the new topic; 10 were in the old one
	}{
		{"the new topic is shorter", "earliest", true, 3},
		{"the new topic is longer", "earliest", true, 20},
		{"under latest", "latest", true, 20},
		{"without metadata, beyond the end", "latest", false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				j := r.journal()
				cfg := r.config()
				stop := r.start(cfg, oneMapping)
				r.produce(track(0, 10)...)
				pass(5 * time.Second)
				stop()
				before := r.committed(0)
				if before.At != 10 || before.Metadata == "" {
					t.Fatalf("committed %d with metadata %q, want 10 and some", before.At, before.Metadata)
				}
				if err := r.cluster.DeleteTopic("events"); err != nil {
					t.Fatal(err)
				}
				if err := r.cluster.CreateTopic("events", 1, nil); err != nil {
					t.Fatal(err)
				}
				r.produceAnew(0, track(100, c.events)...)
				if !c.metadata {
					before.Metadata = ""
				}
				pass(10 * time.Second) // until the client asks for the topic's id again
				old := kadm.Offsets{}
				old.Add(before.Offset)
				if err := kadm.NewClient(r.client).CommitAllOffsets(t.Context(), "segment-webhooks", old); err != nil {
					t.Fatal(err)
				}
				cfg.Kafka.Start = c.start
				stop = r.start(cfg, oneMapping)
				pass(30 * time.Second)
				stop()
				r.wantDelivered("/hook", 100, c.events, 1)
				if said := j.with("the committed offset is not of this log"); len(said) != 1 {
					t.Errorf("said %d times, want once: %q", len(said), j.lines)
				}
				if o := r.committed(0); o.At != int64(c.events) {
					t.Errorf("committed %d, want %d", o.At, c.events)
				}
			})
		})
	}
}

// A partition that is added to a topic that the group has begun with begins at its beginning, also under "latest": what is written before the connector has
// noticed it counts.
func TestPartitionsAddedUnderLatest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		away bool
	}{
		{"while the connector runs", false},
		{"while the connector is away", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				r.produce(track(0, 5)...) // before the group: not wanted
				cfg := r.config()
				cfg.Kafka.Start = "latest"
				stop := r.start(cfg, oneMapping)
				pass(10 * time.Second)
				r.produce(track(100, 5)...)
				pass(5 * time.Second)
				if c.away {
					stop()
				}
				if answer, err := kadm.NewClient(r.client).UpdatePartitions(t.Context(), 3, "events"); err != nil || answer.Error() != nil {
					t.Fatal(err, answer.Error())
				}
				r.produceAnew(1, track(200, 5)...)
				r.produceAnew(2, track(300, 5)...)
				if c.away {
					stop = r.start(cfg, oneMapping)
				}
				pass(3 * time.Minute)
				stop()
				r.wantDelivered("/hook", 0, 5, 0)
				for _, from := range []int{100, 200, 300} {
					r.wantDelivered("/hook", from, 5, 1)
				}
			})
		})
	}
}

// A dead-letter topic that is deleted and created again is written to again: until then its events wait, and afterwards nothing is lost.
func TestDeadLetterTopicCreatedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.answer = func(*http.Request) int { return http.StatusNotFound }
		stop := r.start(r.config(), oneMapping)
		r.produce(track(0, 5)...)
		pass(10 * time.Second)
		if got := len(r.topic("segment-webhooks.dlq")); got != 5 {
			t.Fatalf("%d dead letters, want 5", got)
		}
		if err := r.cluster.DeleteTopic("segment-webhooks.dlq"); err != nil {
			t.Fatal(err)
		}
		r.produce(track(5, 5)...)
		pass(time.Minute)
		if err := r.cluster.CreateTopic("segment-webhooks.dlq", 1, nil); err != nil {
			t.Fatal(err)
		}
		r.produce(track(10, 5)...)
		pass(5 * time.Minute)
		stop()
		letters := map[string]int{}
		for _, l := range r.topic("segment-webhooks.dlq") {
			letters[string(l.Value)]++
		}
		for _, event := range track(5, 10) {
			if letters[event] != 1 {
				t.Errorf("%d dead letters of %s, want 1", letters[event], event)
			}
		}
		if o := r.committed(0); o.At != 15 {
			t.Errorf("committed %d, want 15", o.At)
		}
	})
}

// A topic that a regular expression has found and that is deleted is given up, and read when it is there again.
func TestTopicOfAPatternCreatedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		j := r.journal()
		well := r.sickAndWell()
		cfg := r.config()
		cfg.Kafka.Topics = []string{"^eve.*"}
		defer r.start(cfg, twoMappings)()
		r.produce(track(0, 10)...)
		pass(5 * time.Second)
		if err := r.cluster.DeleteTopic("events"); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Minute)
		if lost := j.with("the topic was deleted", "lost", "mapping=sick", "offsets=10"); len(lost) != 1 {
			t.Errorf("the loss of 10 events is reported %d times, want once: %q", len(lost), j.lines)
		}
		well()
		if err := r.cluster.CreateTopic("events", 1, nil); err != nil {
			t.Fatal(err)
		}
		r.produceAnew(0, track(100, 10)...)
		pass(5 * time.Minute)
		r.wantDelivered("/well", 100, 10, 1)
		r.wantDelivered("/sick", 100, 10, 1)
	})
}

// An error that stays does not make the reader spin, is said once, and does not keep what comes afterwards from being delivered.
func TestErrorsThatStay(t *testing.T) {
	t.Parallel()
	for _, err := range []*kerr.Error{kerr.TopicAuthorizationFailed, kerr.UnknownServerError, kerr.OffsetOutOfRange, kerr.UnknownTopicID, kerr.CorruptMessage} {
		t.Run(err.Message, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 3)
				defer r.close()
				j := r.journal()
				defer r.start(r.config(), oneMapping)()
				r.produce(track(0, 10)...)
				pass(5 * time.Second)
				failing := r.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "events", Err: err, Count: -1})
				pass(10 * time.Minute)
				r.produce(track(10, 10)...)
				pass(10 * time.Minute)
				if most := 20 * 60 * 10; failing.Hits() > most {
					t.Errorf("%d fetches failed in 20 minutes, want at most %d", failing.Hits(), most)
				}
				if said := j.with("reading"); len(said) > 20 {
					t.Errorf("said %d times, such as %q", len(said), said[0])
				}
				failing.Remove()
				pass(time.Minute)
				r.wantDelivered("/hook", 0, 20, 1)
			})
		})
	}
}

// A partition whose committed offset could not be fetched is left out by the client, for good unless somebody does something.
func TestOffsetsThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		stop := r.start(r.config(), oneMapping)
		r.produceAnew(0, track(0, 5)...)
		r.produceAnew(1, track(10, 5)...)
		pass(5 * time.Second)
		stop()
		failing := r.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Topic: "events", Partitions: []int32{1}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		defer r.start(r.config(), oneMapping)()
		r.produceAnew(0, track(20, 5)...)
		r.produceAnew(1, track(30, 5)...)
		pass(10 * time.Minute)
		r.wantDelivered("/hook", 20, 5, 1)
		r.wantDelivered("/hook", 30, 5, 0)
		if most := 100; failing.Hits() > most {
			t.Errorf("%d requests for offsets in 10 minutes, want at most %d", failing.Hits(), most)
		}
		failing.Remove()
		pass(2 * time.Minute)
		for _, from := range []int{0, 10, 20, 30} {
			r.wantDelivered("/hook", from, 5, 1)
		}
	})
}
