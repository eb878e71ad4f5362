//go:build simulation && synctests

package simulation

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

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
				producers := w.produce(300 * time.Millisecond)
				p := w.start("a", w.hooks)
				for range 25 {
					time.Sleep(time.Second + time.Duration(w.rnd.Int64N(int64(3*time.Second)))) //nolint:forbidigo // virtual time
					p.nic.freeze()
					time.Sleep(14*time.Second + time.Duration(w.rnd.Int64N(int64(8*time.Second)))) //nolint:forbidigo // virtual time
					p.nic.unfreeze()
				}
				producers.stop()
				if !w.settle(10 * time.Minute) {
					t.Errorf("the group does not come to an end: %v", w.behind())
				}
				w.finish()
			})
		})
	}
}
