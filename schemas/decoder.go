package schemas

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Decoder turns values into events. It is safe for concurrent use.
type Decoder struct{}

// NewDecoder returns a decoder for JSON values.
func NewDecoder() *Decoder { return &Decoder{} }

// ErrEmpty is returned for a record without a value: a tombstone of a compacted topic, or an empty one. Neither is an event.
var ErrEmpty = errors.New("the record has no value")

// Decode returns the event's JSON text, the same bytes where value already is JSON; whether it is valid JSON is for the reader
// of the event to find out, who looks at every byte anyway. An error says why the value cannot be an event; trying
// again does not help.
func (d *Decoder) Decode(value []byte) ([]byte, error) {
	if len(value) == 0 {
		return nil, ErrEmpty
	}
	if value[0] == 0 && len(value) >= 5 { // Confluent's wire format: no JSON text begins with a zero byte
		return nil, fmt.Errorf("the value is in a schema registry's wire format (schema id %d), which this connector does not read: produce events as JSON",
			binary.BigEndian.Uint32(value[1:5]))
	}
	return value, nil
}
