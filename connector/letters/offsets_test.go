package letters

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Against a plain map: adding, removing, looking for the next, and through the text and back.
func TestOffsetsAgainstModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		most := 1 + rnd.Int64N(1000)
		var a, b offsets
		want := map[int64]bool{}
		for range rnd.IntN(300) {
			n := rnd.Int64N(most)
			a.add(n)
			want[n] = true
		}
		removed := 0
		for range rnd.IntN(300) {
			n := rnd.Int64N(most)
			b.add(n)
			if want[n] {
				removed++
			}
			delete(want, n)
		}
		if got := a.remove(&b); got != removed || a.len() != len(want) {
			t.Fatalf("seed %d: removed %d and %d are left, want %d and %d", seed, got, a.len(), removed, len(want))
		}
		var all []int64
		for from, ok := a.next(0); ok; from, ok = a.next(from + 1) {
			if !want[from] || !a.has(from) {
				t.Fatalf("seed %d: next gives %d, which is not in the set", seed, from)
			}
			all = append(all, from)
		}
		if len(all) != len(want) || !slices.IsSorted(all) {
			t.Fatalf("seed %d: next gives %v, want %d in order", seed, all, len(want))
		}
		if len(all) == 0 {
			continue
		}
		var again offsets
		if err := again.parseOffsets(formatOffsets(all), 0, most); err != nil || again.len() != len(all) {
			t.Fatalf("seed %d: %v through %q: %d, %v", seed, all, formatOffsets(all), again.len(), err)
		}
	}
}

func TestFormatOffsets(t *testing.T) {
	t.Parallel()
	if got, want := formatOffsets([]int64{0, 2, 3, 4, 4, 9, 10}), "0,2-4,9-10"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A mark that nobody could have written settles nothing, or at most what lies before it, and takes no time.
func TestMarksThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "-", "x", "5-3", "1,,2", "-1", "1-", "99999999999999999999"} {
		var o offsets
		if err := o.parseOffsets(text, 0, 100); err == nil || o.len() > 0 {
			t.Errorf("%q: %v, %d settled; want a fault and none", text, err, o.len())
		}
	}
	var o offsets
	if err := o.parseOffsets("0-9223372036854775807,200", 90, 100); err != nil || o.len() != 10 || !o.has(90) || o.has(100) {
		t.Errorf("%v, %d settled; want the ten from 90 to 99", err, o.len())
	}
}
