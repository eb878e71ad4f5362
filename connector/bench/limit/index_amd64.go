//go:build !purego

package limit

import "golang.org/x/sys/cpu"

//go:noescape
func indexAVX2(p *byte, blocks int, out *uint64) (flags uint64)

var hasAVX2 = cpu.X86.HasAVX2

func (x *index) buildPadded(b []byte, n int) {
	k := (n + 63) >> 6
	if cap(x.quotes) < k+1 {
		x.quotes = make([]uint64, k+1, 2*k+8)
	}
	x.quotes = x.quotes[:k+1]
	x.quotes[k] = 0
	if k == 0 || !hasAVX2 {
		x.build(b[:n])
		return
	}
	_ = b[k*64-1]
	fl := indexAVX2(&b[0], k, &x.quotes[0])
	x.bs, x.ctrl, x.high = fl&1 != 0, fl&2 != 0, fl&4 != 0
}
