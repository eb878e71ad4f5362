//go:build !amd64 || purego

package limit

func (x *index) buildPadded(b []byte, n int) { x.build(b[:n]) }
