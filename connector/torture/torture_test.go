//go:build torture && linux

package torture

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

var (
	duration = flag.Duration("duration", 3*time.Minute, "how long things break; what is open then gets three minutes more")
	seed     = flag.Uint64("seed", 1, "decides which faults come, in which order")
	perSec   = flag.Int("rate", 200, "events in a second; a third of them in transactions, a tenth to the compacted topic")
	only     = flag.String("faults", "", "only the faults whose name this regular expression matches")
	calm     = flag.Bool("calm", false, "endpoints are always well")
	report   = flag.String("report", "", "append the report to this file as well")
	logs     = flag.String("logs", "", "keep what the connectors write in this folder")
)

const nodes = 3

// run is one run of the torture.
type run struct {
	*setup
	t         testing.TB
	random    *rand.Rand
	ledger    *ledger
	history   *history
	endpoints []*endpoint
	members   []*member
	guest     *member
	admin     *kadm.Client
	revision  int
}

func TestTorture(t *testing.T) {
	runtime.LockOSThread() // the connectors die with the thread that has started them
	r := newRun(t)
	began := time.Now()
	producing, stop := context.WithCancel(t.Context())
	defer stop()
	var sources, moods sync.WaitGroup
	var numbers atomic.Int64
	for i, produce := range []func(*source){
		func(s *source) { s.plain(producing, *perSec*17/30) },
		func(s *source) { s.transactions(producing, *perSec/3) },
		func(s *source) { s.keyed(producing, *perSec/10) },
	} {
		s := &source{t: t, cluster: r.cluster, ledger: r.ledger, topic: r.topics[i], numbers: &numbers, random: rand.New(rand.NewPCG(*seed, uint64(100+i)))}
		sources.Go(func() { produce(s) })
	}
	for i, e := range r.endpoints {
		random := rand.New(rand.NewPCG(*seed, uint64(200+i)))
		if !*calm {
			moods.Go(func() { swing(producing, e, random) })
		}
	}
	reading, done := context.WithCancel(t.Context())
	defer done()
	r.readLetters(reading)

	for _, f := range pick(r.random, regexp.MustCompile(*only), 10_000) {
		if time.Since(began) > *duration {
			break
		}
		from := time.Now()
		what := f.do(r)
		r.history.add(during{f.name, what, from, time.Now()})
		t.Logf("%6.1f s  %-28s %s", from.Sub(began).Seconds(), f.name, what)
		for _, m := range r.members {
			m.revive()
		}
		r.wait(500*time.Millisecond, 4*time.Second)
	}
	stop()
	sources.Wait()
	moods.Wait()
	open := r.drain()
	for _, m := range append(r.members, r.guest) {
		if m.command != nil {
			m.stop()
		}
	}
	v := r.ledger.judge(r.history)
	text := r.text(v, time.Since(began))
	fmt.Println(text)
	if *report != "" {
		appendTo(t, *report, text)
	}
	v.check(t, open)
	r.checkOffsets()
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Error(err)
	}
}

func newRun(t *testing.T) *run {
	t.Helper()
	folder := *logs
	if folder == "" {
		folder = t.TempDir()
	} else if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "connector")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/connector").CombinedOutput(); err != nil {
		t.Fatalf("building the connector: %v\n%s", err, out)
	}
	const connectors = 3
	c := kafkatest.StartBehindDoors(t, nodes, connectors)
	r := &run{
		setup: &setup{binary: binary, folder: folder, cluster: c, group: "torture"},
		t:     t, random: rand.New(rand.NewPCG(*seed, 1)), ledger: newLedger(), history: &history{},
		admin: kadm.NewClient(c.Client(t)),
	}
	r.topics = []string{
		c.Topic(t, 6, nil), c.Topic(t, 3, nil),
		c.Topic(t, 2, map[string]string{"cleanup.policy": "compact", "segment.ms": "5000", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "5000"}),
	}
	r.letters = c.Topic(t, 3, map[string]string{"message.timestamp.type": "LogAppendTime"})
	for i := range mappings {
		r.endpoints = append(r.endpoints, newEndpoint(t, i, r.ledger))
	}
	r.writeMappings()
	for i := range connectors {
		m := &member{t: t, setup: r.setup, name: fmt.Sprintf("connector-%d", i), door: i}
		m.start()
		t.Cleanup(m.kill)
		r.members = append(r.members, m)
	}
	r.guest = &member{t: t, setup: r.setup, name: "guest", door: 0}
	t.Cleanup(func() {
		if r.guest.command != nil {
			r.guest.kill()
		}
	})
	return r
}

func (r *run) writeMappings() {
	name := filepath.Join(r.folder, "mappings.yaml")
	if err := os.WriteFile(name+".new", []byte(file(r.endpoints, r.revision)), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		r.t.Fatal(err)
	}
}

// swing changes the mood of an endpoint, which is well for about two thirds of the time. One in twelve bad moods outlasts the window.
func swing(ctx context.Context, e *endpoint, random *rand.Rand) {
	for ctx.Err() == nil {
		bad := time.Duration(1+random.IntN(12)) * time.Second
		if random.IntN(12) == 0 {
			bad = window + time.Duration(10+random.IntN(20))*time.Second
		}
		good, m := time.Duration(5+random.IntN(20))*time.Second, mood(1+random.IntN(int(moods)-1))
		for _, x := range []struct {
			mood mood
			d    time.Duration
		}{{well, good}, {m, bad}} {
			e.set(x.mood)
			select {
			case <-time.After(x.d):
			case <-ctx.Done():
			}
		}
	}
	e.set(well)
}

// readLetters puts dead letters in the ledger as they come.
func (r *run) readLetters(ctx context.Context) {
	client := r.cluster.Client(r.t, kgo.ConsumeTopics(r.letters))
	index := map[string]int{}
	for i := range mappings {
		index[mappingName(i)] = i
	}
	go func() {
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(func(x *kgo.Record) {
				headers := map[string]string{}
				for _, h := range x.Headers {
					headers[h.Key] = string(h.Value)
				}
				_, ids, _ := r.endpoints[0].look([]rawMessage{x.Value})
				r.ledger.bury(ids[0], index[headers["dlq.mapping"]], letter{x.Timestamp, headers["dlq.reason"]})
			})
		}
	}()
}

// drain waits until everything has been delivered or dead-lettered, and returns what has not.
func (r *run) drain() []string {
	for _, m := range r.members {
		m.revive()
	}
	deadline := time.Now().Add(3 * time.Minute)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range tick.C {
		list, count := r.ledger.open(20)
		if count == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			slices.Sort(list)
			return list
		}
		for _, m := range r.members {
			m.revive()
		}
	}
	return nil
}

// checkOffsets sees that nothing is left to read for the group.
func (r *run) checkOffsets() {
	offsets, err := r.admin.FetchOffsets(r.t.Context(), r.group)
	if err != nil {
		r.t.Error(err)
		return
	}
	ends, err := r.admin.ListCommittedOffsets(r.t.Context(), r.topics...)
	if err != nil {
		r.t.Error(err)
		return
	}
	ends.Each(func(end kadm.ListedOffset) {
		at, ok := offsets.Lookup(end.Topic, end.Partition)
		if end.Offset > 0 && (!ok || at.At < end.Offset) {
			r.t.Errorf("partition %d of %s ends at %d, and %d is committed", end.Partition, end.Topic, end.Offset, at.At)
		}
	})
}
