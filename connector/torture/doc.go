// Package torture runs the connector on a real cluster while everything around it breaks, and then counts. "make torture" is it.
//
// # What runs
//
// Three Kafka nodes (KRaft, replicated three times, two in sync); three connectors, the command itself, in processes of their own; twenty mappings,
// each with an endpoint of its own; a producer, a producer of transactions, and one of keyed records for a compacted topic.
//
// # What happens
//
// From a seed follow the faults, one after the other, and how every endpoint behaves meanwhile. Faults: connectors are killed, frozen for longer than
// their session, stopped and started, deployed anew with a changed mappings file, given one while they run, joined by others that leave at once; nodes are killed, frozen,
// restarted, lose their leaderships, have no room left for writing; connectors are cut off from a node or from all, with connections that break or that go silent; the
// dead-letter topic refuses what is written. Endpoints: down, slow, too slow, silent, busy (429), failing (500), resetting before and after they have
// taken a request, answering half. The same seed gives the same faults in the same order; what they hit at which moment is the machine's.
//
// # What is counted
//
// A ledger knows every event that was produced, and every request that arrived. In the end, when everything works again,
// each event must have been accepted by the endpoint of each mapping it is for, or lie in the dead-letter topic under that mapping's name.
// Lost, wrong signature, wrong body, and delivered though its transaction was aborted: zero. Delivered after it was dead-lettered: zero, but where a fault lies
// between, for who writes a dead letter and is killed before the commit leaves a successor that does not know. Duplicates are legal; they are counted under the fault that made the first delivery forgotten.
//
// # What is not covered
//
// Clocks that jump: a Go program asks the kernel for the time and not a library that could be replaced, and only the monotonic clock has
// namespaces. Package simulation sets the clock back and forth in virtual time. Disks that lie, nodes that lose what they have acknowledged, machines that lose power: all processes
// share a kernel here, which keeps what a killed broker has written.
package torture
