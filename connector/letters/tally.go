package letters

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// tally counts what becomes of the letters of a replay.
type tally struct {
	before  int // delivered by an earlier replay
	chosen  int // the others that the filter takes
	started time.Time

	mu        sync.Mutex
	delivered map[string]int     // by mapping
	failed    map[[2]string]int  // by mapping and reason
	skipped   map[[2]string]seen // by mapping and reason
	abandoned map[string]int     // not tried because the endpoint had failed for others; by mapping
	forgotten int                // delivered, but Kafka has not said that it has the mark
}

type seen struct {
	letters int
	first   string // where the first of them lies
}

func newTally() *tally {
	return &tally{
		started: time.Now(), delivered: map[string]int{}, failed: map[[2]string]int{}, skipped: map[[2]string]seen{}, abandoned: map[string]int{},
	}
}

func (y *tally) deliver(mapping string, n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.delivered[mapping] += n
}

func (y *tally) fail(mapping, reason string, n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.failed[[2]string{mapping, reason}] += n
}

func (y *tally) skip(l *Letter, reason string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	k := [2]string{l.Mapping, reason}
	s := y.skipped[k]
	if s.letters++; s.letters == 1 {
		s.first = l.where()
	}
	y.skipped[k] = s
}

func (y *tally) abandon(mapping string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.abandoned[mapping]++
}

func (y *tally) forget(n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.forgotten += n
}

func sum[K comparable](m map[K]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func (y *tally) skips() (n int) {
	for _, s := range y.skipped {
		n += s.letters
	}
	return n
}

// show keeps a line on a terminal up to date.
func (y *tally) show(w io.Writer, done <-chan struct{}) {
	if w == nil {
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	defer fmt.Fprint(w, "\r\x1b[K")
	for {
		select {
		case <-tick.C:
			fmt.Fprint(w, "\r\x1b[K"+y.line())
		case <-done:
			return
		}
	}
}

func (y *tally) line() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	delivered, failed, skipped := sum(y.delivered), sum(y.failed), y.skips()+sum(y.abandoned)
	seconds := max(time.Since(y.started).Seconds(), 0.001)
	return fmt.Sprintf("%s of %s letters  %s/s  delivered %s  failed %s  skipped %s", number(delivered+failed+skipped), number(y.chosen),
		number(int(float64(delivered)/seconds)), number(delivered), number(failed), number(skipped))
}

func lettersText(n int) string { return number(n) + choose(n == 1, " letter", " letters") }

// mostReasons is how many reasons the report names; events may fail in as many ways as there are events.
const mostReasons = 20

// report says what became of the letters, and returns the error of the replay: why it could not go on, or ErrNotAll.
func (y *tally) report(w io.Writer, dry, stopped bool, failure error) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	delivered, failed, skipped, abandoned := sum(y.delivered), sum(y.failed), y.skips(), sum(y.abandoned)
	rest := max(0, y.chosen-delivered-failed-skipped-abandoned-y.forgotten)
	if y.chosen == 0 {
		fmt.Fprintf(w, "nothing to do: %s\n", choose(y.before > 0, "what was chosen, "+lettersText(y.before)+", has been delivered", "no letter was chosen"))
		return failure
	}
	fmt.Fprintf(w, "%s: %s %s", lettersText(y.chosen), number(delivered), choose(dry, "would be sent", "delivered"))
	for _, x := range []struct {
		n    int
		what string
	}{{failed, "failed"}, {skipped, "skipped"}, {abandoned + rest, choose(dry, "not looked at", "not tried to the end")}, {y.forgotten, "delivered, but perhaps not marked so"}} {
		if x.n > 0 {
			fmt.Fprintf(w, ", %s %s", number(x.n), x.what)
		}
	}
	if y.before > 0 {
		fmt.Fprintf(w, "; %s more had been delivered before", number(y.before))
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range slices.Sorted(maps.Keys(y.delivered)) {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", choose(dry, "to send", "delivered"), number(y.delivered[m]), plain(m, 40))
	}
	reasons(table, "failed", y.failed, func(n int) (int, string) { return n, "" })
	reasons(table, "skipped", y.skipped, func(s seen) (int, string) { return s.letters, " (the first: letter " + s.first + ")" })
	for _, m := range slices.Sorted(maps.Keys(y.abandoned)) {
		fmt.Fprintf(table, "  not tried\t%s\t%s: its endpoint did not take those that were tried\n", number(y.abandoned[m]), plain(m, 40))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	switch {
	case failure != nil:
		return failure
	case dry:
		return nil
	case stopped:
		return fmt.Errorf("%w: it was stopped; the same command goes on with the rest", ErrNotAll)
	case failed+abandoned+rest > 0:
		return fmt.Errorf("%w: what failed stays as it was, and the same command tries it again", ErrNotAll)
	case skipped > 0:
		return fmt.Errorf("%w: %s cannot be; --reason and --mapping leave them out", ErrNotAll, number(skipped))
	}
	return nil
}

// reasons lists reasons, the most frequent first.
func reasons[V any](w io.Writer, what string, m map[[2]string]V, of func(V) (int, string)) {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int {
		x, _ := of(m[a])
		y, _ := of(m[b])
		return cmp.Or(cmp.Compare(y, x), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	for i, k := range keys {
		if i == mostReasons {
			fmt.Fprintf(w, "  %s\t\tfor %s more reasons\n", what, number(len(keys)-i))
			break
		}
		n, more := of(m[k])
		text := plain(k[1], 200)
		if k[0] != "" {
			text = plain(k[0], 40) + ": " + text
		}
		fmt.Fprintf(w, "  %s\t%s\t%s%s\n", what, number(n), strings.TrimSpace(text), more)
	}
}
