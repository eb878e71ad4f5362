// Package connector is the running connector: it owns the goroutines, and ties Kafka, the mappings and the endpoints
// together. [Run] is all of it; this is the story for whoever changes it next.
//
// # One record's way
//
//	read.go        the head of every partition is polled, and what comes is handed on before the partitions may move; in a
//	               backlog, when the processor is short (processor.go), no faster than whoever is busy can follow
//	ingest.go      each record is decoded, matched against all triggers at once, and copied out of the fetch buffer if some
//	               mapping wants it: into a block, which accounts for every offset from its first to its last
//	lane/          the block is appended to the partition's cache. Every mapping has a lane on every partition, and every
//	               lane stands at an offset of its own. A lane pulls: it takes the next record when its mapping's window
//	               has room, and simply does not when it has none
//	courier.go     a worker of the mapping takes the event, unless the endpoint is known to fail or asks for less (endpoint.go), or the
//	               mapping's rate is reached (pace.go)
//	batch.go       where the mapping batches, events that agree in URL, method and headers wait for company
//	sender.go      how a mapping's requests are signed, and prove who sends them
//	ship.go        the fields are resolved, the request is made, signed and sent, and the answer decides: settled, later,
//	               halved, or given up; items.go where it speaks of each event of a batch. classic.go sends to several URLs, of which one
//	               is enough. order.go sees to it that what waits for each other in a worker's hand does so too
//	deadletter.go  what is given up is written to the dead-letter topic, and settled once all in-sync replicas have it
//	commit.go      the lowest offset that some lane still needs is committed, and beside it, in the metadata, how far
//	               each lane is
//	assign.go      partitions come, and their lanes go on where that metadata says; partitions go, see below
//	reload.go      the mappings are replaced by others while all this goes on
//	schema.go      a record's schema is not at hand: its partition waits for the registry, and nothing else does
//	repair.go      a poll brings an error: records were deleted, a log was cut off, a topic is another than it was
//
// A lane whose next offset has been evicted from the cache is behind. It reads a slice of the log back by position (read.go,
// readBack) through a client that has no consumer, so that nobody else's reading moves. There is nothing to hand over
// between slice and cache: both are addressed by offset, and both know which offset follows them.
//
// The package that decides all this, lane, is pure: it is told the time and what was read, taken and settled, does no I/O and
// starts nothing. That is why a test can put it through random histories by the thousand.
//
// # Goroutines
//
//	read        one: polls, waits for the ingesters, appends. It never waits for a delivery
//	ingesters   as many as there are processors and slice readers: decode and match, the partitions of a poll side by side
//	readBack    four: slices for lanes that are behind, whoever had little first
//	commit      one: at each interval, and sooner when much is settled
//	reload      one: looks at where the mappings come from every two seconds, and replaces them when that has changed
//	resume      one: lets paused partitions go on; the reader may be waiting for just those
//	workers     per mapping, from none to MAX_IN_FLIGHT: take, send, conclude. They start when there is work and end when there
//	            is none; two stay. A timer per mapping wakes one when a retry or an open batch becomes due
//	burials     one for each outcome to be dead-lettered, until the brokers have it
//	repairs     one for each poll that has brought errors, until its partitions are read again; one for each partition that waits for
//	            a schema, and one for each schema that the registry is asked for; one for each topic that is suspected to be gone
//
// and the Kafka client's own, on which assign.go is called.
//
// # The lock
//
// One mutex, engine.mu, guards the ledger, the batches and the endpoints' health. It is never held across I/O, nor while a mapping is
// resolved: whoever holds it does arithmetic and lets go. Whatever changes the ledger calls notify before it lets go, which
// wakes whom the change concerns. What an event says (Tries, Last, …) belongs to the worker that has taken it, until Settle,
// Retry or Release gives it back.
//
// The gate, a channel of one, is older than the lock in the order, and swap, which keeps partitions from being taken over while mappings are
// replaced, is older than both: commit and Revoked take the gate, then the lock, and hold the
// gate across the request. Nobody takes it while holding the lock.
//
// # When partitions go
//
// Revoked: another member is to have them. The gate is taken, so no commit is under way. The partitions are closed: nothing more is
// taken from them, open batches give their events back. What is in flight may finish for a few seconds; deliveries of other
// partitions go on, but nothing is polled. Then their progress is committed, once, and they are dropped: whatever still answers
// does not count any more. Their next owner sends that again, under the same Idempotency-Key.
//
// Lost: another member has them already, and a commit would be refused. Close and drop, no commit.
//
// Stop: deliveries run under a context that outlives the caller's. Closing the consumer revokes every partition, with half of the
// grace for what is in flight; then, or when the grace is over and Kafka has not answered, that context ends, and with it workers,
// burials and the rest. An answer that is cut off
// by it concludes nothing: its event was delivered or not, and comes again.
//
// Crash: nothing runs. A commit is a true statement about what is settled, and what is settled stays so; so every commit
// ever accepted is still true, however old. The next owner does again what the newest one does not mention. That is why lost,
// late and repeated commits cost duplicates, and never an event.
//
// # When mappings change
//
// The new set is loaded and checked as a whole; one with faults changes nothing. Then, between two events, the gate, every ingester and the
// lock are taken, in this order: nobody commits, nobody has matched for the old mappings and not yet appended, nobody takes. The ledger keeps the lanes
// of mappings that stay, freezes the others, and forgets the cache, whose matches are the old mappings'. Couriers are replaced all at once: an
// old one gives back what it has not sent, concludes what it has, and passes every later wake-up on to its heir, who also inherits what is known of the
// endpoint. Nothing is drained and no partition moves, so a hanging endpoint delays nobody and nothing is repeated.
//
// # Traps
//
// Each of these has bitten once, or somebody close by.
//
//   - A slice that is cut short ends at the cut. A block says "I have looked at everything up to Next"; when the reading stops for want of
//     room, Next is where it stopped and not where the fetch ended, or the rest is never delivered.
//   - Events that wait for each other are handed out together for one batch. Whatever splits it (other headers, too many bytes, a half that is
//     refused) must send the second part only when the first is settled, or give it back.
//   - A worker that leaves a batch open arms the timer, also when it ends. Those that wait know nothing of that batch.
//   - A lane that jumps over a restored range, what was settled before this process began, may land in the middle of the block it
//     is reading: its index in the block has to follow its offset.
//   - There is one way to commit, kafka.Consumer.Commit. Every other one in the client writes the member id over the metadata,
//     and the lanes' progress is gone.
//   - A slice ends at the group's head. Beyond it, a lane would claim what the head has not read, and the claim would not decode.
//   - Reading goes on while every lane of a partition is stuck behind a failing endpoint: windows begin when an event is read, and
//     a partition that waits for the windows before it would expire one windowful at a time.
//   - Apache Kafka does not say where the log begins when an offset is out of range, kfake does. Ask, or wait for ever.
//   - Rebalances are blocked from poll until its records are appended. Gaps between offsets are legal, so a result that
//     outlived its assignment would look like progress over records that nobody has seen.
//   - A partition with an error returns it from every poll, thousands of times a second: pause first, then think. But a pause
//     throws away what the client has buffered, so one that flaps reads everything many times.
//   - What waits for the registry must not keep what others wait with: no slice, no slice reader, no poll. A lane that is behind a record without
//     schema gives its slice back and asks again later.
//   - A position is set under the gate, in a paused partition, after what the same poll brought of it was thrown away; and the client does
//     not move to where it believes to be, which after an error is not where it is.
//   - The client remembers a pause across assignments. A partition that is assigned is resumed first.
//   - A topic that was created again keeps its name. The client never adopts the new id, and says so only in errors: of fetches, and of
//     commits, which come first when a partition is paused. Its old offsets must not be committed: they would be the new topic's.
//   - A log that was cut off may have grown beyond our position again. Only the leader epoch tells, so it travels in the commit, and goes
//     with the position when reading begins or goes on.
//   - A partition whose committed offset cannot be fetched is left out of the assignment, with one error and for good: the topic has to
//     be subscribed to anew.
//   - Lanes of mappings that this member does not know are kept in the commit, frozen, and hold the offset. In a rolling
//     deploy the old members would otherwise drop the progress of the new mapping, and its events.
//   - Assigned may be called again for a partition that is ours, when the client's fetch of offsets was interrupted.
//   - Under "latest", a partition without a commit is committed before it is read: after a crash in between, latest would be later.
//   - A broker that is down refuses at once, and the client asks at once again: a failed dial takes a moment.
//   - A dead letter is produced without a deadline and is never cancelled. A cancelled idempotent write that had arrived already could
//     make the next one be acknowledged and not written.
//   - Records that stay are copied. One of a kilobyte would keep the megabytes of its fetch alive for hours.
package connector
