// Package bench measures the connector from outside, on a real Apache Kafka: CPU time for each event read, latency, memory, and what a dead
// endpoint costs the others. "make bench" runs it and prints a table in Markdown.
//
// # Method
//
//   - The connector is a process of its own, the command as it is built for release, pinned to the first CPU. Broker, receiver and producer
//     share the second.
//   - What is measured is CPU time, user and system, as the kernel counts it for that process. Every figure is a slope: from when a tenth of the events
//     have arrived until nine tenths have, so that starting and stopping do not count.
//   - Every cell has a limit: package limit doing the same work, in the same round. Ratios to it are what may be compared between machines and
//     days; a CPU that is shared gives absolute figures that differ by a factor of two from minute to minute.
//   - The cells of a round run one after the other, and the rounds repeat them, so what disturbs the machine disturbs all alike. The table
//     has medians.
//   - Events are like Segment's, about 1 KB, four fifths of them of type track, which is what the triggers ask for. A cost is for each event
//     read, whether it is sent or not.
//
// Latency is taken at half of the load that producer, broker, connector and receiver carry together, which is found out first: half of what the
// connector can do alone would be more than the other CPU carries. It is from when the broker has appended the
// event, as it notes itself, until the receiver has the whole request. What the producer's client takes before that, which waits 5 ms for
// company, is shown beside it. The receiver goes before all others on its CPU where the kernel allows that (nice -15): as a rule, an endpoint
// has a machine of its own.
package bench
