// Package simulation holds no code, only tests: they run the real engine, in up to three processes, against a fake Kafka and scripted
// endpoints, over an in-memory network and in virtual time, while everything that can go wrong goes wrong at random. An oracle that reads
// every wire then proves what the connector promises:
//
//   - no event is lost: each one is accepted by its endpoint or is in the dead-letter topic, with the right reason;
//   - every offset commit ever sent, whether accepted or not, says only what is true: what it covers was settled before it was sent;
//   - an event is delivered twice only where that cannot be avoided, and each such case has its explanation in what happened on the wires;
//   - no event is given up before its retry window is over, or tried long after it;
//   - the memory of every lane stays within its bounds.
//
// A run is made from a seed, which decides the events, the faults, their times and the endpoints' answers. It prints the seed and what
// happened. Goroutines and the libraries' own jitter are not seeded, so a seed that fails may need a few runs to fail again:
//
//	go test -tags synctests ./connector/simulation -run TestChaos -seed 17 -seeds 1 -count 5 -v
//
// The tag synctests is franz-go's: without it its locks stop the virtual clock.
package simulation
