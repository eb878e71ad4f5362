//go:build simulation && synctests

package simulation

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
)

// A process wakes up again and again after its session is over, in the middle of what it has read: it is given its partitions anew, at an
// earlier offset, while it still decodes what the fetch before had brought. That must not pass for progress.
func TestFrozen(t *testing.T) {
	t.Parallel()
	for _, consumer := range []bool{false, true} {
		t.Run(fmt.Sprintf("KIP-848 %t", consumer), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{
					seed: *firstSeed, partitions: 2, brokers: 1, window: 20 * time.Minute, slack: 20 * time.Minute, hooks: allHooks(),
					consumer: consumer, decoding: 3 * time.Second,
					memory: connector.Probe{CacheBytes: 64 << 10, WindowBytes: 64 << 10, WindowEvents: 100, SliceBytes: 8 << 10, Slices: 2, FetchBytes: 8 << 10},
				})
				defer w.close()
				producers := w.produce(600 * time.Millisecond)
				p := w.start("a", w.hooks)
				wait := func(least, most time.Duration) {
					time.Sleep(least + time.Duration(w.rnd.Int64N(int64(most-least)))) //nolint:forbidigo // virtual time
				}
				for range 30 {
					wait(2*time.Second, 5*time.Second)
					// What is read from here on is in no commit.
					w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: group, Err: kerr.UnknownServerError, Count: 4})
					wait(time.Second, 4*time.Second)
					p.nic.freeze()
					wait(14*time.Second, 22*time.Second)
					p.nic.unfreeze()
				}
				producers.stop()
				if !w.settle(2 * time.Hour) {
					t.Errorf("the group does not come to an end: %v", w.behind())
				}
				w.finish()
			})
		})
	}
}
