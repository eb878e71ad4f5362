package document

import "strings"

// Paths is a set of paths into events, each with the number of the slot in which a Scanner leaves what it finds there.
// Build it while loading; it must not change while a Scanner that uses it scans. The zero Paths is empty.
type Paths struct {
	slots map[string]int
	paths [][]string
}

// Add returns the slot of a path, given as its keys from the event's root down; the same path gets the same slot. A
// key may also be an array index, the index of a string's UTF-16 unit, or length. No keys are the event itself.
func (p *Paths) Add(path []string) (slot int) {
	var name strings.Builder
	keys := make([]string, len(path))
	for i, key := range path {
		keys[i] = toWTF8(key)
		name.Write(appendJSONString(nil, keys[i]))
	}
	if slot, ok := p.slots[name.String()]; ok {
		return slot
	}
	if p.slots == nil {
		p.slots = map[string]int{}
	}
	slot = len(p.paths)
	p.slots[name.String()] = slot
	p.paths = append(p.paths, keys)
	return slot
}
