// Package letters works with a dead-letter topic: it lists what is in it, and delivers it once more. It is what "connector dlq" does.
//
// # Where it is kept what was delivered
//
// In the topic itself. When letters have been delivered, a record is written to their partition, and acknowledged by all in-sync replicas, that
// has no key and no value, and the header dlq.settles: the offsets that are settled, such as "17-19,25". The header dlq.settles_in is the id
// of the topic. A letter's place in the flight is free only once its mark is acknowledged. So a crash repeats what was in flight, and no more;
// letters that are settled at the same time share a mark, so that marks cost little. Whoever reads the topic for another purpose knows
// marks by their header, and by having no value.
//
// The other place would be the offsets of a consumer group, with what is settled beyond them in their metadata, as the lanes have it. But a replay
// chooses: by mapping, by reason, by host, and leaves holes as many as there are letters; 4096 characters do not hold them. And what
// is forgotten there would be sent again. A topic of its own for marks would have to be created, permitted, and kept as long as the
// letters, by somebody who does not know; here a mark comes after its letters in the same log, so retention never deletes it before
// them. Offsets mean nothing in a copy of the topic, where a mark could settle a letter that was never delivered: therefore the id.
//
// # One at a time
//
// Two replays at once would send everything twice. A replay holds a lock ([kafka.Lock]), the consumer group <topic>.replay, and reads the
// marks when it has it. The lock of a replay that was killed is free after ten seconds. One that hangs for longer than that and wakes up
// finishes what it has in flight and stops.
//
// The connector does not care: it writes its dead letters to the topic and reads none, and a replay commits nothing.
//
// # What is sent
//
// What the connector would send today: the event as it was, decoded, mapped, signed and sent by the connector's code
// ([connector.Redeliverer]), to the mapping it failed for, as that is defined now. The Idempotency-Key is that of the first attempts.
package letters
