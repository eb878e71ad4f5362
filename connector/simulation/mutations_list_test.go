//go:build mutations

package simulation

// The runs that have to notice. Seeds are fixed; more of them where the mistake needs a coincidence.
var (
	model   = trial{name: "the model of package lane", folder: "./connector/lane", run: "^TestLedgerAgainstModel$"}
	units   = trial{name: "the tests of package lane", folder: "./connector/lane", run: "."}
	chaotic = trial{
		name: "the simulation's chaos", folder: "./connector/simulation", run: "^TestChaos$",
		args: []string{"-seed", "1", "-seeds", "3"}, more: []string{"-seed", "4", "-seeds", "12"},
	}
	restart = trial{name: "the simulation's restarts", folder: "./connector/simulation", run: "^TestRestarts$"}
	frozen  = trial{name: "the simulation's frozen process", folder: "./connector/simulation", run: "^TestFrozen$"}
	deploy  = trial{name: "the simulation's rolling deploy", folder: "./connector/simulation", run: "^TestRollingDeploy$"}
	outages = trial{name: "the simulation's outage", folder: "./connector/simulation", run: "^TestOutage$"}
	besiege = trial{name: "the connector's test", folder: "./connector", run: "^TestACoordinatorThatIsDownIsNotBesieged$"}
)

func mutations() []mutation {
	return []mutation{
		{
			name: "the highest cursor is committed, not the lowest", costs: "loss once the metadata is gone",
			edits: []edit{{
				"connector/lane/commit.go",
				"f.base = min(f.base, l.cursor())",
				"f.base = max(f.base, l.cursor())",
			}},
			caught: []trial{model, chaotic},
		},
		{
			name: "settled ranges are not committed", costs: "duplicates",
			edits: []edit{{
				"connector/lane/commit.go",
				"done: spans[first:], unordered",
				"done: spans[first:first], unordered",
			}},
			caught: []trial{model, chaotic},
		},
		{
			name: "lanes of unknown mappings are dropped", costs: "loss during a deploy",
			edits: []edit{{
				"connector/lane/commit.go",
				"\tfor _, l := range p.frozen {\n\t\tf.base = min(f.base, l.cursor)\n\t}\n\tf.lanes = append(f.lanes, p.frozen...)\n",
				"",
			}},
			caught: []trial{model, deploy},
		},
		{
			name: "lanes take no notice of each other's shares", costs: "starvation of partitions that have to be read back",
			edits: []edit{{
				"connector/lane/window.go",
				"return len(w.behind) == 0 || l.live == 0 || w.allows(l, 1, l.record().Size())",
				"return true",
			}},
			caught: []trial{units},
		},
		{
			name: "no last commit when partitions go", costs: "duplicates at every restart",
			edits: []edit{{
				"connector/assign.go",
				"gone = e.deletedTopics(ctx, e.commit(ctx, commits))",
				"_ = commits",
			}, {
				"connector/assign.go",
				"ctx, cancel := context.WithTimeoutCause(ctx, finalCommitTimeout, errCommitTimeout)",
				"_, cancel := context.WithTimeoutCause(ctx, finalCommitTimeout, errCommitTimeout)",
			}},
			caught: []trial{restart},
		},
		{
			name: "progress is committed once a minute", costs: "duplicates at every crash",
			edits: []edit{{
				"connector/commit.go",
				"time.NewTicker(e.settings.commitInterval)",
				"time.NewTicker(time.Minute)",
			}, {
				"connector/commit.go",
				"		case <-e.much:\n",
				"",
			}},
			caught: []trial{chaotic},
		},
		{
			name: "an event is settled before its dead letter is acknowledged", costs: "loss when the process dies",
			edits: []edit{{
				"connector/deadletter.go",
				"\tkeep := minKept // how much",
				"\te.settle(events)\n\tkeep := minKept // how much",
			}},
			caught: []trial{chaotic},
		},
		{
			name: "partitions that were given up are still committed", costs: "commits of what is another's, duplicates",
			edits: []edit{{
				"connector/lane/commit.go",
				"if !p.closing && p.version != p.acked {",
				"if p.version != p.acked {",
			}, {
				"connector/assign.go",
				"\t\t\te.report(p, lostWithTopic, p.Unsettled(), deletedMessage)\n\t\t}\n\t\te.drop(p)",
				"\t\t\te.report(p, lostWithTopic, p.Unsettled(), deletedMessage)\n\t\t}",
			}},
			caught: []trial{chaotic},
		},
		{
			name: "the retry window is cut short", costs: "events given up too early",
			edits: []edit{{
				"connector/lane/window.go",
				"Deadline: l.arrived.Add(g.settings.Window)}",
				"Deadline: l.arrived.Add(g.settings.Window * 9 / 10)}",
			}},
			caught: []trial{units, outages},
		},
		{
			name: "when events were first read is forgotten at a restart", costs: "windows that begin anew with every restart",
			edits: []edit{{
				"connector/lane/partition.go",
				"p.head, p.epoch, p.arrivals = f.front, f.epoch, f.arrivals",
				"p.head, p.epoch = f.front, f.epoch",
			}},
			caught: []trial{units, outages},
		},
		{
			name: "partitions may move between a poll and its appending", costs: "loss: a stale poll looks like progress",
			edits: []edit{{
				"connector/kafka/consumer.go",
				"\t\tkgo.BlockRebalanceOnPoll(),\n",
				"",
			}},
			caught: []trial{frozen},
		},
		{
			name: "a slice that is cut short claims to be whole", costs: "loss of what was cut off",
			edits: []edit{{
				"connector/ingest.go",
				"\tcase len(records):\n\t\tb.Next = next\n\tcase 0:\n\t\twaits = records[0]\n\t}",
				"\tcase 0:\n\t\twaits = records[0]\n\tdefault:\n\t\tb.Next = next\n\t}",
			}},
			caught: []trial{chaotic},
		},
		{
			name: "a slice reaches beyond the head", costs: "lanes that stand above what was read",
			edits: []edit{{
				"connector/lane/slice.go",
				"b.end(r.Partition.head) // what",
				"_ = r.Partition.head // what",
			}},
			caught: []trial{model},
		},
		{
			name: "a lane that jumps over a restored range keeps its place in the block", costs: "duplicates",
			edits: []edit{{
				"connector/lane/lane.go",
				"\t\t\t\tl.at = l.block.search(l.read)\n",
				"",
			}},
			caught: []trial{model, chaotic},
		},
		{
			name: "an event counts as settled once it is taken", costs: "loss when the process dies",
			edits: []edit{{
				"connector/lane/commit.go",
				"f.lanes = append(f.lanes, laneFacts{id: l.window.id, cursor: l.cursor(), done: spans[first:], unordered",
				"f.lanes = append(f.lanes, laneFacts{id: l.window.id, cursor: l.read, done: spans[first:first], unordered",
			}},
			caught: []trial{model, chaotic},
		},
		{
			name: "taken events keep their blocks", costs: "memory beyond the budget",
			edits: []edit{{
				"connector/lane/window.go",
				"if g.held > g.settings.CacheBytes { // its",
				"if false { // its",
			}, {
				"connector/deadletter.go",
				"\tc.e.copyOut(events)\n",
				"",
			}},
			caught: []trial{units, model, chaotic},
		},
		{
			name: "what is lent of the windows' pool is not given back", costs: "mappings that are held to a fraction of the memory for ever",
			edits: []edit{{
				"connector/lane/pool.go",
				"\tg.lend(w, -pieces)\n",
				"",
			}},
			caught: []trial{units, model},
		},
		{
			name: "who waits for the pool is not woken", costs: "events that lie about until something else happens",
			edits: []edit{{
				"connector/lane/pool.go",
				"g.wake(g.windows[bits.TrailingZeros64(want)])",
				"_ = bits.TrailingZeros64(want)",
			}},
			caught: []trial{units, model},
		},
		{
			name: "a dead endpoint's mapping takes of the pool", costs: "memory that is not there for the others",
			edits: []edit{{
				"connector/lane/pool.go",
				"if p.pieces == 0 || w.failing {",
				"if p.pieces == 0 {",
			}},
			caught: []trial{units},
		},
		{
			name: "a failed dial is repeated at once", costs: "a busy loop while the coordinator is down",
			edits: []edit{{
				"connector/kafka/dial.go",
				"if pause := d.pause(address, err); pause > 0 {",
				"if pause := d.pause(address, err); pause < 0 {",
			}},
			caught: []trial{besiege},
		},
	}
}
