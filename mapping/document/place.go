package document

// found is what a slot holds, as places in the scanner's buffers; the zero found is Missing.
type found struct {
	start, end uint32 // of the JSON, in Scanner.text or, if made, in Scanner.extra
	text, stop uint32 // of a string that is not plain: its text in Scanner.extra
	kind       Kind
	plain      bool // of a string: the bytes between the quotes are the text itself
	made       bool // not a part of the event: a length or a unit of a string
	ours       bool // the JSON is what JSON.stringify prints
}

// place leaves f in the slot of the node at, and in those below what a walk that goes on from there yields.
func (s *Scanner) place(at int32, f found) {
	n := &s.paths.nodes[at]
	if f.kind == String && !f.plain && (n.slot >= 0 || len(n.children) > 0) {
		f.text = uint32(len(s.extra))
		raw := s.raw(f)
		s.extra = appendDecoded(s.extra, raw[1:len(raw)-1])
		f.stop = uint32(len(s.extra))
	}
	if n.slot >= 0 {
		s.found[n.slot] = f
	}
	if len(n.children) == 0 || f.kind == Object || f.kind == Array {
		return
	}
	if s.slot(f).falsy() {
		for i := range n.children {
			s.place(n.children[i].node, f)
		}
	} else if f.kind == String {
		s.placeUnits(n, f)
	}
}

// placeUnits leaves the length and the wanted UTF-16 units of the string f in the slots below its node.
func (s *Scanner) placeUnits(n *node, f found) {
	text := s.slot(f).text
	if n.length >= 0 {
		s.placeLength(n.length, utf16Len(text))
	}
	for i := range n.children {
		c := &n.children[i]
		if c.index < 0 {
			continue
		}
		if unit, ok := utf16Unit(text, int(c.index)); ok {
			var utf8 [3]byte
			start := len(s.extra)
			s.extra = appendJSONString(s.extra, AppendRune(utf8[:0], unit))
			s.place(c.node, found{start: uint32(start), end: uint32(len(s.extra)), kind: String, made: true, ours: true})
		}
	}
}

// placeLength leaves the length of an array or string in the slots of its node and below.
func (s *Scanner) placeLength(at int32, length int) {
	start := len(s.extra)
	s.extra = AppendNumber(s.extra, float64(length))
	s.place(at, found{start: uint32(start), end: uint32(len(s.extra)), kind: Number, made: true, ours: true})
}

// raw returns the JSON of f.
func (s *Scanner) raw(f found) []byte {
	if f.made {
		return s.extra[f.start:f.end]
	}
	return s.text[f.start:f.end]
}

// slot returns f with its bytes.
func (s *Scanner) slot(f found) Slot {
	slot := Slot{raw: s.raw(f), kind: f.kind, ours: f.ours}
	if f.kind == String {
		if f.plain {
			slot.text = slot.raw[1 : len(slot.raw)-1]
		} else {
			slot.text = s.extra[f.text:f.stop]
		}
	}
	return slot
}

// Slot returns what stands at the path that Add gave the number i: the walk down the path stops at the first value that
// counts as false in JavaScript (missing, null, false, 0, NaN, the empty string) and yields that value.
func (s *Scanner) Slot(i int) Slot {
	if i >= len(s.found) || s.found[i].kind == Missing {
		return Slot{}
	}
	return s.slot(s.found[i])
}
