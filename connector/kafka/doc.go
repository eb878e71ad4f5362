// Package kafka is the connector's side of Kafka: it owns franz-go, and nothing else in the program imports it.
//
// There are two clients. The group client holds the membership, reads the head of each partition, and commits. The other one has no
// consumer: it reads back slices of the log by offset, lists offsets, and produces dead letters, over connections of its
// own, so that the head's long polls never delay them.
//
// What has bitten, and is therefore settled here:
//   - There is one commit path, [Consumer.Commit]. Every other one in the client writes the member id over the metadata in which the
//     lanes' progress travels.
//   - A poll result must not outlive its assignment: gaps between offsets are legal, so a stale result would look like progress.
//     Rebalances are blocked from poll until the result has been handed over, and nothing slow happens in between.
//   - A partition that has an error returns it from every poll, thousands of times a second: pause it first, then think.
//   - The client resets a position below the log's start in silence unless told NoResetOffset. Deleted records are loss, and loss is
//     reported.
//   - The client does not go on with a topic that was created again, neither reading nor writing, until it is told to forget the name.
//   - A dead letter is produced without a deadline and never cancelled: cancelling an idempotent produce that has reached
//     the broker can make the next record be acknowledged without being written (franz-go issues 1217, 1484; fixed in 1.22.2).
package kafka
