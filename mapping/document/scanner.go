package document

import "bytes"

// Scanner reads one event after the other and, once it has seen a few, allocates nothing. It belongs to one goroutine.
type Scanner struct {
	paths *Paths

	text    []byte // what the slots refer to: the scanned event, or its ordered form
	foreign bool   // text is not what JSON.stringify prints
	moved   bool   // text is the ordered form
	proto   bool
	mixed   bool // some object repeats a key or has array-index keys out of order

	slots   []Slot
	extra   []byte  // text and JSON that do not stand in text
	ordered []byte  // the ordered form, if it was needed
	stack   []frame // the open arrays and objects
	keys    []uint64
	key     []byte // a key that had to be decoded
}

// NewScanner returns a Scanner that looks for paths; nil is none.
func NewScanner(paths *Paths) *Scanner {
	if paths == nil {
		paths = &Paths{}
	}
	return &Scanner{paths: paths}
}

// maxLen is how long a text may be, in bytes. Malformed bytes take three when decoded.
const maxLen = 1 << 30

// byteOrderMark is U+FEFF; in front of a text the WHATWG decoder drops it.
const byteOrderMark = "\xef\xbb\xbf"

// Scan reads an event, which must be one JSON object and nothing else; the error is a *SyntaxError. Until the next Scan
// the scanner and its slots refer to event, which must not change. After an error all slots are missing, and what the
// other methods say means nothing.
func (s *Scanner) Scan(event []byte) error {
	s.moved, s.proto, s.mixed = false, false, false
	kind, fault := s.read(event)
	if fault == nil && kind != Object {
		fault = &SyntaxError{Reason: "an event must be one object, this is of type " + kind.String()}
	}
	if fault == nil && s.mixed {
		// Rare, and the order of keys is the tree's business: write the event in order and read that.
		s.ordered = build(s.text).appendJSON(scratch(s.ordered), true)
		s.moved = true
		_, fault = s.read(s.ordered)
	}
	if fault != nil {
		clear(s.slots)
		return fault
	}
	return nil
}

// read checks text, fills the slots with what stands in it and returns its kind.
func (s *Scanner) read(text []byte) (Kind, *SyntaxError) {
	if len(text) > maxLen {
		return Missing, &SyntaxError{Reason: "longer than 1 GiB"}
	}
	s.text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	s.extra, s.keys, s.key = scratch(s.extra), scratch(s.keys), scratch(s.key)
	if len(s.slots) < s.paths.slots {
		s.slots = make([]Slot, s.paths.slots)
	}
	clear(s.slots)
	kind, fault := s.pass(s.text)
	if mark := len(text) - len(s.text); mark > 0 {
		s.foreign = true
		if fault != nil {
			fault.Offset += mark
		}
	}
	return kind, fault
}

// scratch returns b emptied, for reuse, unless a huge event has made it so large that it is better given back.
func scratch[T any](b []T) []T {
	if cap(b) > 1<<20 {
		return nil
	}
	return b[:0]
}

// Canonical reports whether the scanned event already is what JSON.stringify(JSON.parse(event)) gives.
func (s *Scanner) Canonical() bool { return !s.foreign && !s.moved }

// HasProto reports whether some key of the scanned event is spelled exactly __proto__. JSON.parse keeps it as any other
// key; Segment's mapping layer loses it when it copies.
func (s *Scanner) HasProto() bool { return s.proto }

// AppendCanonical appends what JSON.stringify(JSON.parse(event)) gives for the scanned event.
func (s *Scanner) AppendCanonical(dst []byte) []byte {
	if s.foreign {
		return appendForm(dst, s.text)
	}
	return append(dst, s.text...)
}
