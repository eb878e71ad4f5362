package connector

import (
	"testing"
	"time"
)

// However hard it is tried, no more go out than the rate allows; and no fewer.
func TestPaceKeepsTheRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ every, step time.Duration }{
		{20 * time.Millisecond, time.Millisecond},
		{20 * time.Millisecond, 7 * time.Millisecond},
		{time.Millisecond, 10 * time.Millisecond},
		{time.Minute, time.Second},
	} {
		p := newPace(c.every)
		var sent []time.Time
		end := epoch.Add(1000 * c.every)
		for now := epoch; now.Before(end); now = now.Add(c.step) {
			for p.ready(now) {
				p.spend(1, now)
				sent = append(sent, now)
			}
		}
		if n := len(sent); n < 980 || n > 1001+int(slack/c.every) {
			t.Errorf("one every %v: %d went out in the time of 1000", c.every, n)
		}
		for i, at := range sent { // in every second, or in the time of ten, whatever is longer
			span := max(time.Second, 10*c.every)
			within := 0
			for j := i; j < len(sent) && sent[j].Sub(at) < span; j++ {
				within++
			}
			if most := int(span/c.every) + int(slack/c.every) + 1; within > most {
				t.Fatalf("one every %v: %d within %v, at most %d are allowed", c.every, within, span, most)
			}
		}
	}
}

func TestPaceAfterARestAndWithExtraRequests(t *testing.T) {
	t.Parallel()
	p := newPace(time.Second)
	p.spend(1, epoch)
	p.spend(4, epoch) // quick retries, known only afterwards
	if p.ready(epoch.Add(4899*time.Millisecond)) || !p.ready(epoch.Add(4900*time.Millisecond)) {
		t.Errorf("after five requests the next is due at %v", p.next.Sub(epoch))
	}
	now := epoch.Add(time.Hour) // what was not used is not saved up
	n := 0
	for ; p.ready(now) && n < 10; n++ {
		p.spend(1, now)
	}
	if n != 1 {
		t.Errorf("%d went out at once after a rest, want 1", n)
	}
	var none *pace
	none.spend(1, epoch)
	if !none.ready(epoch) || newPace(0) != nil {
		t.Error("no limit is one")
	}
}
