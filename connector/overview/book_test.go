package overview_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/overview"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// open opens a book with a number of accounts.
func open(accounts int, bodies bool) (*overview.Book, []*overview.Account) {
	b := overview.New(bodies, begin)
	ids := make([]string, accounts)
	for i := range ids {
		ids[i] = fmt.Sprint("mapping ", i)
	}
	return b, b.Use(ids, begin)
}

func writtenBefore(at time.Time, delays ...time.Duration) func(int) time.Time {
	return func(i int) time.Time { return at.Add(-delays[i]) }
}

func noSample() overview.Sample { return overview.Sample{} }

func TestPipeline(t *testing.T) {
	b, a := open(3, false)
	now := begin.Add(2 * time.Minute)
	b.Read(now, 10, 1, []int{4, 9, 0, 0, 0})
	a[0].Delivered(now, 2, writtenBefore(now, time.Second, time.Second))
	a[0].Failed(overview.Reason{Status: 503}, 1, overview.Answer{At: now, Status: 503}, noSample)
	a[0].Failed(overview.Reason{GivenUp: true, Why: "rejected", Status: 401}, 1, overview.Answer{At: now, Status: 401}, noSample)
	for _, s := range overview.Spans() {
		r := b.Report(s, now)
		l := r.Mappings[0]
		if r.Records != 10 || r.Undecodable != 1 || l.Received != 9 || l.Matched != 4 || l.Filtered() != 5 || l.Delivered != 2 || l.Retried != 1 || l.Failed != 1 {
			t.Errorf("%v: got %d records, %d undecodable, %+v", s, r.Records, r.Undecodable, l)
		}
		if r.Mappings[1].Matched != 9 || r.Mappings[2].Matched != 0 || r.Mappings[2].Filtered() != 9 {
			t.Errorf("%v: matched %d and %d, want 9 and 0", s, r.Mappings[1].Matched, r.Mappings[2].Matched)
		}
		if r.Covered != min(2*time.Minute, s.Duration()) {
			t.Errorf("%v: covered %v, want the two minutes that there are", s, r.Covered)
		}
	}
}

// What is older than a span is not in it, whether other things happened meanwhile or not.
func TestForgets(t *testing.T) {
	for _, busy := range []bool{false, true} {
		b, a := open(1, false)
		fail := func(at time.Time) {
			b.Read(at, 1, 0, []int{1})
			a[0].Failed(overview.Reason{Status: 500}, 1, overview.Answer{At: at}, noSample)
			a[0].Delivered(at, 1, writtenBefore(at, time.Minute))
		}
		fail(begin)
		for at := begin; busy && at.Before(begin.Add(25*time.Hour)); at = at.Add(9 * time.Second) {
			b.Read(at, 1, 0, nil)
			a[0].Delivered(at, 0, nil)
		}
		for _, c := range []struct {
			after time.Duration
			in    [3]uint64 // 10m, 1h, 24h
		}{
			{9*time.Minute + 50*time.Second, [3]uint64{1, 1, 1}},
			{10*time.Minute + 10*time.Second, [3]uint64{0, 1, 1}},
			{61 * time.Minute, [3]uint64{0, 0, 1}},
			{25 * time.Hour, [3]uint64{0, 0, 0}},
		} {
			if busy && c.after < 25*time.Hour {
				continue // the busy book has moved on
			}
			for s, want := range c.in {
				r := b.Report(overview.Span(s), begin.Add(c.after))
				l := r.Mappings[0]
				if l.Matched != want || l.Delivered != want || l.Retried != want || len(l.Reasons) != int(want) || (l.Delay > 0) != (want > 0) {
					t.Errorf("busy %v, %v later, %v: matched %d, delivered %d, retried %d, %d reasons, delay %v; want %d of each",
						busy, c.after, overview.Span(s), l.Matched, l.Delivered, l.Retried, len(l.Reasons), l.Delay, want)
				}
			}
		}
	}
}

// What is told late counts in the step it belongs to, and nothing is counted that has left the span.
func TestLate(t *testing.T) {
	b, a := open(1, false)
	now := begin.Add(time.Hour)
	a[0].Delivered(now, 1, writtenBefore(now, 0))
	a[0].Delivered(now.Add(-30*time.Second), 1, writtenBefore(now, 0))
	a[0].Delivered(now.Add(-30*time.Minute), 1, writtenBefore(now, 0))
	l := b.Report(overview.TenMinutes, now).Mappings[0]
	if l.Delivered != 2 || l.DeliveredBy[overview.Steps-1] != 1 || l.DeliveredBy[overview.Steps-4] != 1 {
		t.Errorf("delivered %d: %v", l.Delivered, l.DeliveredBy)
	}
}

func TestSlowestTwentieth(t *testing.T) {
	for _, c := range []struct{ most, tail time.Duration }{
		{200 * time.Microsecond, 200 * time.Microsecond},
		{3 * time.Millisecond, 40 * time.Millisecond},
		{80 * time.Millisecond, 900 * time.Millisecond},
		{2 * time.Second, 3 * time.Hour},
		{0, 90 * 24 * time.Hour},
	} {
		b, a := open(1, false)
		for i := range 100 {
			took := c.most
			if i%10 == 0 {
				took = c.tail
			}
			a[0].Answered(begin, took)
			a[0].Delivered(begin, 1, writtenBefore(begin, took))
		}
		l := b.Report(overview.Hour, begin).Mappings[0]
		from, to := c.tail*2/3, c.tail*3/2+time.Millisecond
		if c.tail > 72*time.Hour {
			from, to = 72*time.Hour, 200*time.Hour // beyond the last bucket
		}
		if l.Delay != l.Answer || l.Delay < from || l.Delay > to {
			t.Errorf("a tenth takes %v: got %v and %v", c.tail, l.Delay, l.Answer)
		}
	}
}

func TestSamples(t *testing.T) {
	b, a := open(1, true)
	taken := 0
	why := overview.Reason{Why: "timeout"}
	for i := range 1000 { // ten a second
		at := begin.Add(time.Duration(i) * 100 * time.Millisecond)
		a[0].Failed(why, 1, overview.Answer{At: at, Error: fmt.Sprint(i)}, func() overview.Sample {
			taken++
			return overview.Sample{At: at, Offset: int64(i), Bodies: &overview.Bodies{Read: overview.Clip([]byte("read"))}}
		})
	}
	f := b.Report(overview.Hour, begin.Add(100*time.Second)).Mappings[0].Reasons[0]
	if f.Count != 1000 || f.Last.Error != "999" {
		t.Errorf("counted %d, the last is %q", f.Count, f.Last.Error)
	}
	if len(f.Samples) != overview.Samples || taken > 111 {
		t.Errorf("%d samples, %d were asked for", len(f.Samples), taken)
	}
	for i, s := range f.Samples[1:] {
		if !s.At.Before(f.Samples[i].At) || s.Bodies == nil || s.Bodies.Read.Text != "read" {
			t.Errorf("sample %d: %+v after %+v", i+1, s, f.Samples[i])
		}
	}
}

// Without leave, no body stays.
func TestNoBodies(t *testing.T) {
	b, a := open(1, false)
	a[0].Failed(overview.Reason{}, 1, overview.Answer{At: begin}, func() overview.Sample {
		return overview.Sample{Bodies: &overview.Bodies{Read: overview.Clip([]byte("personal"))}}
	})
	if s := b.Report(overview.Hour, begin).Mappings[0].Reasons[0].Samples[0]; s.Bodies != nil {
		t.Errorf("the sample holds %+v", *s.Bodies)
	}
}

// However many mappings, reasons and bytes there are, what is kept is bounded.
func TestBounds(t *testing.T) {
	const mappings = 50
	b, a := open(mappings, true)
	large := []byte(strings.Repeat("x", 1<<20))
	offset := int64(0)
	for m := range mappings {
		for status := 400; status < 600; status++ {
			for range overview.Samples {
				offset++
				a[m].Failed(overview.Reason{GivenUp: status%2 == 0, Status: status}, 1, overview.Answer{At: begin}, func() overview.Sample {
					return overview.Sample{Offset: offset, Bodies: &overview.Bodies{Read: overview.Clip(large), Sent: overview.Clip(large), Answered: overview.Clip(large)}}
				})
			}
		}
	}
	r := b.Report(overview.Day, begin)
	bytes, last := 0, int64(0)
	for m := range r.Mappings {
		total := uint64(0)
		if n := len(r.Mappings[m].Reasons); n > 14 {
			t.Errorf("mapping %d has %d reasons", m, n)
		}
		for _, f := range r.Mappings[m].Reasons {
			total += f.Count
			for _, s := range f.Samples {
				last = max(last, s.Offset)
				if s.Bodies != nil {
					bytes += len(s.Bodies.Read.Text) + len(s.Bodies.Sent.Text) + len(s.Bodies.Answered.Text)
					if s.Bodies.Read.Size != len(large) {
						t.Fatalf("the body is said to have %d bytes", s.Bodies.Read.Size)
					}
				}
			}
		}
		if total != 200*overview.Samples {
			t.Errorf("mapping %d: the reasons count %d failures of %d", m, total, 200*overview.Samples)
		}
	}
	if bytes == 0 || bytes > 4<<20 {
		t.Errorf("%d bytes of bodies are kept", bytes)
	}
	if last == 0 {
		t.Error("no sample is kept")
	}
}

func TestConcurrentUse(t *testing.T) {
	b, a := open(2, true)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 500 {
				at := begin.Add(time.Duration(i) * time.Second)
				b.Read(at, 2, 0, []int{1, 2})
				a[g%2].Answered(at, time.Second)
				a[g%2].Delivered(at, 1, writtenBefore(at, time.Second))
				a[g%2].Failed(overview.Reason{}, 1, overview.Answer{At: at}, func() overview.Sample {
					return overview.Sample{Bodies: &overview.Bodies{Read: overview.Clip(make([]byte, 4096))}}
				})
				if i%50 == 0 {
					b.Report(overview.Hour, at)
				}
			}
		})
	}
	all.Wait()
	if got := b.Report(overview.Hour, begin.Add(500*time.Second)); got.Records != 4000 || got.Mappings[1].Delivered != 1000 {
		t.Errorf("got %d records, %d delivered", got.Records, got.Mappings[1].Delivered)
	}
}

// A connector without a page has no book.
func TestNilBook(t *testing.T) {
	var b *overview.Book
	b.Read(begin, 1, 0, nil)
	if accounts := b.Use([]string{"one"}, begin); accounts != nil {
		t.Errorf("it opens %d accounts", len(accounts))
	}
	var a *overview.Account
	a.Answered(begin, 0)
	a.Delivered(begin, 1, nil)
	a.Failed(overview.Reason{}, 1, overview.Answer{}, nil)
	if a.Bodies() {
		t.Error("it wants bodies")
	}
}

// Mappings that stay keep what is remembered of them, wherever they stand then; a new one begins with nothing, and one that comes back does too.
func TestMappingsChange(t *testing.T) {
	b := overview.New(false, begin)
	old := b.Use([]string{"goes", "stays", ""}, begin)
	b.Read(begin, 10, 0, []int{3, 7, 0})
	old[1].Delivered(begin, 7, func(int) time.Time { return begin })

	later := begin.Add(5 * time.Minute)
	accounts := b.Use([]string{"new", "", "stays"}, later)
	if accounts[2] != old[1] || accounts[1] != old[2] {
		t.Error("the accounts of mappings that stay are others")
	}
	b.Read(later, 5, 0, []int{2, 0, 4})
	old[0].Failed(overview.Reason{}, 1, overview.Answer{At: later}, noSample) // was under way
	r := b.Report(overview.TenMinutes, later)
	got := map[string][4]uint64{}
	for _, m := range r.Mappings {
		got[m.ID] = [4]uint64{m.Received, m.Matched, m.Delivered, m.Retried}
	}
	want := map[string][4]uint64{"new": {5, 2, 0, 0}, "": {15, 0, 0, 0}, "stays": {15, 11, 7, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("received, matched, delivered and retried (-want +got):\n%s", diff)
	}
	b.Use([]string{"goes", "stays"}, later.Add(time.Minute))
	if m := b.Report(overview.TenMinutes, later.Add(time.Minute)).Mappings[0]; m.ID != "goes" || m.Matched != 0 || m.Retried != 0 {
		t.Errorf("the mapping that came back has %+v", m)
	}
}

func TestParseSpan(t *testing.T) {
	for _, s := range overview.Spans() {
		if got, ok := overview.ParseSpan(s.String()); !ok || got != s {
			t.Errorf("%v becomes %v, %v", s, got, ok)
		}
	}
	if _, ok := overview.ParseSpan("7d"); ok {
		t.Error("7d is a span")
	}
	if diff := cmp.Diff([]time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour},
		[]time.Duration{overview.TenMinutes.Duration(), overview.Hour.Duration(), overview.Day.Duration()}); diff != "" {
		t.Error(diff)
	}
}
