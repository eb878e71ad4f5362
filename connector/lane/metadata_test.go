package lane

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// allow lets cmp look into the facts.
var allow = cmp.AllowUnexported(facts{}, laneFacts{}, span{}, sample{})

// randomFacts are facts as a ledger could know them.
func randomFacts(rnd *rand.Rand) *facts {
	base := rnd.Int64N(1 << (1 + rnd.IntN(50)))
	f := &facts{
		base: base, front: base + rnd.Int64N(1<<(1+rnd.IntN(20))), epoch: int32(rnd.IntN(100)) - 1, incarnation: rnd.Uint32(),
	}
	at := simStart.Unix()
	for o := base; o < f.front && len(f.arrivals) < rnd.IntN(maxSamples+1); {
		o = min(f.front, o+1+rnd.Int64N(1000))
		at += rnd.Int64N(600)
		f.arrivals = append(f.arrivals, sample{o, at})
	}
	for i := range rnd.IntN(60) {
		l := laneFacts{id: uint32(i)<<16 | rnd.Uint32N(1<<16), cursor: base + rnd.Int64N(f.front-base+1)}
		if rnd.IntN(5) == 0 {
			l.frozen = at/60 + 1
		}
		for o := l.cursor + 1 + rnd.Int64N(20); o < f.front && len(l.done) < 40; o += 1 + rnd.Int64N(50) {
			s := span{lo: o, hi: min(f.front, o+1+rnd.Int64N(100))}
			s.weight = int(s.hi - s.lo)
			l.done = append(l.done, s)
			o = s.hi
		}
		f.lanes = append(f.lanes, l)
	}
	return f
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 500 {
		want := randomFacts(rnd)
		text, dropped, ok := want.encode(1 << 20)
		if !ok || dropped != 0 {
			t.Fatalf("facts %d: ok %v, %d spans dropped", i, ok, dropped)
		}
		got, err := decode(text, want.base, want.incarnation)
		if err != nil {
			t.Fatalf("facts %d: %v", i, err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("facts %d (-want +got):\n%s", i, cmp.Diff(want, got, allow))
		}
	}
}

// Whatever the limit, what is left is true: the lanes stand where they stood, the spans are some of the spans, the heaviest, and no
// arrival has become earlier.
func TestWhatDoesNotFitIsLeftOutAndTheRestIsTrue(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(2, 1))
	for i := range 300 {
		f := randomFacts(rnd)
		for j := range f.lanes {
			for k := range f.lanes[j].done {
				f.lanes[j].done[k].weight = 1 + rnd.IntN(9)
			}
		}
		for j := range f.lanes {
			f.lanes[j].unordered = rnd.IntN(2) == 0
		}
		full, _, _ := f.encode(1 << 20)
		limit := rnd.IntN(len(full) + 10)
		text, dropped, ok := f.encode(limit)
		if len(text) > limit {
			t.Fatalf("facts %d: %d characters, limit %d", i, len(text), limit)
		}
		if !ok {
			if without := (&facts{base: f.base, front: f.front, epoch: f.epoch, incarnation: f.incarnation, lanes: cursors(f.lanes)}); fits(without, limit) {
				t.Fatalf("facts %d: nothing is left, but the lanes fit into %d characters", i, limit)
			}
			continue
		}
		got, err := decode(text, f.base, f.incarnation)
		if err != nil {
			t.Fatalf("facts %d: %v", i, err)
		}
		if want, is := cursors(f.lanes), cursors(got.lanes); !reflect.DeepEqual(want, is) {
			t.Fatalf("facts %d: lanes (-want +got):\n%s", i, cmp.Diff(want, is, allow))
		}
		kept, lightest, heaviest := 0, 1<<30, 0
		for j, l := range f.lanes {
			at, worth := 0, 1<<30
			for x, s := range l.done {
				if worth = min(worth, s.weight); l.unordered {
					worth = s.weight
				}
				if at < len(got.lanes[j].done) && got.lanes[j].done[at].lo == s.lo && got.lanes[j].done[at].hi == s.hi {
					if !l.unordered && at < x {
						t.Fatalf("facts %d: lane %d keeps an order, and of %v are left %v", i, j, l.done, got.lanes[j].done)
					}
					at, kept, lightest = at+1, kept+1, min(lightest, worth)
				} else {
					heaviest = max(heaviest, worth)
				}
			}
			if at != len(got.lanes[j].done) {
				t.Fatalf("facts %d: lane %d has spans that were never true: %v of %v", i, j, got.lanes[j].done, l.done)
			}
		}
		if all := countSpans(f.lanes); kept+dropped != all {
			t.Fatalf("facts %d: %d spans kept and %d dropped of %d", i, kept, dropped, all)
		}
		if kept > 0 && heaviest > lightest {
			t.Fatalf("facts %d: a span of %d deliveries is dropped, one of %d is kept", i, heaviest, lightest)
		}
		for o := f.base; o < f.front; o += 1 + (f.front-f.base)/50 {
			was, known := f.arrivals.at(o)
			is, still := got.arrivals.at(o)
			if still && (!known || is.Before(was)) {
				t.Fatalf("facts %d: %d was read at %v (%v), now %v", i, o, was, known, is)
			}
		}
		if len(f.arrivals) > 0 && len(got.arrivals) > 0 && got.arrivals[len(got.arrivals)-1] != f.arrivals[len(f.arrivals)-1] {
			t.Fatalf("facts %d: the newest arrival is gone", i)
		}
	}
}

func cursors(lanes []laneFacts) []laneFacts {
	out := slices.Clone(lanes)
	for i := range out {
		out[i].done, out[i].unordered = nil, false // neither is in the head
	}
	return out
}

func countSpans(lanes []laneFacts) (n int) {
	for _, l := range lanes {
		n += len(l.done)
	}
	return n
}

func fits(f *facts, limit int) bool {
	_, _, ok := f.encode(limit)
	return ok
}

// One span more would not fit: room is used to the last character.
func TestAsManySpansAsFit(t *testing.T) {
	t.Parallel()
	f := &facts{front: 10_000, lanes: []laneFacts{{id: 1}}}
	for o := int64(1); o < 5_000; o += 2 {
		f.lanes[0].done = append(f.lanes[0].done, span{o, o + 1, 1})
	}
	text, dropped, _ := f.encode(4096)
	if kept := len(f.lanes[0].done) - dropped; kept < 1500 || len(text) < 4090 {
		t.Errorf("%d spans are kept in %d characters, want at least 1500 in about 4096", kept, len(text))
	}
}

func TestDamagedMetadataIsRejected(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 1))
	var f *facts
	var text string
	for i := range 60_000 {
		if i%300 == 0 {
			f = randomFacts(rnd)
			f.lanes = f.lanes[:min(len(f.lanes), 5)]
			text, _, _ = f.encode(4096)
		}
		damaged := damage(rnd, text)
		if damaged == text {
			continue
		}
		got, err := decode(damaged, f.base, f.incarnation)
		switch {
		case err == nil && strings.Trim(damaged, "\r\n") != damaged: // base64 skips line ends
		case err == nil:
			t.Fatalf("damage %d: %q is accepted for %q: %+v", i, damaged, text, got)
		case !errors.Is(err, errMetadata):
			t.Fatalf("damage %d: error %v does not say that the metadata is not ours", i, err)
		}
	}
}

func damage(rnd *rand.Rand, text string) string {
	b := []byte(text)
	at := rnd.IntN(len(b))
	switch rnd.IntN(7) {
	case 0:
		return text[:at]
	case 1:
		return text[at:]
	case 2:
		b[at] ^= 1 << rnd.IntN(8)
	case 3:
		b[at] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[rnd.IntN(64)]
	case 4:
		return text[:at] + text[min(len(text), at+1+rnd.IntN(4)):]
	case 5:
		return text[:at] + text[at/2:]
	case 6:
		other := rnd.IntN(len(b))
		b[at], b[other] = b[other], b[at]
	}
	return string(b)
}

func TestEveryTruncationIsRejected(t *testing.T) {
	t.Parallel()
	f := randomFacts(rand.New(rand.NewPCG(4, 7)))
	text, _, _ := f.encode(4096)
	for n := range len(text) {
		if _, err := decode(text[:n], f.base, f.incarnation); err == nil {
			t.Errorf("the first %d of %d characters are accepted", n, len(text))
		}
	}
}

// seal makes a body what decode takes for undamaged.
func seal(body []byte) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, castagnoli))
	return metadataPrefix + base64.RawURLEncoding.EncodeToString(append(slices.Clone(body), sum...))
}

func TestMetadataThatIsNotOursIsRejected(t *testing.T) {
	t.Parallel()
	const base, incarnation = 1000, 7
	// A sealed body: format 1, base 1000, incarnation 7, front 1100, epoch 0, and what follows.
	body := func(rest ...byte) string {
		b := binary.AppendUvarint([]byte{1}, base)
		b = binary.BigEndian.AppendUint32(b, incarnation)
		return seal(append(binary.AppendVarint(binary.AppendUvarint(b, 100), 0), rest...))
	}
	lane := func(id, back byte) []byte { return []byte{0, 0, 0, id, back << 1} }
	one := append([]byte{0, 1}, lane(1, 50)...) // no arrivals, one lane at 1050
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }

	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"nothing", "", false},
		{"a member id", "segment-webhooks-8d1c3c2e", false},
		{"the prefix alone", metadataPrefix, false},
		{"no room for a checksum", metadataPrefix + "AQID", false},
		{"another version", strings.Replace(body(0, 0, 0), "w1:", "w2:", 1), false},
		{"not base64", metadataPrefix + "????????????", false},
		{"another format", seal([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), false},
		{"no lanes at all", body(0, 0, 0), true},
		{"one lane", body(join(one, []byte{0})...), true},
		{"one lane with a span", body(join(one, []byte{1, 0, 1, 3, 5})...), true},
		{"a span up to the front", body(join(one, []byte{1, 0, 1, 3, 47})...), true},
		{"a span beyond the front", body(join(one, []byte{1, 0, 1, 3, 48})...), false},
		{"an empty span", body(join(one, []byte{1, 0, 1, 3, 0})...), false},
		{"spans of a lane that is not there", body(join(one, []byte{1, 1, 1, 3, 5})...), false},
		{"spans of a lane twice", body(join(one, []byte{2, 0, 1, 3, 5, 0, 1, 3, 5})...), false},
		{"a lane twice", body(join([]byte{0, 2}, lane(1, 50), lane(1, 40), []byte{0})...), false},
		{"a lane below the base", body(join([]byte{0, 1}, binary.AppendUvarint([]byte{0, 0, 0, 1}, 101<<1), []byte{0})...), false},
		{"a lane at the base", body(join([]byte{0, 1}, binary.AppendUvarint([]byte{0, 0, 0, 1}, 100<<1), []byte{0})...), true},
		{"frozen since never", body(0, 1, 0, 0, 0, 1, 1, 0, 0), false},
		{"an arrival above the front", body(1, 101, 1, 0, 0), false},
		{"an arrival at the front", body(1, 100, 1, 0, 0), true},
		{"more than it says", body(0, 0, 0, 0), false},
		{"less than it says", body(0, 0), false},
		{"too many arrivals", body(join(binary.AppendUvarint(nil, maxListed+1), make([]byte, 3*maxListed))...), false},
		{"an epoch that is none", seal(append(binary.AppendVarint([]byte{1, 0, 0, 0, 0, 0, 0}, 1<<31), 0, 0, 0)), false},
		{"a front beyond all offsets", seal(append(binary.AppendUvarint(binary.AppendUvarint([]byte{1}, 1<<62), 1<<62), 0, 0, 0, 0)), false},
		{"a number without end", seal([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, err := decode(c.text, base, incarnation); (err == nil) != c.ok {
				t.Errorf("got %+v, %v; want accepted: %v", got, err, c.ok)
			}
		})
	}
}

// An operator's reset counts, even with a tool that keeps the metadata; the lanes of a topic that was deleted and made anew do not.
func TestMetadataIsForOneOffsetOfOneTopic(t *testing.T) {
	t.Parallel()
	f := &facts{base: 100, front: 120, incarnation: 7, lanes: []laneFacts{{id: 1, cursor: 110}}}
	unknown := &facts{base: 100, front: 120, lanes: f.lanes}
	for _, c := range []struct {
		name        string
		facts       *facts
		committed   int64
		incarnation uint32
		wantErr     string
	}{
		{"the same", f, 100, 7, ""},
		{"reset backwards", f, 99, 7, "written for offset 100, committed is 99: the offset was reset"},
		{"reset forwards", f, 101, 7, "written for offset 100, committed is 101: the offset was reset"},
		{"another topic of the name", f, 100, 8, "written for an earlier topic of this name"},
		{"a broker without topic ids", f, 100, 0, ""},
		{"written by one without", unknown, 100, 7, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text, _, _ := c.facts.encode(4096)
			_, err := decode(text, c.committed, c.incarnation)
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("got error %v, want %q", err, c.wantErr)
			}
		})
	}
}

func TestIncarnation(t *testing.T) {
	t.Parallel()
	if got := Incarnation([16]byte{}); got != 0 {
		t.Errorf("no topic id gives %d, want 0", got)
	}
	if a, b := Incarnation([16]byte{1}), Incarnation([16]byte{2}); a == b || a == 0 || b == 0 {
		t.Errorf("two topic ids give %d and %d, want two numbers that are not 0", a, b)
	}
}

// The limit of 4096 characters must be far away for what cannot be left out, however far the lanes are apart.
func TestMetadataSize(t *testing.T) {
	t.Parallel()
	now := simStart
	for _, c := range []struct {
		name      string
		lanes     int
		back      int64 // how far each lane is behind
		frozen    int64
		arrivals  int
		spans     int
		mandatory bool // nothing can be left out
		most      int
	}{
		{name: "50 lanes at the head", lanes: 50, most: 380},
		{name: "50 lanes a little behind, 5 arrivals", lanes: 50, back: 100, arrivals: 5, most: 560},
		{name: "50 lanes 4 h behind at 1000/s, 48 arrivals", lanes: 50, back: 4 * 3600 * 1000, arrivals: 48, most: 950},
		{name: "the same with 10 spans each", lanes: 50, back: 4 * 3600 * 1000, arrivals: 48, spans: 10, most: 4096},
		{name: "50 lanes as far behind as can be", lanes: 50, back: 1 << 60, mandatory: true, most: 1000},
		{name: "50 lanes as far behind as can be, frozen", lanes: 50, back: 1 << 60, frozen: now.Unix() / 60, mandatory: true, most: 1400},
		{name: "57 lanes as far behind as can be, frozen", lanes: 57, back: 1 << 60, frozen: now.Unix() / 60, mandatory: true, most: 1500},
		{name: "64 known lanes, 64 frozen ones", lanes: 128, back: 1 << 60, frozen: now.Unix() / 60, mandatory: true, most: 3200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &facts{base: 1 << 60, front: 1<<60 + c.back, epoch: 1 << 30, incarnation: 1 << 31}
			for i := range c.arrivals {
				f.arrivals = append(f.arrivals, sample{f.base + c.back*int64(i+1)/int64(c.arrivals), now.Unix() + int64(i)*300})
			}
			for i := range c.lanes {
				l := laneFacts{id: 1<<31 + uint32(i), cursor: f.base, frozen: c.frozen}
				for j := range int64(c.spans) {
					l.done = append(l.done, span{f.base + 1 + j*1000, f.base + 900 + j*1000, 899})
				}
				f.lanes = append(f.lanes, l)
			}
			text, dropped, ok := f.encode(4096)
			if !ok || dropped > 0 || len(text) > c.most {
				t.Errorf("%d characters, %d spans dropped, ok %v; want at most %d characters and nothing dropped", len(text), dropped, ok, c.most)
			}
			if c.mandatory && fits(f, len(text)-2) {
				t.Errorf("%d characters are enough as well", len(text)-2)
			}
		})
	}
}

// The oldest metadata in the field must be read for ever: this is what the first release wrote.
func TestFormatIsStable(t *testing.T) {
	t.Parallel()
	f := &facts{
		base: 1000, front: 1500, epoch: 3, incarnation: 0xCAFE, arrivals: arrivals{{1200, simStart.Unix()}, {1500, simStart.Unix() + 300}},
		lanes: []laneFacts{
			{id: LaneID("orders"), cursor: 1500},
			{id: LaneID("carts"), cursor: 1000, done: []span{{1001, 1100, 99}, {1200, 1300, 100}}},
			{id: LaneID("removed"), cursor: 1400, frozen: simStart.Unix() / 60},
		},
	}
	const want = "w1:AegHAADK_vQDBgLIAYDiz6oGrAKsAgMJp8CKAAqJvgToBzht4SDJAZWqwQ0BAQIBY2RkYSYReg"
	if got, _, _ := f.encode(4096); got != want {
		t.Errorf("encoded as %s, want %s", got, want)
	}
	got, err := decode(want, 1000, 0xCAFE)
	if diff := cmp.Diff(f, got, allow); err != nil || diff != "" {
		t.Errorf("decoded with error %v (-want +got):\n%s", err, diff)
	}
}

// FuzzDecode takes any text and any body with a right checksum. Nothing may panic; what is accepted must be possible, and must say the same
// after a process has begun with it and has written it again.
func FuzzDecode(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 1))
	for range 5 {
		facts := randomFacts(rnd)
		facts.lanes = facts.lanes[:min(3, len(facts.lanes))]
		text, _, _ := facts.encode(4096)
		raw, err := base64.RawURLEncoding.DecodeString(text[len(metadataPrefix):])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[:len(raw)-crc32.Size])
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = decode(string(body), 0, 0)
		_, _ = decode(metadataPrefix+string(body), 0, 0)
		r := reader{rest: body}
		facts, err := r.facts()
		got, sealedErr := decode(seal(body), factsBase(facts), 0)
		if (err == nil) != (sealedErr == nil) {
			t.Fatalf("body: %v, sealed: %v", err, sealedErr)
		}
		if err != nil {
			return
		}
		checkPossible(t, got)
		text, _, ok := got.encode(1 << 24)
		if !ok {
			t.Fatal("does not fit")
		}
		again, err := decode(text, got.base, got.incarnation)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("written again: %v (-first +again):\n%s", err, cmp.Diff(got, again, allow))
		}
		checkRestored(t, got, text)
	})
}

func factsBase(f *facts) int64 {
	if f == nil {
		return 0
	}
	return f.base
}

func checkPossible(t *testing.T, f *facts) {
	t.Helper()
	last := sample{offset: f.base}
	for _, s := range f.arrivals {
		if s.offset < last.offset || s.at < last.at || s.offset > f.front {
			t.Fatalf("arrival %+v after %+v, front %d", s, last, f.front)
		}
		last = s
	}
	for _, l := range f.lanes {
		if l.cursor < f.base || l.cursor > f.front {
			t.Fatalf("lane at %d, base %d, front %d", l.cursor, f.base, f.front)
		}
		end := l.cursor
		for _, s := range l.done {
			if s.lo < end || s.hi <= s.lo || s.hi > f.front || s.weight < 1 {
				t.Fatalf("span %+v after %d, front %d", s, end, f.front)
			}
			end = s.hi
		}
	}
}

// checkRestored begins with the metadata in a process that knows half of the lanes: the next commit must say no more than the facts.
func checkRestored(t *testing.T, f *facts, text string) {
	t.Helper()
	now := simStart
	g, err := New(Settings{Window: time.Hour, OrphanGrace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range f.lanes {
		if i%2 == 0 && len(g.windows) < MaxLanes {
			g.windows = append(g.windows, &window{index: len(g.windows), id: l.id, capEvents: 1, maxSlices: 1})
		}
	}
	a := g.Assign(Restored{Offset: f.base, Metadata: text, LogStart: -1}, now)
	if a.Reset != nil || len(a.Started) > 0 {
		t.Fatalf("reset: %v, begun: %v", a.Reset, a.Started)
	}
	c := g.Snapshot(a.Partition, 1<<24)
	got, err := decode(c.Metadata, c.Offset, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.lanes) != len(f.lanes) || got.front != f.front {
		t.Fatalf("%d lanes, front %d; want %d, %d", len(got.lanes), got.front, len(f.lanes), f.front)
	}
	for _, l := range got.lanes {
		i := slices.IndexFunc(f.lanes, func(x laneFacts) bool { return x.id == l.id })
		was := f.lanes[i]
		if l.cursor != was.cursor && (len(was.done) == 0 || was.done[0].lo != was.cursor) {
			t.Fatalf("lane %d is at %d, was %d: %s", l.id, l.cursor, was.cursor, fmt.Sprint(was.done))
		}
		for _, s := range l.done {
			if !slices.ContainsFunc(was.done, func(x span) bool { return x.lo <= s.lo && s.hi <= x.hi }) && !joined(was.done, s) {
				t.Fatalf("lane %d says %v, was %v", l.id, s, was.done)
			}
		}
	}
}

// joined says whether s is made of spans that touch.
func joined(spans []span, s span) bool {
	at := s.lo
	for _, x := range spans {
		if x.lo == at {
			at = x.hi
		}
	}
	return at == s.hi
}
