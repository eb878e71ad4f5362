//go:build torture && linux

package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"segment-webhooks/connector/kafkatest"
)

// fault is something that breaks, and is whole again when do returns. It says what it did.
type fault struct {
	name   string
	weight int
	do     func(*run) string
}

var faults = []fault{
	{"kill -9 of a connector", 3, (*run).killMember},
	{"kill -9 of all connectors", 1, (*run).killAllMembers},
	{"connector frozen", 3, (*run).freezeMember},
	{"connector restarted", 2, (*run).restartMember},
	{"rebalance storm", 2, (*run).storm},
	{"changed mappings deployed", 2, (*run).deploy},
	{"mappings changed while running", 2, (*run).reload},
	{"kill -9 of a broker", 3, (*run).killNode},
	{"broker frozen", 2, (*run).freezeNode},
	{"broker restarted", 1, (*run).restartNode},
	{"leaders moved", 2, (*run).moveLeaders},
	{"connector cut off", 3, (*run).cut},
	{"no room on a broker's disk", 1, (*run).fillDisk},
	{"dead-letter topic refuses", 2, (*run).refuseLetters},
}

// pick draws faults so that each comes round before the seed decides freely: a short run has them all.
func pick(random *rand.Rand, only *regexp.Regexp, n int) []fault {
	var list []fault
	faults := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !only.MatchString(f.name) })
	if len(faults) == 0 {
		return nil
	}
	for len(list) < n {
		var urn []fault
		for _, f := range faults {
			for range f.weight {
				urn = append(urn, f)
			}
		}
		if len(list) == 0 {
			urn = slices.Clone(faults)
		}
		random.Shuffle(len(urn), func(i, j int) { urn[i], urn[j] = urn[j], urn[i] })
		list = append(list, urn...)
	}
	return list[:n]
}

// during is one fault that happened.
type during struct {
	name     string
	what     string
	from, to time.Time
}

const noFault = "(after the last fault)"

// history is a timeline.
type history struct {
	mu  sync.Mutex
	all []during
}

func (h *history) add(d during) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, d)
}

func (h *history) cause(t time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.all {
		if d.to.After(t) {
			return d.name
		}
	}
	return noFault
}

// lasting is how long a fault can still be felt: sessions that end, partitions that move, commits that come late.
const lasting = 2*session + 10*time.Second

func (h *history) between(a, b time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.all {
		if d.from.Before(b) && d.to.Add(lasting).After(a) {
			return true
		}
	}
	return false
}

// wait lets time pass, in the middle of a fault, for a random time between two.
func (r *run) wait(low, high time.Duration) {
	d := low + time.Duration(r.random.Int64N(int64(high-low)))
	select {
	case <-time.After(d):
	case <-r.t.Context().Done():
	}
}

func (r *run) anyMember() *member { return r.members[r.random.IntN(len(r.members))] }
func (r *run) anyNode() int       { return 1 + r.random.IntN(nodes) }

func (r *run) killMember() string {
	m := r.anyMember()
	m.kill()
	r.wait(0, 3*time.Second)
	m.start()
	return m.name
}

func (r *run) killAllMembers() string {
	for _, m := range r.members {
		m.kill()
	}
	r.wait(0, 2*time.Second)
	for _, m := range r.members {
		m.start()
	}
	return "all"
}

func (r *run) freezeMember() string {
	m := r.anyMember()
	m.signal(syscall.SIGSTOP)
	begin := time.Now()
	r.wait(time.Second, 2*session)
	m.signal(syscall.SIGCONT)
	return fmt.Sprintf("%s for %v", m.name, time.Since(begin).Round(100*time.Millisecond))
}

func (r *run) restartMember() string {
	m := r.anyMember()
	m.stop()
	m.start()
	return m.name
}

// storm lets further connectors join and leave.
func (r *run) storm() string {
	n := 2 + r.random.IntN(3)
	for range n {
		r.guest.start()
		r.wait(300*time.Millisecond, 3*time.Second)
		if r.random.IntN(2) == 0 {
			r.guest.kill()
		} else {
			r.guest.stop()
		}
	}
	return fmt.Sprintf("%d came and went", n)
}

// deploy changes a header of every mapping, one connector after the other.
func (r *run) deploy() string {
	r.revision++
	r.writeMappings()
	for _, m := range r.members {
		m.stop()
		m.start()
		r.wait(0, time.Second)
	}
	return fmt.Sprintf("revision %d", r.revision)
}

// reload changes a header of every mapping under the running connectors, which look at the file by themselves. One is told to.
func (r *run) reload() string {
	r.revision++
	r.writeMappings()
	m := r.anyMember()
	what := fmt.Sprintf("revision %d", r.revision)
	if time.Since(m.since) > 5*time.Second { // SIGHUP ends a process that does not wait for it yet
		m.signal(syscall.SIGHUP)
		what += ", and SIGHUP to " + m.name
	}
	r.wait(2*time.Second, 4*time.Second)
	return what
}

func (r *run) killNode() string {
	id := r.anyNode()
	r.cluster.Kill(r.t, id)
	r.wait(time.Second, 8*time.Second)
	r.cluster.Restart(r.t, id)
	return fmt.Sprintf("node %d", id)
}

func (r *run) freezeNode() string {
	id := r.anyNode()
	r.cluster.Stop(r.t, id)
	begin := time.Now()
	r.wait(time.Second, 12*time.Second)
	r.cluster.Cont(r.t, id)
	return fmt.Sprintf("node %d for %v", id, time.Since(begin).Round(100*time.Millisecond))
}

func (r *run) restartNode() string {
	id := r.anyNode()
	r.cluster.Restart(r.t, id)
	return fmt.Sprintf("node %d", id)
}

// moveLeaders makes another replica of every partition the preferred one, and lets those be elected.
func (r *run) moveLeaders() string {
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	topics, err := r.admin.ListTopics(ctx, append([]string{r.letters, "__consumer_offsets"}, r.topics...)...)
	if err != nil {
		return "not done: " + err.Error()
	}
	var moves kadm.AlterPartitionAssignmentsReq
	n := 0
	topics.EachPartition(func(p kadm.PartitionDetail) {
		if len(p.Replicas) == nodes {
			moves.Assign(p.Topic, p.Partition, append(p.Replicas[1:len(p.Replicas):len(p.Replicas)], p.Replicas[0]))
			n++
		}
	})
	if _, err := r.admin.AlterPartitionAssignments(ctx, moves); err != nil {
		return "not done: " + err.Error()
	}
	r.wait(500*time.Millisecond, 2*time.Second)
	if _, err := r.admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, nil); err != nil {
		return "not done: " + err.Error()
	}
	return fmt.Sprintf("%d partitions", n)
}

// cut separates a connector from one node or from all.
func (r *run) cut() string {
	m := r.anyMember()
	state, how := kafkatest.Shut, "connections break"
	if r.random.IntN(2) == 0 {
		state, how = kafkatest.Silent, "connections go silent"
	}
	ids, from := []int(nil), "all nodes"
	if r.random.IntN(2) == 0 {
		ids = []int{r.anyNode()}
		from = fmt.Sprintf("node %d", ids[0])
	}
	r.cluster.SetDoor(r.t, m.door, state, ids...)
	begin := time.Now()
	r.wait(time.Second, 12*time.Second)
	r.cluster.SetDoor(r.t, m.door, kafkatest.Open, ids...)
	return fmt.Sprintf("%s from %s for %v, %s", m.name, from, time.Since(begin).Round(100*time.Millisecond), how)
}

// fillDisk lets no file of the node that leads the dead-letter topic grow any more, which fails its writes as a full disk does. The node ends, as
// Kafka does when its last log folder fails, and is started again with room.
func (r *run) fillDisk() string {
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	id := r.anyNode()
	if topics, err := r.admin.ListTopics(ctx, r.letters); err == nil {
		for _, p := range topics[r.letters].Partitions {
			if p.Leader > 0 {
				id = int(p.Leader)
				break
			}
		}
	}
	if out, err := exec.CommandContext(ctx, "prlimit", "--pid", strconv.Itoa(r.cluster.Pid(id)), "--fsize=0").CombinedOutput(); err != nil {
		return fmt.Sprintf("not done: %v: %s", err, out)
	}
	r.wait(3*time.Second, 8*time.Second)
	ended := r.cluster.Ended(id)
	if !ended {
		r.cluster.Kill(r.t, id)
	}
	r.cluster.Restart(r.t, id)
	return fmt.Sprintf("node %d, which ended by itself: %v", id, ended)
}

// refuseLetters makes the dead-letter topic too narrow for any record, for a while.
func (r *run) refuseLetters() string {
	set := func(value string) error {
		ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
		defer cancel()
		answers, err := r.admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &value}}, r.letters)
		if err == nil && len(answers) > 0 {
			err = answers[0].Err
		}
		return err
	}
	if err := set("100"); err != nil {
		return "not done: " + err.Error()
	}
	r.wait(2*time.Second, 8*time.Second)
	for set("1048576") != nil {
		r.wait(100*time.Millisecond, time.Second)
	}
	return "for a while"
}
