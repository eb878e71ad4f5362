//go:build integration

package integration

import (
	"context"
	"syscall"
	"testing"
	"time"

	"segment-webhooks/connector/kafkatest"
)

// Connectors come, go, die and freeze for longer than their session while events flow: every event arrives.
func TestMembersComeAndGo(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			s := newSystem(t, kafkatest.Start(t), 6)
			r := newReceiver(t)
			const n = 60_000
			producing, done := context.WithCancel(t.Context())
			defer done()
			produced := make(chan error, 1)
			go func() { produced <- s.trickle(producing, n, 45*time.Second) }()
			spawn := func() *process {
				return s.spawn(three(r.url), "CONNECTOR_KAFKA_SESSION_TIMEOUT=6s", "CONNECTOR_KAFKA_GROUP_PROTOCOL="+protocol)
			}
			progress := func(what string) {
				before := r.distinct("/lake")
				r.await(t, what, time.Minute, func() bool { return r.distinct("/lake") > before+500 })
			}
			a := spawn()
			progress("deliveries by one")
			b := spawn()
			progress("deliveries by two")
			c := spawn()
			progress("deliveries by three")
			b.kill()
			progress("deliveries after one was killed")
			for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
				if err := c.command.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				if signal == syscall.SIGSTOP {
					select {
					case <-time.After(9 * time.Second): // its session is over, and others have its partitions
					case <-t.Context().Done():
					}
				}
			}
			progress("deliveries after one was frozen")
			stopGracefully(t, a)
			progress("deliveries by the one that was frozen")
			if err := <-produced; err != nil {
				t.Fatal(err)
			}
			orders, lake := wanted(n)
			r.await(t, "all events", 2*time.Minute, func() bool {
				return r.distinct("/orders") >= len(orders) && r.distinct("/lake") >= len(lake)
			})
			stopGracefully(t, c)
			for path, want := range map[string][]string{"/orders": orders, "/lake": lake} {
				missing, duplicates := r.missing(path, want)
				t.Logf("%s: %d events, %d missing, %d duplicates (%.2f %%)", path, len(want), len(missing), duplicates, 100*float64(duplicates)/float64(len(want)))
				if len(missing) > 0 {
					t.Errorf("%s: %d missing, such as %s", path, len(missing), missing[0])
				}
			}
			if committed, end := s.committed(); committed != end {
				t.Errorf("committed offsets add up to %d, end offsets to %d", committed, end)
			}
		})
	}
}
