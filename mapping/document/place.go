package document

// place leaves v in the slot of the node at, and in those below what a walk that goes on from there yields. A string that
// comes without its text is decoded if anything looks at it.
func (s *Scanner) place(at int32, v Slot) {
	n := &s.paths.nodes[at]
	if v.kind == String && v.text == nil && (n.slot >= 0 || len(n.children) > 0) {
		start := len(s.extra)
		s.extra = appendDecoded(s.extra, v.raw[1:len(v.raw)-1])
		v.text = s.extra[start:]
	}
	if n.slot >= 0 {
		s.slots[n.slot] = v
	}
	if len(n.children) == 0 || v.kind == Object || v.kind == Array {
		return
	}
	if v.falsy() {
		for i := range n.children {
			s.place(n.children[i].node, v)
		}
	} else if v.kind == String {
		s.placeUnits(n, v.text)
	}
}

// placeUnits leaves the length and the wanted UTF-16 units of a string in the slots below its node.
func (s *Scanner) placeUnits(n *node, text []byte) {
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
			s.place(c.node, Slot{raw: s.extra[start:], kind: String, ours: true})
		}
	}
}

// placeLength leaves the length of an array or string in the slots of its node and below.
func (s *Scanner) placeLength(at int32, length int) {
	start := len(s.extra)
	s.extra = AppendNumber(s.extra, float64(length))
	s.place(at, Slot{raw: s.extra[start:], kind: Number, ours: true})
}

// Slot returns what stands at the path that Add gave the number i: the walk down the path stops at the first value that
// counts as false in JavaScript (missing, null, false, 0, NaN, the empty string) and yields that value.
func (s *Scanner) Slot(i int) *Slot {
	if i >= len(s.slots) { // nothing has been scanned yet
		return &Slot{}
	}
	return &s.slots[i]
}
