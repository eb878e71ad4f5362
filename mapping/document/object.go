package document

import (
	"cmp"
	"slices"
	"strings"
)

// linearSearch is up to how many members an object is searched from first to last; larger ones keep a sorted index.
const linearSearch = 16

// newObject is ObjectValue for keys that already are WTF-8.
func newObject(members []Member) Value {
	if len(members) == 0 {
		return Value{kind: Object}
	}
	orderKeys(members)
	var sorted []int32
	if len(members) <= linearSearch {
		members = dropRepeatsLinear(members)
	} else {
		sorted = sortedKeys(members)
		if kept, dropped := dropRepeats(members, sorted); dropped {
			members, sorted = kept, sortedKeys(kept)
		}
	}
	return Value{kind: Object, body: &body{members: members, sorted: sorted}}
}

// orderKeys moves array-index keys to the front in ascending order; all others, and repeated keys among themselves,
// keep their order.
func orderKeys(members []Member) {
	const rest = maxIndex + 1
	rank := func(key string) int64 {
		if n, ok := arrayIndex(key); ok {
			return int64(n)
		}
		return rest
	}
	last := int64(-1)
	for i := range members {
		r := rank(members[i].Key)
		if r < last {
			slices.SortStableFunc(members, func(a, b Member) int { return cmp.Compare(rank(a.Key), rank(b.Key)) })
			return
		}
		last = r
	}
}

// dropRepeatsLinear gives the first of several members with one key the last one's value and removes the others.
func dropRepeatsLinear(members []Member) []Member {
	kept := members[:0]
next:
	for _, m := range members {
		for i := range kept {
			if kept[i].Key == m.Key {
				kept[i].Value = m.Value
				continue next
			}
		}
		kept = append(kept, m)
	}
	return kept
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
	gone := make([]bool, 0)
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
