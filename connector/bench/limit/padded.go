package limit

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// pad is how many bytes of spaces scanPadded wants behind the event.
const pad = 64

var spaces = func() (s [pad]byte) {
	for i := range s {
		s[i] = ' '
	}
	return
}()

// appendPadded appends the event and its padding; the event is dst[old:len-pad].
func appendPadded(dst, ev []byte) []byte {
	dst = append(dst, ev...)
	return append(dst, spaces[:]...)
}

// scanPadded is Scan over b[:n], where b[n:n+pad] are spaces: the quotes by
// AVX2 first, then the structure with the checks that the padding saves left
// out. A text with a backslash or a control character goes to Scan.
func (s *scanner) scanPadded(b []byte, n int, p *program) error {
	x := &s.idx
	x.buildPadded(b, n)
	if x.bs || x.ctrl || x.high && !utf8.Valid(b[:n]) {
		return s.scan(b[:n], p)
	}
	b = b[:n+pad]
	if cap(s.spans) < p.n {
		s.spans = make([]span, p.n)
	}
	s.spans = s.spans[:p.n]
	clear(s.spans)
	s.keys = s.keys[:0]
	s.slow = false
	var (
		i      int
		depth  = -1
		nd     = int32(0)
		nc     uint32
		fr     *frame
		c      byte
		kind   jsonKind
		vstart int
		nc0    uint32
		slot   int32
		quotes = x.quotes
		nodes  = p.nodes
	)
	if b[0] == ' ' {
		i, nc = padWS(b, i, n, nc)
	}

value:
	vstart, nc0 = i, nc
	c = b[i]
	if c == '"' {
		i++
		k := uint(i) >> 6
		w := quotes[k] >> (uint(i) & 63)
		if w != 0 {
			i += bits.TrailingZeros64(w) + 1
		} else {
			for k++; k < uint(len(quotes)) && quotes[k] == 0; k++ {
			}
			if k >= uint(len(quotes)) {
				return errSyntax
			}
			i = int(k<<6) + bits.TrailingZeros64(quotes[k]) + 1
		}
		if nd >= 0 {
			if slot = nodes[nd].slot; slot >= 0 {
				s.spans[slot] = span{uint32(vstart), uint32(i), kindString, false, true}
			}
		}
		goto after
	}
	if c == '{' {
		if depth++; depth >= maxDepth {
			return errDepth
		}
		fr = &s.stack[depth]
		*fr = frame{start: uint32(i), nc: nc, keys: uint32(len(s.keys)), node: nd}
		i++
		if b[i] == ' ' {
			i, nc = padWS(b, i, n, nc)
		}
		if b[i] == '}' {
			i++
			goto closed
		}
		goto key
	}
	if c == '[' {
		if depth++; depth >= maxDepth {
			return errDepth
		}
		fr = &s.stack[depth]
		*fr = frame{start: uint32(i), nc: nc, node: nd, array: true}
		i++
		if b[i] == ' ' {
			i, nc = padWS(b, i, n, nc)
		}
		if b[i] == ']' {
			i++
			goto closed
		}
		nd = -1
		goto value
	}
	if c-'0' <= 9 || c == '-' {
		e, canon := scanNumber(b[:n], i)
		if e < 0 {
			return errSyntax
		}
		if !canon && !numberCanonical(b[i:e]) {
			nc++
		}
		i = e
		kind = kindNumber
	} else {
		if i >= n {
			return errSyntax
		}
		switch binary.LittleEndian.Uint32(b[i:]) {
		case 't' | 'r'<<8 | 'u'<<16 | 'e'<<24:
			i += 4
			kind = kindTrue
		case 'f' | 'a'<<8 | 'l'<<16 | 's'<<24:
			if b[i+4] != 'e' {
				return errSyntax
			}
			i += 5
			kind = kindFalse
		case 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24:
			i += 4
			kind = kindNull
		default:
			return errSyntax
		}
	}
	if nd >= 0 {
		if slot = nodes[nd].slot; slot >= 0 {
			s.spans[slot] = span{uint32(vstart), uint32(i), kind, false, nc == nc0}
		}
	}

after:
	c = b[i]
	if depth < 0 {
		if i < n {
			i, nc = padWS(b, i, n, nc)
			if i < n {
				return errSyntax
			}
		}
		s.different = nc
		return nil
	}
	if c == ' ' {
		i, nc = padWS(b, i, n, nc)
		c = b[i]
	}
	i++
	if c == ',' {
		if b[i] == ' ' {
			i, nc = padWS(b, i, n, nc)
		}
		if fr.array {
			nd = -1
			goto value
		}
		goto key
	}
	if fr.array {
		if c != ']' {
			return errSyntax
		}
	} else if c != '}' {
		return errSyntax
	}

closed:
	if nd = fr.node; nd >= 0 {
		if slot = nodes[nd].slot; slot >= 0 {
			kind = kindObject
			if fr.array {
				kind = kindArray
			}
			s.spans[slot] = span{fr.start, uint32(i), kind, false, nc == fr.nc}
		}
	}
	if !fr.array {
		s.keys = s.keys[:fr.keys]
	}
	if depth--; depth >= 0 {
		fr = &s.stack[depth]
	}
	goto after

key:
	{
		if b[i] != '"' {
			return errSyntax
		}
		i++
		ks := i
		k := uint(i) >> 6
		w := quotes[k] >> (uint(i) & 63)
		if w != 0 {
			i += bits.TrailingZeros64(w)
		} else {
			for k++; k < uint(len(quotes)) && quotes[k] == 0; k++ {
			}
			if k >= uint(len(quotes)) {
				return errSyntax
			}
			i = int(k<<6) + bits.TrailingZeros64(quotes[k])
		}
		// the same hash as hashKey's; the padding allows the loads
		h := binary.LittleEndian.Uint64(b[ks:])
		kl := uint(i - ks)
		if kl >= 8 {
			h = (h*mul ^ binary.LittleEndian.Uint64(b[i-8:]) ^ uint64(kl)) * mul
		} else {
			h = (h&(1<<(kl*8)-1) ^ uint64(kl)<<56) * mul
		}
		bit := uint64(1) << (h >> 58)
		if fr.bloom&bit != 0 {
			for _, x := range s.keys[fr.keys:] {
				if x == h {
					s.slow = true
				}
			}
		}
		fr.bloom |= bit
		s.keys = append(s.keys, h)
		if b[ks]-'0' <= 9 && allDigits(b[ks:i]) {
			s.slow = true
		}
		nd = -1
		if fr.node >= 0 {
			nn := &nodes[fr.node]
			for k := nn.table[h>>58]; k != 0; {
				kd := &nn.kids[k-1]
				if kd.hash == h && string(b[ks:i]) == kd.key {
					nd = kd.node
					break
				}
				k = kd.next
			}
		}
		i++
		if b[i] == ' ' {
			i, nc = padWS(b, i, n, nc)
		}
		if b[i] != ':' {
			return errSyntax
		}
		i++
		if b[i] == ' ' {
			i, nc = padWS(b, i, n, nc)
		}
		goto value
	}
}

// padWS skips spaces (the only white space here: no control characters) up to n.
func padWS(b []byte, i, n int, nc uint32) (int, uint32) {
	for i < n && b[i] == ' ' {
		i++
		nc++
	}
	return i, nc
}
