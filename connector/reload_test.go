package connector_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"segment-webhooks/mapping"
)

// source is a mappings file that changes.
type source struct {
	mu   sync.Mutex
	text string
	err  error
}

func (r *rig) mappings(text string) *source {
	s := &source{text: text}
	r.reload.Load = func() (*mapping.Set, []mapping.Warning, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.err != nil {
			return nil, nil, s.err
		}
		return mapping.LoadText("mappings.yaml", []byte(s.text), noEnvironment, mapping.Options{})
	}
	r.reload.Loaded = text
	r.reload.Fingerprint = func() (string, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.text, s.err
	}
	return s
}

func (s *source) change(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = text
}

// fileOf defines mappings that each send every track event to a path of their own, as "name path" or "name path start".
func fileOf(mappings ...string) string {
	var b strings.Builder
	b.WriteString("mappings:\n")
	for _, m := range mappings {
		fields := strings.Fields(m)
		fmt.Fprintf(&b, "  - name: %s\n    trigger: type = \"track\"\n", fields[0])
		if len(fields) > 2 {
			fmt.Fprintf(&b, "    start: %s\n", fields[2])
		}
		fmt.Fprintf(&b, "    fields: {url: \"http://localhost%s\", method: POST, data: {\"@path\": \"$.\"}}\n", fields[1])
	}
	return b.String()
}

// Mappings that are added, removed and edited in a running connector: each begins, ends or goes on where it should, and nobody else
// notices.
func TestMappingsAreReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		s := r.mappings(fileOf("stays /stays", "edited /before", "goes /goes"))
		j := r.journal()
		defer r.start(r.config(), s.text)()
		pass(5 * time.Second)
		r.produce(track(0, 20)...)
		pass(5 * time.Second)

		s.change(fileOf("late /late", "early /early earliest", "edited /after", "stays /stays"))
		pass(5 * time.Second)
		r.produce(track(100, 20)...)
		pass(5 * time.Second)
		r.wantDelivered("/stays", 0, 20, 1)
		r.wantDelivered("/stays", 100, 20, 1)
		r.wantDelivered("/before", 0, 20, 1)
		r.wantDelivered("/before", 100, 20, 0)
		r.wantDelivered("/after", 0, 20, 0)
		r.wantDelivered("/after", 100, 20, 1)
		r.wantDelivered("/goes", 0, 20, 1)
		r.wantDelivered("/goes", 100, 20, 0)
		r.wantDelivered("/late", 0, 20, 0)
		r.wantDelivered("/late", 100, 20, 1)
		r.wantDelivered("/early", 0, 20, 1)
		r.wantDelivered("/early", 100, 20, 1)
		if sum := r.committed(0).At + r.committed(1).At; sum != 20 {
			t.Errorf("offsets that add up to %d are committed, want 20: the mapping that went is kept for a while", sum)
		}

		s.change(fileOf("goes /goes", "stays /stays"))
		pass(5 * time.Second)
		r.wantDelivered("/goes", 0, 20, 1)
		r.wantDelivered("/goes", 100, 20, 1)

		pass(20 * time.Minute) // the grace of those that went for good
		r.produce(track(200, 20)...)
		pass(5 * time.Second)
		if sum := r.committed(0).At + r.committed(1).At; sum != 60 {
			t.Errorf("offsets that add up to %d are committed, want 60", sum)
		}
		for _, name := range []string{"late", "early", "edited"} {
			if len(j.with("its place is given up", name, "undelivered_at_most=0")) != 2 {
				t.Errorf("that %s has lost its place is not said", name)
			}
		}
	})
}

// What waits behind a dead endpoint goes to the new one once the mapping is corrected, within its window, and what is in flight while the
// mappings are replaced counts.
func TestBacklogFollowsTheCorrectedMapping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.sickAndWell()
		s := r.mappings(fileOf("all /sick", "slow /slow"))
		defer r.start(r.config(), s.text)()
		answer := r.answer
		slow := time.Duration(0)
		r.answer = func(q *http.Request) int {
			if q.URL.Path == "/slow" {
				pass(slow)
			}
			return answer(q)
		}
		pass(5 * time.Second)
		r.produce(track(0, 50)...)
		pass(time.Hour)
		slow = 4 * time.Second
		r.produce(track(100, 10)...)
		s.change(fileOf("slow /slow", "all /well"))
		pass(10 * time.Minute) // the longest wait between attempts is five
		r.wantDelivered("/well", 0, 50, 1)
		r.wantDelivered("/well", 100, 10, 1)
		r.wantDelivered("/slow", 100, 10, 1)
		if at := r.committed(0).At; at != 60 {
			t.Errorf("%d is committed, want 60", at)
		}
	})
}

// A source with faults changes nothing, says so once, and is looked at again when it changes.
func TestFaultyMappingsChangeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		j := r.journal()
		s := r.mappings(fileOf("all /all"))
		defer r.start(r.config(), s.text)()
		s.change(strings.Replace(s.text, "type = ", "tipe = ", 1))
		pass(time.Minute)
		r.produce(track(0, 10)...)
		pass(5 * time.Second)
		r.wantDelivered("/all", 0, 10, 1)
		if lines := j.with("were not replaced", "mappings.yaml:3", "tipe"); len(lines) != 1 {
			t.Errorf("the fault is told %d times, want once: %v", len(lines), j.with(""))
		}
		s.mu.Lock()
		s.err = errors.New("no such file")
		s.mu.Unlock()
		pass(time.Minute)
		if lines := j.with("were not replaced", "no such file"); len(lines) != 1 {
			t.Errorf("that the file is gone is told %d times, want once", len(lines))
		}
		s.mu.Lock()
		s.err = nil
		s.mu.Unlock()
		s.change(fileOf("all /new"))
		pass(5 * time.Second)
		r.produce(track(100, 10)...)
		pass(5 * time.Second)
		r.wantDelivered("/new", 100, 10, 1)
	})
}

// However often the mappings are replaced while events come, go out, fail and are read back, everything arrives, and nothing twice.
func TestReplacedAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		defer r.close()
		heal := r.sickAndWell()
		orders := [][]string{{"a /a", "b /b", "sick /sick"}, {"sick /sick", "c /c", "b /b", "a /a"}, {"b /b", "sick /sick", "a /a"}}
		s := r.mappings(fileOf(orders[0]...))
		defer r.start(r.config(), s.text)()
		pass(5 * time.Second)
		for i := range 40 {
			r.produce(track(100*i, 30)...)
			s.change(fileOf(orders[i%3]...))
			pass(time.Duration(i%5) * 700 * time.Millisecond)
		}
		s.change(fileOf(orders[1]...))
		heal()
		pass(5 * time.Minute)
		for i := range 40 {
			for _, path := range []string{"/a", "/b", "/sick"} {
				r.wantDelivered(path, 100*i, 30, 1)
			}
		}
	})
}
