package lane

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
)

// The commit metadata of a partition carries what one committed offset cannot: how far each lane is. It is text, because
// Kafka stores a string and measures it in UTF-16 units (offset.metadata.max.bytes, 4096 by default):
//
//	"w1:" + base64url without padding of
//	u8      format, 1
//	uvarint base              equals the committed offset; otherwise somebody reset the offset, and the reset is obeyed
//	u32     incarnation       hash of the topic id, 0 when unknown; another topic's lanes are not ours
//	uvarint front - base      the next offset that nobody has read
//	varint  leader epoch of front
//	uvarint n arrivals, then (uvarint offset delta, uvarint seconds delta) each
//	uvarint n lanes, then u32 id, uvarint (front - cursor)<<1 | frozen, [uvarint minutes since when] each
//	uvarint n lanes with ranges, then lane index, count, (uvarint gap, uvarint length) each
//	u32     crc32c of all before
//
// Everything up to the lanes is needed. Ranges (offsets above a cursor that are settled) are not: any subset of them is true, so
// what does not fit is left out, least valuable first, and costs duplicates after a crash, never an event.
// A string that does not decode means "nothing is known about the lanes": all of them start at the committed offset.
const metadataPrefix = "w1:"

// facts is the content of the metadata: true statements about what is settled.
type facts struct {
	base        int64
	incarnation uint32
	front       int64
	epoch       int32
	arrivals    arrivals
	lanes       []laneFacts
}

type laneFacts struct {
	id     uint32
	cursor int64 // everything below is settled
	frozen int64 // unix minutes since when no member knows the mapping; 0 when live
	done   []span

	unordered bool // its events do not wait for each other, and any of its spans may be left out; else only the last
}

// span is a settled stretch [lo, hi) above a cursor.
type span struct {
	lo, hi int64
	weight int // deliveries in it: what forgetting it would cost in duplicates
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// LaneID is the identity of a lane in the metadata, from the identity of its mapping.
func LaneID(identity string) uint32 { return crc32.Checksum([]byte(identity), castagnoli) }

// Incarnation tells a topic from a later one of the same name. The zero id gives 0, which matches everything.
func Incarnation(topicID [16]byte) uint32 {
	if topicID == [16]byte{} {
		return 0
	}
	return max(1, crc32.Checksum(topicID[:], castagnoli))
}

// encode prints the facts in at most limit characters. Dropped counts the spans left out; ok is false when not even
// the lanes fit, and the offset must be committed without metadata.
func (f *facts) encode(limit int) (text string, dropped int, ok bool) {
	room := (limit-len(metadataPrefix))*3/4 - crc32.Size
	head := f.appendHead(make([]byte, 0, 256+16*len(f.lanes)), f.arrivals)
	for n := len(f.arrivals) / 2; len(head)+1 > room && n >= 0; n /= 2 {
		head = f.appendHead(head[:0], f.arrivals.thinned(n))
		if n == 0 {
			break
		}
	}
	if len(head)+1 > room {
		return "", 0, false
	}
	body, dropped := f.appendSpans(head, room)
	body = binary.BigEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
	return string(base64.RawURLEncoding.AppendEncode([]byte(metadataPrefix), body)), dropped, true
}

func (f *facts) appendHead(b []byte, samples arrivals) []byte {
	b = append(b, 1)
	b = binary.AppendUvarint(b, uint64(f.base))
	b = binary.BigEndian.AppendUint32(b, f.incarnation)
	b = binary.AppendUvarint(b, uint64(f.front-f.base))
	b = binary.AppendVarint(b, int64(f.epoch))
	b = binary.AppendUvarint(b, uint64(len(samples)))
	previous := sample{f.base, 0}
	for _, s := range samples {
		b = binary.AppendUvarint(b, uint64(s.offset-previous.offset))
		b = binary.AppendUvarint(b, uint64(s.at-previous.at))
		previous = s
	}
	b = binary.AppendUvarint(b, uint64(len(f.lanes)))
	for _, l := range f.lanes {
		b = binary.BigEndian.AppendUint32(b, l.id)
		back := uint64(f.front-l.cursor) << 1
		if l.frozen == 0 {
			b = binary.AppendUvarint(b, back)
			continue
		}
		b = binary.AppendUvarint(b, back|1)
		b = binary.AppendUvarint(b, uint64(l.frozen))
	}
	return b
}

// appendSpans appends as many spans as fit, heaviest first. Where events wait for each other, a span is worth no more than those before it: with one
// of them left out, an event would be sent again after others that had waited for it, and those would not.
func (f *facts) appendSpans(head []byte, room int) (body []byte, dropped int) {
	if body = f.appendChosen(head, nil); len(body) <= room {
		return body, 0
	}
	type candidate struct{ lane, span, weight int }
	var all []candidate
	chosen := make([][]bool, len(f.lanes))
	for i, l := range f.lanes {
		chosen[i] = make([]bool, len(l.done))
		worth := math.MaxInt
		for j, s := range l.done {
			if worth = min(worth, s.weight); l.unordered {
				worth = s.weight // whatever those before it are worth
			}
			all = append(all, candidate{i, j, worth})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.weight, a.weight) })
	try := func(n int) []byte {
		for i, c := range all {
			chosen[c.lane][c.span] = i < n
		}
		body = f.appendChosen(body[:len(head)], chosen)
		return body
	}
	fits, tooMany := 0, len(all) // all of them do not fit
	for fits+1 < tooMany {
		if n := (fits + tooMany) / 2; len(try(n)) <= room {
			fits = n
		} else {
			tooMany = n
		}
	}
	return try(fits), len(all) - fits
}

// appendChosen appends the chosen spans; a nil choice means all.
func (f *facts) appendChosen(b []byte, chosen [][]bool) []byte {
	counts := make([]int, len(f.lanes))
	lanes := 0
	for i, l := range f.lanes {
		for j := range l.done {
			if chosen == nil || chosen[i][j] {
				counts[i]++
			}
		}
		if counts[i] > 0 {
			lanes++
		}
	}
	b = binary.AppendUvarint(b, uint64(lanes))
	for i, l := range f.lanes {
		if counts[i] == 0 {
			continue
		}
		b = binary.AppendUvarint(b, uint64(i))
		b = binary.AppendUvarint(b, uint64(counts[i]))
		end := l.cursor
		for j, s := range l.done {
			if chosen == nil || chosen[i][j] {
				b = binary.AppendUvarint(b, uint64(s.lo-end))
				b = binary.AppendUvarint(b, uint64(s.hi-s.lo))
				end = s.hi
			}
		}
	}
	return b
}

var (
	errMetadata     = errors.New("commit metadata is not ours")
	errEarlierTopic = errors.New("written for an earlier topic of this name")
)

// decode reads what encode printed. It rejects, never guesses: a wrong fact would be a lost event.
func decode(text string, committed int64, incarnation uint32) (*facts, error) {
	if !strings.HasPrefix(text, metadataPrefix) {
		return nil, errMetadata
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[len(metadataPrefix):])
	if err != nil || len(raw) < 1+crc32.Size {
		return nil, fmt.Errorf("%w: broken text", errMetadata)
	}
	body, sum := raw[:len(raw)-crc32.Size], raw[len(raw)-crc32.Size:]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(sum) {
		return nil, fmt.Errorf("%w: checksum differs", errMetadata)
	}
	r := reader{rest: body}
	f, err := r.facts()
	switch {
	case err != nil:
		return nil, err
	case f.base != committed:
		return nil, fmt.Errorf("%w: written for offset %d, committed is %d: the offset was reset", errMetadata, f.base, committed)
	case f.incarnation != 0 && incarnation != 0 && f.incarnation != incarnation:
		return nil, fmt.Errorf("%w: %w", errMetadata, errEarlierTopic)
	}
	return f, nil
}

// limits on counts keep a crafted string from costing memory; ours stay far below.
const maxListed = 4096

type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) facts() (*facts, error) {
	if r.byte() != 1 {
		return nil, fmt.Errorf("%w: unknown format", errMetadata)
	}
	f := &facts{base: r.uvarint(), incarnation: r.uint32()}
	f.front = r.sum(f.base, r.uvarint())
	epoch := r.varint()
	f.epoch = int32(epoch)
	r.bad = r.bad || int64(f.epoch) != epoch
	previous := sample{f.base, 0}
	for range r.count() {
		s := sample{r.sum(previous.offset, r.uvarint()), r.sum(previous.at, r.uvarint())}
		r.bad = r.bad || s.offset > f.front
		f.arrivals = append(f.arrivals, s)
		previous = s
	}
	seen := map[uint32]bool{}
	for range r.count() {
		l := laneFacts{id: r.uint32()}
		r.bad = r.bad || seen[l.id]
		seen[l.id] = true
		back := r.uvarint()
		l.cursor = f.front - back>>1
		if back&1 == 1 {
			l.frozen = r.uvarint()
			r.bad = r.bad || l.frozen == 0
		}
		r.bad = r.bad || l.cursor < f.base
		f.lanes = append(f.lanes, l)
	}
	last := int64(-1)
	for range r.count() {
		i := r.uvarint()
		if i <= last || i >= int64(len(f.lanes)) {
			r.bad = true
			break
		}
		last = i
		end := f.lanes[i].cursor
		for range r.count() {
			lo := r.sum(end, r.uvarint())
			hi := r.sum(lo, r.uvarint())
			r.bad = r.bad || hi == lo || hi > f.front
			f.lanes[i].done = append(f.lanes[i].done, span{lo, hi, int(min(hi-lo, 1<<30))})
			end = hi
		}
	}
	if r.bad || len(r.rest) > 0 {
		return nil, fmt.Errorf("%w: malformed", errMetadata)
	}
	return f, nil
}

func (r *reader) fail() int64 {
	r.bad, r.rest = true, nil
	return 0
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uint32() uint32 {
	if len(r.rest) < 4 {
		r.fail()
		return 0
	}
	v := binary.BigEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	return v
}

func (r *reader) uvarint() int64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > 1<<62 {
		return r.fail()
	}
	r.rest = r.rest[n:]
	return int64(v)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		return r.fail()
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) count() int {
	n := r.uvarint()
	if n > maxListed {
		r.fail()
		return 0
	}
	return int(n)
}

// sum adds without overflow.
func (r *reader) sum(a, b int64) int64 {
	if a+b < a {
		return r.fail()
	}
	return a + b
}
