package lane

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestSamplesAreCloseEnoughForTheWindowAndFarEnoughForTheMetadata(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ window, want time.Duration }{
		{time.Second, time.Second},
		{time.Minute, 1250 * time.Millisecond},
		{time.Hour, 75 * time.Second},
		{4 * time.Hour, 5 * time.Minute},
		{7 * 24 * time.Hour, 5 * time.Minute},
	} {
		if got := sampleEvery(c.window); got != c.want {
			t.Errorf("every %v for %v, want %v", got, c.window, c.want)
		}
	}
}

// Records come at random times; what the index says of each is never early, and late by one interval at most.
func TestArrivalsAreLateByOneIntervalAtMost(t *testing.T) {
	t.Parallel()
	const every = 5 * time.Minute
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var a arrivals
		var when []time.Time
		now := simStart
		for now.Before(simStart.Add(4 * time.Hour)) {
			for range 1 + rnd.IntN(10) {
				when = append(when, now)
			}
			a.note(int64(len(when)), now, every)
			now = now.Add(time.Duration(rnd.Int64N(int64(time.Second) << rnd.IntN(12))))
		}
		if len(a) > maxSamples {
			t.Fatalf("seed %d: %d samples", seed, len(a))
		}
		for o, truth := range when {
			got, ok := a.at(int64(o))
			if late := got.Sub(truth); !ok || late < 0 || late > every+time.Second {
				t.Fatalf("seed %d: offset %d was read at %v, the index says %v, %v", seed, o, truth, got, ok)
			}
		}
		if got, ok := a.at(int64(len(when))); ok {
			t.Fatalf("seed %d: the index says %v for what has not been read", seed, got)
		}
	}
}

// Thinning keeps the newest part as it is, and errs late for the rest.
func TestThinningErrsLateOnly(t *testing.T) {
	t.Parallel()
	const every = time.Minute
	var a arrivals
	when := []time.Time{}
	for now := simStart; len(when) < 3000; now = now.Add(20 * time.Second) {
		when = append(when, now)
		a.note(int64(len(when)), now, every)
		if len(a) > maxSamples {
			t.Fatalf("%d samples", len(a))
		}
		for o := max(0, len(when)-30); o < len(when); o++ { // the newest ten minutes stay as they are
			if got, ok := a.at(int64(o)); !ok || got.Before(when[o]) || got.Sub(when[o]) > every {
				t.Fatalf("of %d, offset %d was read at %v, the index says %v, %v", len(when), o, when[o], got, ok)
			}
		}
	}
	for _, n := range []int{maxSamples, 17, 5, 2, 1} {
		thin := a.thinned(n)
		if len(thin) != min(n, len(a)) {
			t.Errorf("%d samples, want %d", len(thin), min(n, len(a)))
		}
		for o, truth := range when {
			got, ok := thin.at(int64(o))
			if !ok || got.Before(truth) {
				t.Fatalf("%d samples: offset %d was read at %v, the index says %v, %v", n, o, truth, got, ok)
			}
		}
	}
	if got := a.thinned(0); len(got) != 0 {
		t.Errorf("%d samples, want none", len(got))
	}
}

func TestAClockThatIsSetBackMakesArrivalsLate(t *testing.T) {
	t.Parallel()
	const every = time.Minute
	var a arrivals
	now := simStart
	for o := int64(1); o <= 100; o++ {
		switch o {
		case 10, 50:
			now = now.Add(-time.Hour)
		}
		a.note(o, now, every)
		for x := range o {
			if got, ok := a.at(x); !ok || x == o-1 && got.Before(now) {
				t.Fatalf("offset %d was read at %v, the index says %v, %v", x, now, got, ok)
			}
		}
		now = now.Add(10 * time.Second)
	}
	forgotten := append(arrivals(nil), a...)
	forgotten.restart(200, now)
	if got, ok := forgotten.at(150); !ok || got.Before(time.Unix(a[len(a)-1].at, 0)) || len(forgotten) != 1 {
		t.Errorf("all is forgotten: 150 was read at %v, %v; want not before %v", got, ok, time.Unix(a[len(a)-1].at, 0))
	}
	last := sample{}
	for _, s := range a {
		if s.offset <= last.offset || s.at < last.at {
			t.Fatalf("%+v comes after %+v", s, last)
		}
		last = s
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	const window = 4 * time.Hour
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 1000), mapping("b", 1000)}, Window: window})
	p := r.assign(0)
	var read []time.Time
	for range 200 {
		r.pass(17 * time.Second)
		r.append(p, records(p.Head(), p.Head()+1, 1))
		read = append(read, r.now)
	}
	r.pass(time.Hour)
	for _, e := range r.take(0, 100) {
		if want := read[e.Offset].Add(window); !e.Deadline.Equal(want) {
			t.Errorf("from the head: deadline of %d is %v, want exactly %v", e.Offset, e.Deadline, want)
		}
	}
	c := r.g.Snapshot(p, 4096)
	r.pass(time.Hour)
	r.g.Assign(Restored{Offset: c.Offset, Metadata: c.Metadata}, r.now)
	r.g.Finish(r.wantRead(0, 0, 1), records(0, 200, 1), r.now)
	events := r.take(0, 200)
	if len(events) != 200 {
		t.Fatalf("%d events after the restart, want 200", len(events))
	}
	for _, e := range events {
		if late := e.Deadline.Sub(read[e.Offset].Add(window)); late < 0 || late > sampleEvery(window)+time.Second {
			t.Errorf("after a restart: deadline of %d is %v late", e.Offset, late)
		}
	}
}

// What is below every cursor needs no samples: the room is for the backlog.
func TestABacklogOfFourHoursHasFineSamples(t *testing.T) {
	t.Parallel()
	const window = 4 * time.Hour
	r := newRig(t, Settings{Lanes: []Identity{mapping("a", 1<<20)}, Window: window})
	p := r.assign(0)
	read := map[int64]time.Time{}
	var held []*Event
	for range 24 * 60 { // a day, one record each minute; an event is settled after four hours
		r.pass(time.Minute)
		read[p.Head()] = r.now
		r.append(p, records(p.Head(), p.Head()+1, 1))
		held = append(held, r.take(0, 10)...)
		if len(held) > 4*60 {
			r.settle(held[0])
			held = held[1:]
		}
		r.g.Acked(r.g.Snapshot(p, 4096))
	}
	c := r.g.Snapshot(p, 4096)
	p = r.g.Assign(Restored{Offset: c.Offset, Metadata: c.Metadata}, r.now).Partition
	for o := c.Offset; o < p.Head(); o++ {
		if got, ok := p.arrivals.at(o); !ok || got.Before(read[o]) || got.Sub(read[o]) > sampleEvery(window)+time.Second {
			t.Fatalf("%d was read at %v, the index says %v, %v", o, read[o], got, ok)
		}
	}
}

// For its mapping an old record is new: nobody has tried to deliver it before. The window of the others grows as well; it never shrinks.
func TestAMappingThatBeginsBelowTheHeadHasItsWholeWindow(t *testing.T) {
	t.Parallel()
	early := mapping("replay", 100)
	early.Start.Kind = StartEarliest
	f := facts{base: 50, front: 100, arrivals: arrivals{{100, simStart.Unix() - 3000}}, lanes: []laneFacts{at("a", 50)}}
	text, _, _ := f.encode(4096)
	committed := Commit{Offset: 50, Metadata: text}
	for restarts := range 3 { // and it goes on after a restart
		r := newRig(t, Settings{Lanes: []Identity{early, mapping("a", 100)}, Window: time.Hour})
		r.pass(time.Duration(restarts) * 10 * time.Minute)
		p := r.g.Assign(Restored{Offset: committed.Offset, Metadata: committed.Metadata, LogStart: 0}, r.now).Partition
		r.g.Finish(r.wantRead(0, 0, 0b11), records(0, 60, 0b11), r.now)
		for m := range 2 {
			e := r.take(m, 1)
			if want := simStart.Add(time.Hour); len(e) != 1 || !e[0].Deadline.Equal(want) {
				t.Errorf("mapping %d: %d events until %v, want one until %v", m, len(e), e[0].Deadline, want)
			}
		}
		committed = r.g.Snapshot(p, 4096)
	}
}
