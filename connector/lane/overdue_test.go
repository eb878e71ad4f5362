package lane

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// While an endpoint is known to fail, what can still wait is left in Kafka.
func TestOnlyWhatIsDueOrOverdueIsTakenForAnEndpointThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 5)}, Window: time.Hour})
	p := r.assign(0)
	r.append(p, records(0, 4, 1))
	events := r.wantTaken(0, 2, "0/0", "0/1")
	if got := r.g.Arrived(events[0]); !got.Equal(r.now) {
		t.Errorf("it arrived at %v, want %v", got, r.now)
	}
	r.g.Retry(events[0], r.now.Add(20*time.Minute))
	r.g.Retry(events[1], r.now.Add(10*time.Minute))
	r.pass(time.Minute)
	r.append(p, records(4, 10, 1))
	for _, c := range []struct {
		name string
		pass time.Duration
		n    int
		want []string
	}{
		{"nothing is due", 0, 9, []string{}},
		{"a retry is due", 14 * time.Minute, 9, []string{"0/1"}},
		{"just before the end of the window", 45*time.Minute - time.Nanosecond, 1, []string{"0/0"}},
		{"the end of the window", time.Nanosecond, 1, []string{"0/2"}},
		{"more", 0, 9, []string{"0/3"}},
		{"the end of the next window, but the mapping's is full", time.Minute, 9, []string{"0/4"}},
	} {
		r.pass(c.pass)
		got := r.g.TakeOverdue([]*Event{nil}, 0, c.n, r.now)
		if diff := cmp.Diff(c.want, names(got[1:])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	r.wantHeld(0, 5, 5*recordBytes)
}
