package letters

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/sink"
)

// Letter is a dead letter: where it lies, and the story that its headers tell.
type Letter struct {
	Partition int32 // of the dead-letter topic
	Offset    int64
	Written   time.Time // when it became a dead letter

	Reason    string
	Mapping   string // name; empty where the record was no event
	MappingID string // where the mapping has one that is not its name

	Topic           string // where the original was read
	SourcePartition int32
	SourceOffset    int64
	Timestamp       time.Time // the original's

	URL, Method               string // the URL without credentials and query
	Status                    int    // 0: no answer came
	Error                     string
	Response                  string
	Attempts                  int
	FirstAttempt, LastAttempt time.Time
	Connector                 string

	truncatedFrom int    // length of the original's value where the letter's is cut; else 0
	sum           string // its SHA-256 then
	fault         string // why the headers do not say which record this is about
	record        *kafka.Record
}

const (
	prefix        = "dlq."
	settlesHeader = "dlq.settles"
	topicIDHeader = "dlq.settles_in"
)

// header returns a header of a record: the last of that name, because what the connector adds comes last.
func header(r *kafka.Record, name string) (string, bool) {
	for _, h := range slices.Backward(r.Headers) {
		if h.Key == name {
			return string(h.Value), true
		}
	}
	return "", false
}

// read makes a letter of a record; false where the record is none. The letter refers to the record's bytes.
func read(r *kafka.Record) (*Letter, bool) {
	reason, ok := header(r, prefix+"reason")
	if !ok {
		return nil, false
	}
	text := func(name string) string {
		v, _ := header(r, prefix+name)
		return v
	}
	number := func(name string) int {
		n, err := strconv.Atoi(text(name))
		if err != nil {
			return 0
		}
		return n
	}
	moment := func(name string) time.Time {
		t, err := time.Parse(time.RFC3339Nano, text(name))
		if err != nil {
			return time.Time{}
		}
		return t
	}
	l := &Letter{
		Partition: r.Partition, Offset: r.Offset, Written: r.Timestamp,
		Reason: reason, Mapping: text("mapping"), MappingID: text("mapping_id"),
		Topic: text("topic"), Timestamp: moment("timestamp"),
		Method: text("method"), Status: number("status"), Error: text("error"), Response: text("response"),
		Attempts: number("attempts"), FirstAttempt: moment("first_attempt"), LastAttempt: moment("last_attempt"), Connector: text("connector"),
		truncatedFrom: number("truncated_from"), sum: text("sha256"), record: r,
	}
	if u := text("url"); u != "" {
		l.URL = sink.RedactURL(u) // as it was written; but who knows by whom
	}
	partition, err := strconv.ParseInt(text("partition"), 10, 32)
	offset, err2 := strconv.ParseInt(text("offset"), 10, 64)
	if err != nil || err2 != nil || l.Topic == "" || partition < 0 || offset < 0 {
		l.fault = "its headers dlq.topic, dlq.partition and dlq.offset do not say which record this is about"
		partition, offset = -1, -1
	}
	l.SourcePartition, l.SourceOffset = int32(partition), offset
	return l, true
}

// where is how a letter is written.
func (l *Letter) where() string { return fmt.Sprintf("%d/%d", l.Partition, l.Offset) }

// original is how the record is written that the letter is about.
func (l *Letter) original() string {
	if l.fault != "" {
		return "?"
	}
	return fmt.Sprintf("%s/%d/%d", l.Topic, l.SourcePartition, l.SourceOffset)
}

// identity is what the mapping was known by that the letter is about.
func (l *Letter) identity() string {
	if l.MappingID != "" {
		return l.MappingID
	}
	return l.Mapping
}

// isWhole says whether a value is the one that the letter had to cut.
func (l *Letter) isWhole(value []byte) bool {
	sum := sha256.Sum256(value)
	return len(value) == l.truncatedFrom && hex.EncodeToString(sum[:]) == l.sum
}

// mark is the record that settles letters of one partition, by ascending offsets.
func mark(tp kafka.TopicPartition, topicID [16]byte, settled []int64, name string) *kafka.Record {
	return &kafka.Record{Topic: tp.Topic, Partition: tp.Partition, Headers: []kafka.Header{
		{Key: settlesHeader, Value: []byte(formatOffsets(settled))},
		{Key: topicIDHeader, Value: []byte(hex.EncodeToString(topicID[:]))},
		{Key: prefix + "connector", Value: []byte(name)},
	}}
}

// settles adds what a mark says to the set; false where the record is no mark. A mark of another topic, of which this one is a copy, says nothing
// here, and so does one that cannot be read: letters are rather delivered again than forgotten.
func (o *offsets) settles(r *kafka.Record, topicID [16]byte, start int64) bool {
	text, ok := header(r, settlesHeader)
	if !ok {
		return false
	}
	if id, _ := header(r, topicIDHeader); !strings.EqualFold(id, hex.EncodeToString(topicID[:])) {
		return true
	}
	_ = o.parseOffsets(text, start, r.Offset) // nobody but us writes marks, and what settles nothing only repeats
	return true
}
