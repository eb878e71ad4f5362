package document

import "bytes"

// Scanner reads one event after the other, without allocating once it has seen a few. It belongs to one goroutine.
type Scanner struct {
	paths *Paths
	event []byte
	ours  bool // event is what JSON.stringify would print
	proto bool
	form  []byte
	slots []Slot
}

// NewScanner returns a Scanner that looks for paths, which may be nil.
func NewScanner(paths *Paths) *Scanner {
	if paths == nil {
		paths = &Paths{}
	}
	return &Scanner{paths: paths}
}

// Scan reads an event, which must be one JSON object and nothing else; the error is a *SyntaxError. Until the next Scan
// the scanner refers to event, which must not change. After an error all slots are missing.
func (s *Scanner) Scan(event []byte) error {
	s.event, s.slots, s.ours, s.proto = event, make([]Slot, len(s.paths.paths)), false, false
	s.form = s.form[:0]
	if err := validate(event); err != nil {
		return err
	}
	root := build(event)
	if root.kind != Object {
		return &SyntaxError{0, "an event must be an object, this is of type " + root.kind.String()}
	}
	s.form = root.AppendJSON(nil)
	s.ours = bytes.Equal(s.form, event)
	s.proto = hasProto(root)
	for i, path := range s.paths.paths {
		v := root
		for _, key := range path {
			if !v.Truthy() {
				break
			}
			v = v.Get(key)
		}
		slot := Slot{kind: v.kind, text: []byte(v.str)}
		if slot.raw = v.AppendJSON(nil); v.kind == Number && string(slot.raw) == "null" {
			slot.raw = []byte("1e999")
			if v.num < 0 {
				slot.raw = []byte("-1e999")
			}
		}
		s.slots[i] = slot
	}
	return nil
}

func hasProto(v Value) bool {
	for i := range v.Len() {
		if hasProto(v.Index(i)) {
			return true
		}
	}
	for _, m := range v.Members() {
		if m.Key == "__proto__" || hasProto(m.Value) {
			return true
		}
	}
	return false
}

// Canonical reports whether the scanned event already is what JSON.stringify(JSON.parse(event)) gives.
func (s *Scanner) Canonical() bool { return s.ours }

// HasProto reports whether some key of the scanned event is spelled exactly __proto__. JSON.parse keeps it as any other
// key; Segment's mapping layer loses it when it copies.
func (s *Scanner) HasProto() bool { return s.proto }

// AppendCanonical appends what JSON.stringify(JSON.parse(event)) gives for the scanned event.
func (s *Scanner) AppendCanonical(dst []byte) []byte { return append(dst, s.form...) }

// Slot returns what stands at the path that Add gave the number i: the walk down the path stops at the first value that
// counts as false in JavaScript (missing, null, false, 0, NaN, the empty string) and yields that value.
func (s *Scanner) Slot(i int) Slot {
	if i >= len(s.slots) {
		return Slot{}
	}
	return s.slots[i]
}
