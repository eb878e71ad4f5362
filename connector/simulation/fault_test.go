//go:build simulation && synctests

package simulation

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fault is something that goes wrong. It returns what it was, or nothing when it does not apply at the moment.
type fault struct {
	weight int
	happen func(w *world) string
}

func faults() []fault {
	return []fault{
		{6, start},
		{4, crash},
		{5, crashInTheMiddle},
		{4, stop},
		{5, freeze},
		{10, changeMood},
		{4, failCommits},
		{3, failLetters},
		{3, failFetches},
		{2, failOthers},
		{2, moveLeaders},
		{2, severBroker},
		{1, resetOffsets},
		{1, addPartition},
	}
}

// strike lets one fault happen.
func (w *world) strike(all []fault) {
	w.reap()
	total := 0
	for _, f := range all {
		total += f.weight
	}
	for range 10 {
		n := w.rnd.IntN(total)
		for _, f := range all {
			if n -= f.weight; n < 0 {
				if what := f.happen(w); what != "" {
					w.note(what)
					return
				}
				break
			}
		}
	}
}

func processNames() []string { return []string{"a", "b", "c"} }

// any picks a running process, "" when there is none.
func (w *world) any() string {
	names := w.names()
	if len(names) == 0 {
		return ""
	}
	return names[w.rnd.IntN(len(names))]
}

func start(w *world) string {
	for _, name := range processNames() {
		if w.alive[name] == nil {
			w.start(name, w.hooks)
			return "start"
		}
	}
	return ""
}

func crash(w *world) string {
	name := w.any()
	if name == "" {
		return ""
	}
	w.crash(name, w.rnd.IntN(2) == 0)
	return "crash"
}

// crashInTheMiddle lets a process die with its next request of some kind, before or after that leaves.
func crashInTheMiddle(w *world) string {
	name := w.any()
	if name == "" {
		return ""
	}
	keys := []int16{
		trapEndpoint, trapEndpoint, int16(kmsg.OffsetCommit), int16(kmsg.OffsetCommit), int16(kmsg.Produce), int16(kmsg.Produce),
		int16(kmsg.JoinGroup), int16(kmsg.SyncGroup), int16(kmsg.OffsetFetch), int16(kmsg.ConsumerGroupHeartbeat), int16(kmsg.Fetch),
		int16(kmsg.LeaveGroup), int16(kmsg.InitProducerID),
	}
	w.alive[name].set(keys[w.rnd.IntN(len(keys))], []verdict{cutBefore, cutAfter}[w.rnd.IntN(2)])
	return "trap"
}

func stop(w *world) string {
	name := w.any()
	if name == "" {
		return ""
	}
	w.stop(name)
	return "stop"
}

// freeze stops the traffic of a process for a while: shorter than its session, or longer, so that it wakes up as a zombie.
func freeze(w *world) string {
	name := w.any()
	if name == "" {
		return ""
	}
	k := w.alive[name].nic
	k.freeze()
	d := time.Second + time.Duration(w.rnd.Int64N(int64([]time.Duration{5 * time.Second, 30 * time.Second, 90 * time.Second}[w.rnd.IntN(3)])))
	time.AfterFunc(d, k.unfreeze)
	return "freeze"
}

func changeMood(w *world) string {
	e := w.endpoints[w.hooks[w.rnd.IntN(len(w.hooks))].name]
	m := fine
	if w.rnd.IntN(2) == 0 {
		m = moods[w.rnd.IntN(len(moods))]
	}
	e.set(m)
	return "endpoint " + string(m)
}

func failCommits(w *world) string {
	errs := []*kerr.Error{
		kerr.OffsetMetadataTooLarge, kerr.RequestTimedOut, kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration,
		kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress,
	}
	if w.consumer {
		errs = append(errs, kerr.StaleMemberEpoch)
	}
	err := errs[w.rnd.IntN(len(errs))]
	w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: group, Err: err, Count: 1 + w.rnd.IntN(12)})
	return "commit " + err.Message
}

func failLetters(w *world) string {
	errs := []*kerr.Error{
		kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.TopicAuthorizationFailed,
		kerr.KafkaStorageError,
	}
	err := errs[w.rnd.IntN(len(errs))]
	w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: letters, Err: err, Count: 1 + w.rnd.IntN(20)})
	return "dead letters " + err.Message
}

func failFetches(w *world) string {
	errs := []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.KafkaStorageError, kerr.OffsetNotAvailable,
		kerr.UnknownTopicOrPartition, kerr.UnknownServerError,
	}
	err := errs[w.rnd.IntN(len(errs))]
	w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: err, Count: 1 + w.rnd.IntN(10)})
	return "fetch " + err.Message
}

func failOthers(w *world) string {
	key := []kmsg.Key{kmsg.OffsetFetch, kmsg.ListOffsets, kmsg.FindCoordinator, kmsg.OffsetForLeaderEpoch, kmsg.Metadata}[w.rnd.IntN(5)]
	err := []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.NotLeaderForPartition, kerr.LeaderNotAvailable}[w.rnd.IntN(3)]
	w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: err, Count: 1 + w.rnd.IntN(3)})
	return fmt.Sprintf("%s %s", key.Name(), err.Message)
}

func moveLeaders(w *world) string {
	w.cluster.ShufflePartitionLeaders()
	w.cluster.RehashCoordinators()
	return "leaders move"
}

// severBroker breaks all connections to a broker, which comes back after a while.
func severBroker(w *world) string {
	addresses := w.cluster.ListenAddrs()
	l := w.net.listener(addresses[w.rnd.IntN(len(addresses))])
	l.set(refusing)
	l.sever()
	time.AfterFunc(time.Duration(w.rnd.Int64N(int64(20*time.Second))), func() { l.set(reachable) })
	return "broker restarts"
}

// resetOffsets does what an operator does: stops the group and commits the same offset or an earlier one, without metadata.
func resetOffsets(w *world) string {
	for _, name := range w.names() {
		w.stop(name)
	}
	back := int64(w.rnd.IntN(40))
	deadline := time.Now().Add(time.Minute) // until crashed members are no longer waited for
	for time.Now().Before(deadline) {
		offsets := kadm.Offsets{}
		info := w.cluster.GroupInfo(group)
		if info == nil {
			return ""
		}
		for p, c := range info.Commits[topic] {
			offsets.Add(kadm.Offset{Topic: topic, Partition: p, At: max(0, c.Offset-back), LeaderEpoch: -1})
		}
		if err := w.admin.CommitAllOffsets(w.t.Context(), group, offsets); err == nil {
			return "operator resets offsets"
		}
		time.Sleep(5 * time.Second) //nolint:forbidigo // virtual time
	}
	return "operator cannot reset offsets"
}

func addPartition(w *world) string {
	n := len(w.cluster.PartitionInfos(topic))
	if n >= 6 {
		return ""
	}
	if _, err := w.admin.UpdatePartitions(w.t.Context(), n+1, topic); err != nil {
		return ""
	}
	time.AfterFunc(noticed, func() { w.writable.Store(int32(n + 1)) })
	return "partition added"
}

// calm ends everything that goes wrong.
func (w *world) calm() {
	for _, e := range w.endpoints {
		e.set(fine)
	}
	w.reap()
	for _, p := range w.alive {
		p.set(0, pass)
	}
	for i, name := range processNames() {
		// kfake never forgets a static member of the consumer protocol that has left, and keeps its partitions for it.
		if w.alive[name] == nil && (i == 0 || w.consumer && w.static) {
			w.start(name, w.hooks)
		}
	}
}
