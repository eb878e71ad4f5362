package lane

import (
	"fmt"
	"slices"
	"testing"
)

// sharing is a ledger with n mappings, each with room for four records of its own, and a pool of 64 pieces, a record each. There is a
// record for every mapping at each of 200 offsets.
func sharing(t *testing.T, n int) *rig {
	t.Helper()
	var lanes []Identity
	for i := range n {
		id := mapping(fmt.Sprint("m", i), 1000)
		id.Bytes = 4 * recordBytes
		lanes = append(lanes, id)
	}
	r := newRig(t, Settings{Lanes: lanes, SharedBytes: 64 * recordBytes})
	r.append(r.assign(0), records(0, 200, 1<<n-1))
	return r
}

// fill takes for a mapping what there is room for.
func (r *rig) fill(m int) []*Event { return r.g.Take(nil, m, 1000, 1<<30, r.now) }

func TestABusyMappingGetsHalfOfThePool(t *testing.T) {
	t.Parallel()
	r := sharing(t, 3)
	for m, want := range []int{4 + 32, 4 + 16, 4 + 8} {
		if got := len(r.fill(m)); got != want {
			t.Errorf("mapping %d may hold %d events, want %d: its own, and half of what the others have left", m, got, want)
		}
	}
}

func TestWhatIsTheirsForCertainIsThere(t *testing.T) {
	t.Parallel()
	r := sharing(t, 20)
	for m := range 20 {
		if got := len(r.fill(m)); got < 4 {
			t.Errorf("mapping %d may hold %d events, want 4 at least", m, got)
		}
	}
}

func TestThePoolIsGivenBack(t *testing.T) {
	t.Parallel()
	r := sharing(t, 2)
	first, second := r.fill(0), r.fill(1)
	if len(r.fill(1)) > 0 {
		t.Fatal("mapping 1 has taken more than there is room for")
	}
	r.g.Woken()
	for _, ev := range first {
		r.settle(ev)
	}
	if woken, _ := r.g.Woken(); woken>>1&1 == 0 {
		t.Error("mapping 1 has been refused, there is room now, and it is not woken")
	}
	if got := len(second) + len(r.fill(1)); got != 4+32 {
		t.Errorf("mapping 1 may hold %d events once the other holds none, want %d", got, 4+32)
	}
}

func TestTheMappingOfAFailingEndpointGetsNoMore(t *testing.T) {
	t.Parallel()
	r := sharing(t, 1)
	r.g.SetFailing(0, true)
	held := r.fill(0)
	if len(held) != 4 {
		t.Errorf("it may hold %d events, want its own 4", len(held))
	}
	r.g.Woken()
	r.g.SetFailing(0, false)
	if woken, _ := r.g.Woken(); woken == 0 {
		t.Error("the endpoint is back, and nobody is woken")
	}
	if got := len(held) + len(r.fill(0)); got != 4+32 {
		t.Errorf("when the endpoint is back it may hold %d events, want %d", got, 4+32)
	}
}

// The number of mappings changes, not the pool.
func TestWhoIsGoneGivesThePoolBack(t *testing.T) {
	t.Parallel()
	r := sharing(t, 2)
	r.fill(0)
	r.fill(1)
	if _, err := r.g.Reconfigure(slices.Clone(r.g.settings.Lanes[1:]), func(*Partition) Origin { return Origin{LogStart: -1} }, r.now); err != nil {
		t.Fatal(err)
	}
	if held, lent := r.g.windows[0].events, r.g.pool.lent; held != 4+16 || lent != 16 {
		t.Errorf("%d pieces are lent, and the mapping that is left holds %d events; want 16 and 20", lent, held)
	}
}
