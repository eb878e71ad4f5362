package lane

import "time"

// Record is a Kafka record that at least one lane has to deliver. It never aliases a fetch buffer: whoever builds it
// copies, because a record may stay here for the whole retry window and would pin megabytes otherwise.
type Record struct {
	Offset    int64
	Timestamp time.Time
	Key       []byte // nil when the record had none
	Value     []byte // as stored in Kafka; a dead letter carries it unchanged
	Headers   []Header
	Event     []byte // the event as JSON.stringify prints it; the same bytes as Value where that already was so; nil when undecodable
	Problem   string // why the value is no event; empty when it is one
}

// Header is a Kafka record header.
type Header struct {
	Key   string
	Value []byte
}

// recordOverhead is what a record costs beside its bytes: the structs that hold it here and in a lane's list.
const recordOverhead = 256

// Size is what the record is charged for in bytes of memory.
func (r *Record) Size() int {
	n := recordOverhead + len(r.Key) + len(r.Value)
	if !r.eventIsValue() {
		n += len(r.Event)
	}
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value) + 40
	}
	return n
}

// eventIsValue says whether the event is the very bytes of the value, which then are charged for and copied once.
func (r *Record) eventIsValue() bool {
	return len(r.Event) > 0 && len(r.Event) == len(r.Value) && &r.Event[0] == &r.Value[0]
}

// clone copies the record out of its block, so that one waiting record does not keep the whole block in memory.
func (r *Record) clone() *Record {
	c := *r
	c.Key = cloneBytes(r.Key)
	c.Value = cloneBytes(r.Value)
	if r.eventIsValue() {
		c.Event = c.Value
	} else {
		c.Event = cloneBytes(r.Event)
	}
	if r.Headers != nil {
		c.Headers = make([]Header, len(r.Headers))
		for i, h := range r.Headers {
			c.Headers[i] = Header{Key: h.Key, Value: cloneBytes(h.Value)}
		}
	}
	return &c
}

func cloneBytes(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}
