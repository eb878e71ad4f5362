//go:build torture && linux

package torture

import (
	"testing"
	"time"
)

// A delivery that comes again was forgotten in the fault it fell into, or in the next one.
func TestHistoryNamesTheCause(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	h := &history{}
	h.add(during{name: "first", from: at(10), to: at(12)})
	h.add(during{name: "second", from: at(20), to: at(25)})
	for second, want := range map[int]string{5: "first", 11: "first", 15: "second", 24: "second", 30: noFault} {
		if got := h.cause(at(second)); got != want {
			t.Errorf("what was delivered at %d was forgotten in %q, want %q", second, got, want)
		}
	}
}
