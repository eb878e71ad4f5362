package mapping

import (
	"maps"
	"slices"
	"sync"

	"segment-webhooks/mapping/document"
)

// partial reads only those members of an event that a mapping can look at, which are few: most of an event is context.
type partial struct {
	keys    []string
	scanner *sync.Pool // of *document.Scanner with the keys as its slots
}

// newPartial returns the partial reader for the given nodes, nil where they may look at anything.
func newPartial(nodes ...node) *partial {
	keys := map[string]bool{}
	for _, n := range nodes {
		if n != nil && !reads(n, keys) {
			return nil
		}
	}
	p := &partial{keys: slices.Sorted(maps.Keys(keys))}
	paths := &document.Paths{}
	for _, key := range p.keys {
		paths.Add([]string{key})
	}
	p.scanner = &sync.Pool{New: func() any { return document.NewScanner(paths) }}
	return p
}

// read returns the event with the wanted members only.
func (p *partial) read(event []byte) (document.Value, error) {
	scanner := p.scanner.Get().(*document.Scanner)
	defer p.scanner.Put(scanner)
	if err := scanner.Scan(event); err != nil {
		return document.Value{}, err
	}
	members := make([]document.Member, 0, len(p.keys))
	for slot, key := range p.keys {
		if v := scanner.Slot(slot).Value(); !v.IsMissing() {
			members = append(members, document.Member{Key: key, Value: v})
		}
	}
	return document.ObjectValue(members), nil
}

// reads adds the keys of the event's members that n looks at. It reports false where n may look at any.
func reads(n node, keys map[string]bool) bool {
	all := func(nodes ...node) bool {
		return !slices.ContainsFunc(nodes, func(n node) bool { return !reads(n, keys) })
	}
	switch n := n.(type) {
	case constant, failing:
		return true
	case lookup:
		return n.path.reads(keys)
	case template:
		return !n.again && !slices.ContainsFunc(n.pieces, func(p piece) bool { return p.hole && !p.path.reads(keys) })
	case record:
		return all(n.members...)
	case list:
		return all(n.elements...)
	case condition:
		return all(n.test, n.yes, n.no)
	case casing:
		return all(n.value)
	case replace:
		return all(n.value)
	case excludeWhenNull:
		return all(n.value)
	case jsonText:
		return all(n.value)
	case flatten:
		return all(n.value, n.separator)
	case merge:
		return all(n.direction) && all(n.objects...)
	case arrayPath:
		return all(n.from) // the shape looks at elements
	case transform:
		return all(n.apply) // the mapping looks at its outcome
	}
	return false // the paths of computed ones and of Liquid are not known
}

func (p path) reads(keys map[string]bool) bool {
	if len(p) == 0 {
		return false
	}
	keys[p[0]] = true
	return true
}
