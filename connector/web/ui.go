package web

import (
	"time"

	"segment-webhooks/connector/overview"
	"segment-webhooks/connector/preview"
)

// UI is what the pages for people show: the Delivery Overview, and the mapping tester. They only read, ask for nothing but an address,
// and work without script.
type UI struct {
	Report func(overview.Span, time.Time) *overview.Report // what has happened
	Now    func() Now                                      // how things stand
	Try    func(event []byte) preview.Trial                // what the mappings would make of an event
}

// Now is how the connector stands at a moment. None of it is secret.
type Now struct {
	Name     string // of the consumer group
	Started  time.Time
	At       time.Time
	Problems []string // what needs attention, as /readyz says it

	Mappings   []Mapping // one without a name is for records that are no events
	Partitions []Partition

	Window                   time.Duration // for how long an event is tried
	DeadLetters              string        // topic
	MemoryUsed, MemoryBudget int           // bytes
	Bodies                   bool          // samples hold what was read, sent and answered
}

// Mapping is how one mapping stands.
type Mapping struct {
	ID       string // identity, as in the report
	Name     string
	Trigger  string
	Endpoint string // scheme, host and port; "" where there are several
	Batched  bool

	InFlight int       // events that are being sent, or collected to be
	Waiting  int       // events in memory that wait for their next attempt
	Lag      int64     // offsets that the group has read and the mapping has not settled, those that do not concern it included
	Oldest   time.Time // when the oldest unsettled event was first read; zero where there is none

	Failing    bool      // nothing gets through; a request now and then finds out when that changes
	Since      time.Time // of the first failure, while it is failing
	NextProbe  time.Time // while it is failing
	Recovering bool      // it works again, and gets more from answer to answer
}

// Partition is a partition that this process reads.
type Partition struct {
	Topic    string
	Number   int32
	Head     int64 // the next offset to be read
	InFlight int   // events that are being delivered
	Paused   bool  // not read for want of memory
	Closing  bool  // on its way to another member
}
