package limit

import (
	"encoding/binary"
	"strings"
)

// program is a compiled set of paths: a trie over object keys.
type program struct {
	nodes []node
	paths map[string]int
	n     int
}

type node struct {
	slot  int32
	table [64]uint8 // (hash >> 58) -> 1 + index of first child
	kids  []kid
}

type kid struct {
	key  string
	hash uint64
	node int32
	next uint8 // 1 + index of next child in the same table cell
}

// newProgram returns an empty program; slot numbers are given by path.
func newProgram() *program {
	return &program{nodes: []node{{slot: -1}}, paths: map[string]int{}}
}

// path adds a dotted path ("context.page.url"; "" is the root) and returns its slot.
func (p *program) path(path string) int {
	if s, ok := p.paths[path]; ok {
		return s
	}
	at := int32(0)
	if path != "" {
		for k := range strings.SplitSeq(path, ".") {
			at = p.child(at, k)
		}
	}
	s := p.n
	p.n++
	p.nodes[at].slot = int32(s)
	p.paths[path] = s
	return s
}

func (p *program) child(at int32, key string) int32 {
	for _, k := range p.nodes[at].kids {
		if k.key == key {
			return k.node
		}
	}
	h := hashKey([]byte(key), 0, len(key))
	id := int32(len(p.nodes))
	p.nodes = append(p.nodes, node{slot: -1})
	nd := &p.nodes[at]
	nd.kids = append(nd.kids, kid{key: key, hash: h, node: id, next: nd.table[h>>58]})
	nd.table[h>>58] = uint8(len(nd.kids))
	return id
}

const mul = 0x9E3779B97F4A7C15

// hashKey mixes the first and last eight bytes and the length of b[i:j].
func hashKey(b []byte, i, j int) uint64 {
	n := j - i
	if n >= 8 {
		h := binary.LittleEndian.Uint64(b[i:]) * mul
		h ^= binary.LittleEndian.Uint64(b[j-8:])
		return (h ^ uint64(n)) * mul
	}
	var w uint64
	if i+8 <= len(b) {
		w = binary.LittleEndian.Uint64(b[i:]) & (1<<(uint(n)*8) - 1)
	} else {
		for k := range n {
			w |= uint64(b[i+k]) << (8 * uint(k))
		}
	}
	return (w ^ uint64(n)<<56) * mul
}
