package preview

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Event is one event of an events file.
type Event struct {
	// Number is the line it stands on, from 1; in a file that is one JSON document, or several that span lines, its
	// place among them.
	Number int
	// Text is the event as it stands there. It need not be JSON.
	Text []byte
}

// Split takes an events file apart. The file is one JSON document, or an array of them, or JSON lines, of which empty
// ones count but hold no event, or documents that follow each other and span lines. What is none of these is taken
// as lines, so that the faults of single events come out one by one. A file that begins like Avro in a frame, which no text does, is the value
// of one record.
func Split(file []byte) []Event {
	if bytes.HasPrefix(file, []byte{0}) || bytes.HasPrefix(file, []byte{0xC3, 0x01}) {
		return []Event{{Number: 1, Text: file}}
	}
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	if json.Valid(file) {
		var elements []json.RawMessage
		if json.Unmarshal(file, &elements) != nil || elements == nil {
			elements = []json.RawMessage{bytes.TrimSpace(file)}
		}
		return number(elements)
	}
	var lines []Event
	sound := true
	for i, line := range bytes.Split(file, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		lines = append(lines, Event{Number: i + 1, Text: line})
		sound = sound && json.Valid(line)
	}
	if sound {
		return lines
	}
	if documents, ok := stream(file); ok {
		return number(documents)
	}
	return lines
}

// stream reads documents that follow each other, up to the end of the file.
func stream(file []byte) ([]json.RawMessage, bool) {
	decoder := json.NewDecoder(bytes.NewReader(file))
	var all []json.RawMessage
	for {
		var one json.RawMessage
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return all, true
		case err != nil:
			return nil, false
		}
		all = append(all, one)
	}
}

func number(texts []json.RawMessage) []Event {
	events := make([]Event, len(texts))
	for i, text := range texts {
		events[i] = Event{Number: i + 1, Text: text}
	}
	return events
}
