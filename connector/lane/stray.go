package lane

// Stray returns an event that belongs to no ledger, for a delivery that is not a lane's: it knows its record and the partition that it came from,
// and nothing else. It is never given to a ledger.
func Stray(topic string, partition int32, r *Record) *Event {
	return &Event{Record: r, lane: &Lane{partition: &Partition{Topic: topic, Number: partition}}}
}
