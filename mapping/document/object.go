package document

import (
	"cmp"
	"slices"
	"strings"
)

// linearSearch is up to how many members an object is searched from first to last; larger ones keep a sorted index.
const linearSearch = 16

// newObject returns the body of the object that ObjectValue describes; all keys are WTF-8.
func newObject(members []Member) body {
	orderKeys(members)
	if len(members) <= linearSearch {
		return body{members: dropRepeatsLinear(members)}
	}
	sorted := sortedKeys(members)
	if kept, dropped := dropRepeats(members, sorted); dropped {
		members, sorted = kept, sortedKeys(kept)
	}
	return body{members: members, sorted: sorted}
}

// orderKeys moves array-index keys to the front in ascending order; all others, and repeated keys among themselves,
// keep their order.
func orderKeys(members []Member) {
	if inOrder(members) {
		return
	}
	type indexed struct {
		index uint32
		at    int
	}
	var front []indexed
	for at := range members {
		if index, ok := arrayIndex(members[at].Key); ok {
			front = append(front, indexed{index, at})
		}
	}
	slices.SortFunc(front, func(a, b indexed) int { return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.at, b.at)) })
	ordered := make([]Member, 0, len(members))
	for _, f := range front {
		ordered = append(ordered, members[f.at])
	}
	for _, m := range members {
		if _, ok := arrayIndex(m.Key); !ok {
			ordered = append(ordered, m)
		}
	}
	copy(members, ordered)
}

// inOrder reports whether array-index keys come first and ascend.
func inOrder(members []Member) bool {
	next, named := uint32(0), false
	for i := range members {
		index, ok := arrayIndex(members[i].Key)
		if ok && (named || index < next) {
			return false
		}
		if ok {
			next = index
		} else {
			named = true
		}
	}
	return true
}

// dropRepeatsLinear gives the first of several members with one key the last one's value and removes the others.
func dropRepeatsLinear(members []Member) []Member {
	for i := 1; i < len(members); i++ {
		for j := range members[:i] {
			if members[j].Key == members[i].Key {
				members[j].Value = members[i].Value
				members = slices.Delete(members, i, i+1)
				i--
				break
			}
		}
	}
	return members
}

// sortedKeys returns the positions of members by key, those of one key ascending.
func sortedKeys(members []Member) []int32 {
	sorted := make([]int32, len(members))
	for i := range sorted {
		sorted[i] = int32(i)
	}
	slices.SortFunc(sorted, func(a, b int32) int {
		if c := strings.Compare(members[a].Key, members[b].Key); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return sorted
}

// dropRepeats is dropRepeatsLinear in n log n, by means of sorted.
func dropRepeats(members []Member, sorted []int32) (kept []Member, dropped bool) {
	var gone []bool
	for from := 0; from < len(sorted); {
		first := sorted[from]
		to := from + 1
		for to < len(sorted) && members[sorted[to]].Key == members[first].Key {
			to++
		}
		if to-from > 1 {
			if !dropped {
				dropped, gone = true, make([]bool, len(members))
			}
			members[first].Value = members[sorted[to-1]].Value
			for _, at := range sorted[from+1 : to] {
				gone[at] = true
			}
		}
		from = to
	}
	if !dropped {
		return members, false
	}
	kept = members[:0]
	for i, m := range members {
		if !gone[i] {
			kept = append(kept, m)
		}
	}
	return kept, true
}

// member returns the value of an object's own key.
func (b *body) member(key string) Value {
	if b == nil {
		return Value{}
	}
	if b.sorted == nil {
		for i := range b.members {
			if b.members[i].Key == key {
				return b.members[i].Value
			}
		}
		return Value{}
	}
	at, found := slices.BinarySearchFunc(b.sorted, key, func(i int32, key string) int {
		return strings.Compare(b.members[i].Key, key)
	})
	if !found {
		return Value{}
	}
	return b.members[b.sorted[at]].Value
}
