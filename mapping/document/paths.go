package document

// Paths is a set of paths into events, each with the number of the slot in which a Scanner leaves what it finds there.
// Build it while loading; it must not change while a Scanner that uses it scans. The zero Paths is empty.
type Paths struct {
	nodes []node // the trie; the root first
	slots int
}

// node is a place in events that some path leads to or through.
type node struct {
	filter   uint64 // a bit for each child's hash: most keys of an event are ruled out by it
	slot     int32  // of the path that ends here, or none
	length   int32  // the node below by the key length, or none
	indexed  bool   // some key below is an array index
	children []child
	cells    []int32 // by a hash's high bits: 1 + the first child in that cell; 0 for an empty one
	shift    uint8   // leaves of a hash the number of its cell
}

// child is one key below a node.
type child struct {
	key   string
	hash  uint64
	index int64 // the array index that key is, or -1
	node  int32
	next  int32 // 1 + the next child of the same cell
}

// none stands for no node and for no slot.
const none = -1

// Add returns the slot of a path, given as its keys from the event's root down; the same path gets the same slot. A
// key may also be an array index, the index of a string's UTF-16 unit, or length. No keys are the event itself.
func (p *Paths) Add(path []string) (slot int) {
	if len(p.nodes) == 0 {
		p.nodes = []node{{slot: none, length: none}}
	}
	at := int32(0)
	for _, key := range path {
		at = p.below(at, toWTF8(key))
	}
	if p.nodes[at].slot == none {
		p.nodes[at].slot = int32(p.slots)
		p.slots++
	}
	return int(p.nodes[at].slot)
}

// below returns the node by the given key below a node, a new one if need be.
func (p *Paths) below(at int32, key string) int32 {
	hash := hashKey([]byte(key))
	if found := p.nodes[at].child(hash, []byte(key)); found != none {
		return found
	}
	made := int32(len(p.nodes))
	p.nodes = append(p.nodes, node{slot: none, length: none})
	n := &p.nodes[at]
	c := child{key: key, hash: hash, index: -1, node: made}
	if i, ok := arrayIndex(key); ok {
		c.index = int64(i)
		n.indexed = true
	}
	if key == "length" {
		n.length = made
	}
	n.children = append(n.children, c)
	if len(n.children)*2 > len(n.cells) {
		n.spread()
	} else {
		n.enter(len(n.children) - 1)
	}
	return made
}

// spread makes as many cells as keep them short, and enters all children.
func (n *node) spread() {
	n.cells = make([]int32, max(16, 2*len(n.cells)))
	n.shift = 64
	for c := len(n.cells); c > 1; c >>= 1 {
		n.shift--
	}
	for i := range n.children {
		n.enter(i)
	}
}

// enter puts the i-th child into its cell.
func (n *node) enter(i int) {
	c := &n.children[i]
	cell := &n.cells[c.hash>>n.shift]
	n.filter |= 1 << (c.hash >> 58)
	c.next = *cell
	*cell = int32(i + 1)
}

// child returns the node below by the given key, or none.
func (n *node) child(hash uint64, key []byte) int32 {
	if n.filter>>(hash>>58)&1 == 0 {
		return none
	}
	for at := n.cells[hash>>n.shift]; at != 0; {
		c := &n.children[at-1]
		if c.hash == hash && c.key == string(key) {
			return c.node
		}
		at = c.next
	}
	return none
}

// element returns the node below by the given array index, or none.
func (n *node) element(i uint32) int32 {
	if n.indexed {
		for k := range n.children {
			if n.children[k].index == int64(i) {
				return n.children[k].node
			}
		}
	}
	return none
}
