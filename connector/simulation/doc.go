// Package simulation holds no code, only tests: they run the real engine, in up to three processes, against a fake Kafka and scripted
// endpoints, over an in-memory network and in virtual time, while everything that can go wrong goes wrong at random. An oracle that reads
// every wire then proves what the connector promises:
//
//   - no event is lost: each one is accepted by its endpoint or is in the dead-letter topic, with the right reason;
//   - every offset commit ever sent, whether accepted or not, says only what is true: what it covers was settled before it was sent. None is
//     accepted of a process whose partition another one has gone on with;
//   - an event is delivered twice only where that cannot be avoided, and each such case has its explanation in what happened on the wires: an
//     answer that the process never read, a delivery in flight when the partition moved, a commit that was not accepted yet. Every commit
//     mentions all that its process had known for a few seconds;
//   - no event is given up before its retry window is over, or tried long after it;
//   - the memory of every lane, and of the blocks that all share, stays within its bounds.
//
// What goes wrong: processes crash, at any time or with the next request of some kind, are frozen for longer than their session, stop and
// start; endpoints refuse, hang, swallow, answer too late, break off; brokers restart, leaders and coordinators move; commits, fetches, dead
// letters and look-ups are answered with errors; an operator resets offsets, and with them all progress; partitions are added. Seeds
// alternate between the classic protocol and KIP-848, a third has static members.
//
// A run is made from a seed, which decides the events, the faults, their times and the endpoints' answers. It prints the seed and what
// happened. Goroutines and the libraries' own jitter are not seeded, so a seed that fails may need a few runs to fail again:
//
//	make simulate SEEDS=5
//	go test -tags "synctests simulation" ./connector/simulation -run TestChaos -v -args -seed 17 -seeds 1 -trace
//
// The tag synctests is franz-go's: without it its locks stop the virtual clock. The tag simulation keeps these minutes out of "make test".
//
// That all is well proves nothing unless it can be seen that it is not: "make mutations" makes known mistakes in the engine, one at a time,
// and requires that each is noticed (mutations_list_test.go).
package simulation
