// Package lane knows how far every mapping has come on every partition, what it may deliver next, and what may
// therefore be committed. It is the part of the connector in which an event can be lost, so it is kept pure: a
// [Ledger] is told what was read, delivered and committed, and the time; it does no I/O, starts nothing and holds no
// lock of its own.
//
// # The problem
//
// A consumer group has one committed offset per partition. Up to fifty mappings read each partition, and each must go
// on while the endpoint of another is dead for hours. So every mapping has a lane through every partition, and the
// committed offset is the position of the slowest. What the others have achieved beyond it travels in the metadata
// that Kafka stores with the offset.
//
// # A lane
//
//	offset      120   121   122   123   124   125   126   127   128   129   130
//	             |     |     |     |     |     |     |     |     |     |     |
//	            undone ...settled... undone ..........settled..... read         head
//	            cursor                                             next to look at
//
// A [Lane] keeps the next offset it has not looked at (read) and a list of the events it has taken and not settled.
// Nothing else needs to be tracked: whatever lies below read and is not in the list is settled, be it delivered,
// dead-lettered, of no interest, or no record at all. The cursor is the first event of the list, or read when there
// is none. Every event counts the deliveries between it and the next in the list; a gap with at least one is a range
// worth remembering. Settling is O(1) in any order, so one poison record at the front costs one list entry and one
// range for as long as it is retried.
//
// # Pull by position
//
// The group's reader hands in blocks ([Ledger.Append]), which stay in a cache until every lane has passed them. A
// lane pulls: it finds the block that holds read and moves to the next record that matches it. When no block does,
// the lane is behind and asks for a slice ([Ledger.NextRead], [Ledger.Finish]): one read of the log at that very
// offset, which the lane then uses like a cached block, together with every other lane that stands in it. Cache and
// slices are addressed by offset and know their exact next offset, so nothing is handed over between them and no lane
// is ever "attached" to either. The states of a lane follow from where it stands:
//
//	ready    a record is at hand; the lane is in its window's heap, the record that was read first on top
//	behind   the next offset is not in memory; the lane is in its window's list
//	at rest  read is the head: everything that was read has been looked at
//	blocked  the next record has to wait for another one: see below
//
// # The window of a mapping
//
// A mapping holds a bounded number of events and bytes over all its partitions, waiting retries included: what is its own, and of
// what all mappings share as much as the others leave (pool). A full window stops the mapping's lanes and nothing else: they
// stay where they are, and what leaves the cache meanwhile is read back later. Lanes share the window. The oldest record goes
// first; and while some lane is behind, the others
// take no more than their share of events and bytes, except that what nobody uses is lent up to half of the window.
// Without that, fresh records would fill the window before the old ones arrive.
//
// # Events that wait for each other
//
// A mapping may ask for an order ([Order]): of the events of one key, or of all of a partition. Those that wait for each other form a chain,
// by offset, of which only the first is up for taking; one [Ledger.Take] may take several from the front of a chain, which then
// have to go in one request. An event that finds others of its chain undone is parked behind them, in the window, so that what follows it
// in the lane need not wait. There is room for so many parked events only; a lane that finds none, and in the order of partitions
// every lane whose chain is not empty, is blocked until an event of it is settled. Lanes without order know nothing of this.
//
// Chains need not be committed. What a restart takes again it takes by offset; and of the settled ranges of such a lane those that do not fit
// into the metadata are the last, so that nothing is sent again that others had waited for, unless those are as well.
//
// # Evict or pause
//
// Over the cache's budget, the oldest block goes that some driving lane of its partition has passed: the others read
// it back. If none has passed it, everybody is slow there, reading on would only mean reading twice, and the
// partition is paused ([Ledger.Pause]) until the cache is down to half or one of its driving lanes has come to the
// head. Lanes that seldom match anything do not drive ([Identity]). A mapping whose endpoint fails never causes a pause
// ([Ledger.SetFailing]): its events' windows begin when they are read, and must not begin late because others wait.
//
// Before it comes to that, whoever reads may slow down: [Ledger.Outrun] says when reading on is of no use to anybody yet. The ledger does not insist.
//
// # Arrivals
//
// An event is retried for a window of time from when it was first read, through restarts. For a block of the head
// that moment is exact; for a slice it comes from an index of samples (offset, time) that is committed with the
// lanes. Everything that is done to the index makes the answer later, never earlier, and in ordinary operation late
// by one sampling interval at most.
//
// # Commits
//
// [Ledger.Snapshot] states for a partition: the offset; the position of every lane; the ranges settled above it; the
// arrivals; and, as they were, the lanes of mappings that this process does not know. The statement is made of facts,
// and facts stay true (what is settled never becomes unsettled). So a commit that is lost, late, repeated or
// shortened costs duplicates at most; when not all fits, the ranges with the fewest deliveries are left out first.
// Metadata that does not decode, or was not written for this offset of this topic, means that nothing is known: every
// lane begins at the committed offset. Facts are about one log: when it was cut off, other records stand at the same
// offsets, and what was said about them is taken back ([Ledger.Truncate]).
//
// # Other mappings
//
// [Ledger.Reconfigure] replaces the mappings while everything goes on. It is what a restart with a last commit would do, but for what is
// under way, which stays under way. Whatever was matched for the old mappings and is not taken yet is forgotten and read back.
//
// # What holds, always
//
//	I1  Every matching record from a lane's beginning on is settled in the end; what Kafka deleted before is reported as lost.
//	I2  Below a committed offset everything is settled, for every lane that the committer knows and every lane that it found
//	    in the metadata it began with.
//	I3  Every position and range ever written was true when it was written, and still is.
//	I4  No lane waits for another lane, beyond the sharing of their mapping's window and, above what is its own, of the pool.
//	I5  No deadline comes earlier than the window after the first reading.
//	I6  Every byte is charged to the cache, a slice or a window, each of which has a limit, and so have the windows together; an empty
//	    window admits one event of any size.
//	I7  Nothing is taken from a partition that is being given up, and nothing counts for it once it is dropped.
//	I8  Where events wait for each other, none is handed out before those that it waits for are settled, but together with them.
//	I9  A lane moves by taking a record, over a range that was settled before, to the end of what it has looked at, and by a
//	    counted loss ([Ledger.Lost], [Ledger.Truncate]). By nothing else.
//
// The model test (model_test.go) lives through random histories and checks these after every step. To look further:
//
//	go test ./connector/lane -run Model -histories 100 -timeout 1h
//
// # Traps that have bitten
//
//   - A lane that jumps over a restored range inside its block must find its place in the block anew.
//   - Kafka returns in a slice also what lies beyond the head. A lane that went on in it stood above the head; the
//     next block sent it back.
//   - A committed maximum, a dropped range or a dropped unknown lane look harmless in a test without crashes. An
//     instance with an older configuration that dropped the lane of a new mapping lost one in seven of its records;
//     keeping it lost none.
//   - Ranges are not a luxury: with one poison record in a thousand and no ranges, restarts repeated more deliveries
//     than there were records.
//   - A record is a window into the buffer that it came in: fifty waiting records of 1 KB held 160 MB. Who waits is
//     copied out.
//   - So is who is taken while the budget is spent. One event in each block, waiting for a slow answer or for the dead-letter
//     topic, kept three hundred blocks beside a cache of two.
//   - Empty blocks are memory as well. Behind a lane that stands still they pile up all day when nothing matches.
//   - A window that is nearly full of others' events must not keep a lane from reading back: with five busy
//     partitions, each within its share, the sixth was never read again.
//   - Windows run out of bytes long before they run out of events. A share of events alone shares nothing.
//   - Who hands a slice to lanes that cannot use it keeps it in memory for each of a thousand partitions; who takes
//     it away must know why the lane could not use it, or two lanes take it from each other for ever.
//   - Every change that makes somebody able to take or read must wake them ([Ledger.Woken]). A missing wake shows as
//     an event that is late by a retry interval.
//   - Looking at every partition for each settled event is quadratic where it hurts, with a thousand of them. Only
//     Append over the budget, Pause, Dirty and Outrun may.
//   - Kafka's own tools reset offsets and leave the metadata or empty it: the reset is obeyed, and the offset in the
//     metadata is how it is noticed.
//   - A second commit path (auto-commit, a client's own commit on revocation) overwrites the metadata. There may be
//     one.
package lane
