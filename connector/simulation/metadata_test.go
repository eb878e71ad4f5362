//go:build simulation && synctests

package simulation

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
)

// progress is what a commit says: written once more from the description of the format, so that the engine and the oracle do not share a
// mistake.
type progress struct {
	base, front int64
	lanes       map[uint32]*laneProgress
}

type laneProgress struct {
	cursor int64
	frozen bool
	done   [][2]int64
}

// covers says whether the commit counts the lane's record at offset as settled. A lane that it does not mention is at the base.
func (p *progress) covers(lane uint32, offset int64) bool {
	l := p.lanes[lane]
	if l == nil {
		return offset < p.base
	}
	if offset < l.cursor {
		return true
	}
	for _, d := range l.done {
		if offset >= d[0] && offset < d[1] {
			return true
		}
	}
	return false
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func laneID(name string) uint32 { return crc32.Checksum([]byte(name), castagnoli) }

// parseProgress reads the metadata of a commit of offset. Empty metadata says nothing beyond the offset.
func parseProgress(offset int64, metadata string) (*progress, error) {
	p := &progress{base: offset, front: offset, lanes: map[uint32]*laneProgress{}}
	if metadata == "" {
		return p, nil
	}
	text, ok := strings.CutPrefix(metadata, "w1:")
	if !ok {
		return nil, errors.New("the prefix w1: is missing")
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 5 {
		return nil, fmt.Errorf("no base64url: %w", err)
	}
	b, sum := b[:len(b)-4], b[len(b)-4:]
	if crc32.Checksum(b, castagnoli) != binary.BigEndian.Uint32(sum) {
		return nil, errors.New("wrong checksum")
	}
	short := false
	uvarint := func() int64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > math.MaxInt64 {
			short = true
			return 0
		}
		b = b[n:]
		return int64(v)
	}
	u32 := func() uint32 {
		if len(b) < 4 {
			short = true
			return 0
		}
		v := binary.BigEndian.Uint32(b)
		b = b[4:]
		return v
	}
	if b[0] != 1 {
		return nil, fmt.Errorf("format %d", b[0])
	}
	b = b[1:]
	if base := uvarint(); base != offset {
		return nil, fmt.Errorf("base %d", base)
	}
	u32() // incarnation
	p.front = offset + uvarint()
	if _, n := binary.Varint(b); n > 0 { // leader epoch
		b = b[n:]
	}
	for range uvarint() { // arrivals
		uvarint()
		uvarint()
	}
	var ids []uint32
	for range uvarint() {
		id := u32()
		back := uvarint()
		l := &laneProgress{cursor: p.front - back>>1, frozen: back&1 == 1}
		if l.frozen {
			uvarint()
		}
		ids = append(ids, id)
		p.lanes[id] = l
		if short {
			break
		}
	}
	for range uvarint() {
		i := uvarint()
		if short || i >= int64(len(ids)) {
			return nil, errors.New("ranges of no lane")
		}
		l := p.lanes[ids[i]]
		end := l.cursor
		for range uvarint() {
			lo := end + uvarint()
			end = lo + uvarint()
			l.done = append(l.done, [2]int64{lo, end})
			if short {
				break
			}
		}
	}
	if short || len(b) > 0 {
		return nil, errors.New("wrong length")
	}
	return p, nil
}
