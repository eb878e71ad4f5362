package lane

import "time"

// Event is a record that a lane has taken and not yet settled: one delivery to make. The ledger owns its links; whoever took
// it owns the exported fields until it gives it back with Settle or Retry.
type Event struct {
	*Record

	Deadline time.Time // end of the retry window
	Tries    int       // attempts that failed, in this process
	Attempts int       // requests sent for it by this process; a quick second try counts
	First    time.Time // start of the first attempt; zero before it
	Last     *Failure  // why the latest attempt failed; shared by the events of its batch

	lane         *Lane
	block        *Block // holds the record's bytes; nil once they are copied out
	prev, next   *Event
	settledAfter int       // deliveries finished between this event and the next undone one
	turn         *turn     // its place among those it waits for, and that wait for it; nil when there are none
	due          time.Time // when waiting: the next attempt
	index        int32     // when waiting: place in the retry heap, or what is said beside queue
	state        eventState
}

type eventState uint8

const (
	taken   eventState = iota // with a courier: in an open batch, under way, or on its way to the dead-letter topic
	waiting                   // for its next attempt, or its turn
	gone                      // settled, or its partition is gone
)

// Failure is the outcome of an attempt that did not deliver.
type Failure struct {
	At       time.Time
	Status   int    // HTTP status; 0 when no answer came
	Kind     string // why no answer came, of a closed set of words; empty where one came
	Error    string // what went wrong, without credentials or query
	URL      string // the one that was asked, where the mapping has several; without credentials and query
	Response []byte // beginning of the answer's body
}

// Partition returns the partition the event came from.
func (e *Event) Partition() *Partition { return e.lane.partition }

// Lane returns the index of the lane, which is the index of its mapping.
func (e *Event) Lane() int { return e.lane.window.index }

// Gone says that the partition has been given up meanwhile: whatever happens to the event now, its new owner redelivers it.
func (e *Event) Gone() bool { return e.state == gone || e.lane.partition.dropped }

// Closing says that the partition is being given up: nothing new may be sent.
func (p *Partition) Closing() bool { return p.closing }

// Due returns when the next attempt of a waiting event is due.
func (e *Event) Due() time.Time { return e.due }

// retries is a heap of waiting events, the next due first.
type retries []*Event

func (h retries) Len() int           { return len(h) }
func (h retries) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h retries) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].index, h[j].index = int32(i), int32(j) }

// Push implements heap.Interface.
func (h *retries) Push(x any) {
	e, ok := x.(*Event)
	if !ok {
		return
	}
	e.index = int32(len(*h))
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *retries) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
