package limit

import "encoding/binary"

// index is pass one: a bitmap of the quotes, built without a branch that
// depends on the data, and what kinds of unusual byte the text holds.
type index struct {
	quotes []uint64
	bs     bool // a backslash
	high   bool // a byte >= 0x80
	ctrl   bool // a byte < 0x20
}

const (
	lo7  = 0x7f7f7f7f7f7f7f7f
	move = 0x0102040810204080
)

func (x *index) build(b []byte) {
	n := (len(b) + 63) >> 6
	if cap(x.quotes) < n+1 {
		x.quotes = make([]uint64, n+1, 2*n+8)
	}
	q := x.quotes[:n+1]
	q[n] = 0
	var accB, accC, accH uint64
	i := 0
	k := 0
	for ; i+64 <= len(b); i += 64 {
		blk := (*[64]byte)(b[i:])
		var m uint64
		for j := 0; j < 64; j += 8 {
			w := binary.LittleEndian.Uint64(blk[j:])
			v := w ^ qts
			z := ^(((v & lo7) + lo7) | v) & hi
			m |= ((z >> 7) * move >> 56) << uint(j)
			s := w ^ bsl
			accB |= (s - lo) &^ s
			accC |= (w - spc) &^ w
			accH |= w
		}
		q[k] = m
		k++
	}
	if i < len(b) {
		var m uint64
		for j := 0; i+j < len(b); j++ {
			c := b[i+j]
			switch {
			case c == '"':
				m |= 1 << uint(j)
			case c == '\\':
				accB |= hi
			case c < 0x20:
				accC |= hi
			}
			accH |= uint64(c)
		}
		q[k] = m
	}
	x.quotes = q
	x.bs, x.ctrl, x.high = accB&hi != 0, accC&hi != 0, accH&hi != 0
}
