package connector_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// numbered is what the events of these tests say: the n-th of a key.
type numbered struct {
	Key string `json:"event"`
	N   int    `json:"n"`
}

// witness is an endpoint that knows which event of each key must come next.
type witness struct {
	t     *testing.T
	mu    sync.Mutex
	rnd   *rand.Rand
	next  map[string]int // by key: all before has been accepted
	last  map[string]int // by key: what was accepted last
	fails func(*rand.Rand, numbered) int
	lag   time.Duration // of an answer, at most

	accepted, requests int
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	return &witness{
		t: t, rnd: rand.New(rand.NewPCG(1, 2)), next: map[string]int{}, last: map[string]int{},
		fails: func(*rand.Rand, numbered) int { return http.StatusOK }, lag: 50 * time.Millisecond,
	}
}

// answer judges a request: no event of it may come while one before it has not been accepted.
func (w *witness) answer(out http.ResponseWriter, _ *http.Request, body []byte) int {
	var events []numbered
	if json.Unmarshal(body, &events) != nil {
		var one numbered
		if err := json.Unmarshal(body, &one); err != nil {
			w.t.Errorf("body %q: %v", body, err)
		}
		events = []numbered{one}
	}
	w.mu.Lock()
	w.requests++
	status := http.StatusOK
	for _, ev := range events {
		status = max(status, w.fails(w.rnd, ev))
	}
	wait := time.Duration(w.rnd.Int64N(int64(w.lag)))
	next := map[string]int{}
	for _, ev := range events {
		if _, ok := next[ev.Key]; !ok {
			next[ev.Key] = w.next[ev.Key]
		}
		if ev.N > next[ev.Key] {
			w.t.Errorf("event %d of key %q comes before event %d was accepted", ev.N, ev.Key, next[ev.Key])
		}
		next[ev.Key] = max(next[ev.Key], ev.N+1)
	}
	w.mu.Unlock()
	pass(wait)
	w.mu.Lock()
	if status == http.StatusOK {
		for _, ev := range events {
			w.next[ev.Key] = max(w.next[ev.Key], ev.N+1)
			w.last[ev.Key] = ev.N
			w.accepted++
		}
	}
	w.mu.Unlock()
	out.WriteHeader(status)
	return status
}

// all reports whether n events of each key were accepted, the last one last.
func (w *witness) all(keys, n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := range keys {
		if key := fmt.Sprint("key ", k); w.next[key] != n || w.last[key] != n-1 {
			w.t.Logf("%s: %d of %d are accepted, the last was %d", key, w.next[key], n, w.last[key])
			return false
		}
	}
	return true
}

// produceKeyed produces events number from to below to of each key, in turns.
func (r *rig) produceKeyed(keys, from, to int) {
	r.t.Helper()
	for n := from; n < to; n++ {
		for k := range keys {
			key := fmt.Sprint("key ", k)
			r.client.Produce(r.t.Context(), &kgo.Record{
				Key: []byte(key), Value: fmt.Appendf(nil, `{"type":"track","event":%q,"n":%d}`, key, n),
			}, nil)
		}
	}
	if err := r.client.Flush(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func orderedMapping(ordering string, batched bool) string {
	text := strings.Replace(oneMapping, `trigger: type = "track"`, "trigger: type = \"track\"\n    ordering: "+ordering, 1)
	if batched {
		text += "      enable_batching: true\n      batch_size: 7\n"
	}
	return text
}

// Whatever fails, however often the connector starts anew, and while partitions move between members: no event overtakes one that it has to wait for, and the last one comes last.
func TestOrderHolds(t *testing.T) {
	t.Parallel()
	const keys, n = 6, 60
	for _, ordering := range []string{"key", "partition"} {
		for _, batched := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, batched %v", ordering, batched), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, 3)
					defer r.close()
					w := newWitness(t)
					w.fails = func(rnd *rand.Rand, _ numbered) int {
						if rnd.IntN(12) == 0 {
							return []int{503, 500, 429, 408}[rnd.IntN(4)]
						}
						return http.StatusOK
					}
					r.reply = w.answer
					cfg := r.config()
					cfg.Delivery.RetryMax = 20 * time.Second
					for i := range 4 {
						r.produceKeyed(keys, n*i/4, n*(i+1)/4)
						stop := r.start(cfg, orderedMapping(ordering, batched))
						pass(time.Duration(1+3*i) * time.Second)
						stopOther := r.start(cfg, orderedMapping(ordering, batched)) // partitions move to it, and then all of them
						pass(time.Duration(4+i) * time.Second)
						stop()
						pass(time.Duration(i) * time.Second)
						stopOther()
					}
					stop := r.start(cfg, orderedMapping(ordering, batched))
					defer stop()
					pass(2 * time.Hour)
					if !w.all(keys, n) {
						t.Error("not all has arrived, or not in order")
					}
				})
			})
		}
	}
}

// A key whose event is not taken keeps its own events waiting and no others.
func TestOneKeyThatIsStuck(t *testing.T) {
	t.Parallel()
	for _, batched := range []bool{false, true} {
		t.Run(fmt.Sprint("batched ", batched), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				w := newWitness(t)
				var stuck sync.Map
				stuck.Store("stuck", true)
				w.fails = func(_ *rand.Rand, ev numbered) int {
					if _, is := stuck.Load("stuck"); is && ev.Key == "key 0" && ev.N == 3 {
						return http.StatusInternalServerError
					}
					return http.StatusOK
				}
				r.reply = w.answer
				stop := r.start(r.config(), orderedMapping("key", batched))
				defer stop()
				const keys, n = 4, 40
				r.produceKeyed(keys, 0, n)
				pass(10 * time.Minute)
				w.mu.Lock()
				if w.next["key 0"] != 3 {
					t.Errorf("%d events of the stuck key were accepted, want 3", w.next["key 0"])
				}
				if !batched { // a batch that holds the stuck event fails as a whole
					for _, key := range []string{"key 1", "key 2", "key 3"} {
						if w.next[key] != n {
							t.Errorf("%d events of %s were accepted, want all: it has nothing to do with the one that is stuck", w.next[key], key)
						}
					}
				}
				w.mu.Unlock()
				stuck.Delete("stuck")
				pass(time.Hour)
				if !w.all(keys, n) {
					t.Error("not all has arrived once the stuck event was taken")
				}
			})
		})
	}
}

// What is refused is dead-lettered before what waits for it goes out; the halves of a batch wait for each other as well.
func TestRefusedEventsKeepTheOrder(t *testing.T) {
	t.Parallel()
	for _, batched := range []bool{false, true} {
		t.Run(fmt.Sprint("batched ", batched), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				var mu sync.Mutex
				var order []int
				failed := false
				r.reply = func(w http.ResponseWriter, _ *http.Request, body []byte) int {
					mu.Lock()
					defer mu.Unlock()
					var events []numbered
					if json.Unmarshal(body, &events) != nil {
						events = make([]numbered, 1)
						_ = json.Unmarshal(body, &events[0])
					}
					status := http.StatusOK
					for _, ev := range events {
						if ev.N%5 == 2 {
							status = http.StatusBadRequest
						}
					}
					if status == http.StatusOK && !failed && events[0].N == 3 { // once the second half of a half
						failed, status = true, http.StatusInternalServerError
					}
					if status == http.StatusOK {
						for _, ev := range events {
							order = append(order, ev.N)
						}
					}
					w.WriteHeader(status)
					return status
				}
				stop := r.start(r.config(), orderedMapping("partition", batched))
				r.produceKeyed(1, 0, 20)
				pass(10 * time.Minute)
				stop()
				mu.Lock()
				defer mu.Unlock()
				want := "[0 1 3 4 5 6 8 9 10 11 13 14 15 16 18 19]"
				if got := fmt.Sprint(order); got != want {
					t.Errorf("accepted: %s, want %s", got, want)
				}
				if dead := len(r.topic("segment-webhooks.dlq")); dead != 4 {
					t.Errorf("%d dead letters, want 4", dead)
				}
			})
		})
	}
}

// A request that does not end must not arrive after what the next owner of its partition sends.
func TestARequestThatHangsIsCutOffWithItsPartition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var mu sync.Mutex
		hung := false
		var cutOff time.Time
		r.reply = func(w http.ResponseWriter, q *http.Request, _ []byte) int {
			mu.Lock()
			first := !hung
			hung = true
			mu.Unlock()
			if first {
				<-q.Context().Done()
				mu.Lock()
				cutOff = time.Now()
				mu.Unlock()
				return 0
			}
			w.WriteHeader(http.StatusOK)
			return http.StatusOK
		}
		cfg := r.config()
		cfg.Delivery.RequestTimeout = 10 * time.Minute
		stop := r.start(cfg, orderedMapping("key", false))
		r.produceKeyed(1, 0, 2)
		pass(time.Second)
		stop()
		stopped := time.Now()
		pass(time.Second)
		mu.Lock()
		if cutOff.IsZero() || cutOff.After(stopped) {
			t.Errorf("the hanging request ended at %v, the connector at %v", cutOff, stopped)
		}
		mu.Unlock()
		stop = r.start(cfg, orderedMapping("key", false))
		defer stop()
		pass(time.Minute)
		if got := len(r.deliveries(http.StatusOK)); got != 2 {
			t.Errorf("%d events arrived after the restart, want 2", got)
		}
	})
}
