package letters

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// offsets is a set of offsets of one partition: a bit for each, where there are any.
type offsets struct {
	words  map[int64]uint64 // by offset / 64
	sorted []int64          // the keys, while they are all
}

func (o *offsets) add(offset int64) {
	if o.words == nil {
		o.words = map[int64]uint64{}
	}
	o.words[offset>>6] |= 1 << (offset & 63)
}

func (o *offsets) has(offset int64) bool { return o.words[offset>>6]>>(offset&63)&1 == 1 }

// remove takes out what is in other, and returns how many that were.
func (o *offsets) remove(other *offsets) (removed int) {
	for k, w := range o.words {
		removed += bits.OnesCount64(w & other.words[k])
		o.words[k] = w &^ other.words[k]
	}
	return removed
}

func (o *offsets) len() (n int) {
	for _, w := range o.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// next returns the first offset in the set that is not below from.
func (o *offsets) next(from int64) (int64, bool) {
	if len(o.sorted) != len(o.words) {
		o.sorted = slices.Sorted(maps.Keys(o.words))
	}
	i, _ := slices.BinarySearch(o.sorted, from>>6)
	for ; i < len(o.sorted); i++ {
		k := o.sorted[i]
		w := o.words[k]
		if k == from>>6 {
			w &= ^uint64(0) << (from & 63)
		}
		if w != 0 {
			return k<<6 + int64(bits.TrailingZeros64(w)), true
		}
	}
	return 0, false
}

// formatOffsets writes ascending offsets as parseOffsets reads them.
func formatOffsets(all []int64) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		last := i
		for last+1 < len(all) && all[last+1] <= all[last]+1 {
			last++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(all[i], 10))
		if all[last] > all[i] {
			b.WriteByte('-')
			b.WriteString(strconv.FormatInt(all[last], 10))
		}
		i = last + 1
	}
	return b.String()
}

// parseOffsets adds to the set what a text such as "17-19,25" names, from start up to but excluding end. What is outside of that is nobody's.
func (o *offsets) parseOffsets(text string, start, end int64) error {
	type span struct{ from, to int64 }
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.ParseInt(first, 10, 64)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseInt(last, 10, 64)
		}
		if err != nil || to < from || from < 0 {
			return fmt.Errorf("%q is no list of offsets", text)
		}
		spans = append(spans, span{max(from, start), min(to, end-1)})
	}
	for _, s := range spans {
		for offset := s.from; offset <= s.to; offset++ {
			o.add(offset)
		}
	}
	return nil
}
