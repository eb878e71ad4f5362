package lane

import "testing"

func TestStrayKnowsWhereItIsFrom(t *testing.T) {
	t.Parallel()
	ev := Stray("events", 3, &Record{Offset: 7})
	if p := ev.Partition(); p.Topic != "events" || p.Number != 3 || ev.Offset != 7 {
		t.Errorf("%s/%d at %d, want events/3 at 7", p.Topic, p.Number, ev.Offset)
	}
}
