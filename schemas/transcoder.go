package schemas

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	// maxDepth is how many records, arrays and maps may stand inside one another: Go cannot recover from an exhausted stack.
	maxDepth = 2000
	// maxValues is how many fields, elements and entries an event may hold. Some take no byte at all, so that the length of the data says
	// little.
	maxValues = 1_000_000
)

// transcoder turns Avro into JSON in one pass, from the bytes of one to the bytes of the other. It trusts nothing that it reads: whatever
// the bytes are, it takes no more memory than a few times its limit, and no more time than the bytes and the limit allow.
type transcoder struct {
	data   []byte
	at     int // what is before it is read; an index, because moving a slice costs a write barrier
	out    []byte
	limit  int // bytes of JSON
	values int
	depth  int

	entries []entry // of the maps that are open
	written []bool  // which fields of the records with additional members are there
	moved   []byte  // what makes room for something else
}

// entry is an entry of a map: its key, and where its JSON is in out, the comma before it included.
type entry struct {
	key      []byte
	from, to int
}

// event reads data, which is one value of type t, and gives the event that it holds; its bytes last until the transcoder is used again.
func (c *transcoder) event(t *avroType, data []byte) ([]byte, *fault) {
	c.data, c.at, c.out, c.values, c.depth = data, 0, c.out[:0], 0, 0
	c.entries, c.written = c.entries[:0], c.written[:0]
	for t.kind == unionKind {
		branch, err := c.branch(t)
		if err != nil {
			return nil, err
		}
		t = branch
	}
	var err *fault
	switch t.kind {
	case recordKind, mapKind:
		err = c.value(t)
	case stringKind, bytesKind: // the event in JSON
		var text []byte
		text, err = c.counted()
		c.out = append(c.out, text...)
	default:
		err = newFault("it is of type %s, which is no event", t.kind)
	}
	if err == nil && c.left() > 0 {
		err = newFault("%d bytes are left over", c.left())
	}
	return c.out, err
}

// small tells whether it holds so little that it may be kept for later.
func (c *transcoder) small() bool {
	const most = 1 << 20
	c.data = nil
	clear(c.entries[:cap(c.entries)])
	return cap(c.out) <= most && cap(c.moved) <= most && cap(c.entries) <= most/64
}

// value reads a value of type t and writes it.
func (c *transcoder) value(t *avroType) *fault {
	for t.kind == unionKind {
		branch, err := c.branch(t)
		if err != nil {
			return err
		}
		t = branch
	}
	if c.values++; c.values > maxValues {
		return newFault("it holds more than %d values", maxValues)
	}
	if len(c.out) > c.limit {
		return newFault("it is larger than %d bytes in JSON", c.limit)
	}
	switch t.kind { //nolint:exhaustive // the other kinds have no depth and are written below
	case nullKind:
		c.out = append(c.out, "null"...)
		return nil
	case recordKind, arrayKind, mapKind:
		if c.depth++; c.depth > maxDepth {
			return newFault("it is nested more than %d deep", maxDepth)
		}
		var err *fault
		switch {
		case t.kind == arrayKind:
			err = c.array(t)
		case t.kind == mapKind:
			err = c.object(t)
		case t.logical == jsonValue:
			err = c.value(t.fields[0].typ).in(t.fields[0].name)
		default:
			err = c.record(t)
		}
		c.depth--
		return err
	case stringKind:
		text, err := c.text()
		c.out = appendString(c.out, text)
		return err
	case bytesKind, fixedKind:
		b, err := c.bytes(t)
		if err == nil {
			c.out = appendBytes(c.out, b, t)
		}
		return err
	case booleanKind:
		return c.boolean()
	case floatKind:
		b, err := c.take(4)
		if err == nil {
			c.out = appendFloat(c.out, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 32)
		}
		return err
	case doubleKind:
		b, err := c.take(8)
		if err == nil {
			c.out = appendNumber(c.out, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
		return err
	}
	return c.whole(t)
}

// whole reads what is written as a whole number: an int, a long or an enum.
func (c *transcoder) whole(t *avroType) *fault {
	n, err := c.long()
	switch {
	case err != nil:
		return err
	case t.kind == enumKind:
		if n < 0 || n >= int64(len(t.symbols)) {
			return newFault("%d is no symbol of %s, which has %d", n, t.name, len(t.symbols))
		}
		c.out = appendString(c.out, t.symbols[n])
		return nil
	case t.kind == intKind && n != int64(int32(n)):
		return newFault("%d is no int", n)
	}
	c.out = appendInteger(c.out, n, t.logical)
	return nil
}

func (c *transcoder) boolean() *fault {
	b, err := c.take(1)
	switch {
	case err != nil:
		return err
	case b[0] == 0:
		c.out = append(c.out, "false"...)
	case b[0] == 1:
		c.out = append(c.out, "true"...)
	default:
		return newFault("%d is no boolean", b[0])
	}
	return nil
}

// branch reads which branch of a union follows.
func (c *transcoder) branch(t *avroType) (*avroType, *fault) {
	n, err := c.long()
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= int64(len(t.branches)) {
		return nil, newFault("%d is no branch of a union of %d", n, len(t.branches))
	}
	return t.branches[n], nil
}

// record reads a record. Every member is written with a comma before it; the first comma then becomes the brace.
func (c *transcoder) record(t *avroType) *fault {
	start, present := len(c.out), len(c.written)
	c.values += len(t.fields) // fields that are null cost time too
	for i := range t.fields {
		f := &t.fields[i]
		typ := f.typ
		for typ.kind == unionKind {
			branch, err := c.branch(typ)
			if err != nil {
				return err.in(f.name)
			}
			typ = branch
		}
		there := typ.kind != nullKind // a field that is null is not there
		switch {
		case !there:
		case f.spreads:
			if err := c.spread(typ, t.fields, start, present); err != nil {
				return err.in(f.name)
			}
		default:
			c.out = append(c.out, f.label...)
			if err := c.value(typ); err != nil {
				return err.in(f.name)
			}
		}
		if t.spreads {
			c.written = append(c.written, there)
		}
	}
	c.written = c.written[:present]
	c.close(start, '{', '}')
	return nil
}

// spread reads a map of additional members of the record that began at start and has these fields, of which written says from present on
// which are there.
func (c *transcoder) spread(t *avroType, fields []field, start, present int) *fault {
	first, middle := len(c.entries), len(c.out)
	if err := c.blocks(t, func() *fault { return c.entry(t, fields, present) }); err != nil {
		return err
	}
	indexes, err := c.sort(first)
	if err == nil && indexes > 0 { // JavaScript has these before the fields
		c.moved = append(c.moved[:0], c.out[start:middle]...)
		copy(c.out[start:], c.out[middle:middle+indexes])
		copy(c.out[start+indexes:], c.moved)
	}
	return err
}

// close ends what began at start. Its members all have a comma before them, the first of which is the place of the opening bracket.
func (c *transcoder) close(start int, opening, closing byte) {
	if len(c.out) == start {
		c.out = append(c.out, opening)
	}
	c.out[start] = opening
	c.out = append(c.out, closing)
}

func (c *transcoder) array(t *avroType) *fault {
	start, n := len(c.out), 0
	err := c.blocks(t, func() *fault {
		c.out = append(c.out, ',')
		if err := c.value(t.items); err != nil {
			return err.in(strconv.Itoa(n))
		}
		n++
		return nil
	})
	c.close(start, '[', ']')
	return err
}

func (c *transcoder) object(t *avroType) *fault {
	start, from := len(c.out), len(c.entries)
	err := c.blocks(t, func() *fault { return c.entry(t, nil, 0) })
	if err == nil {
		_, err = c.sort(from)
	}
	c.close(start, '{', '}')
	return err
}

// entry reads an entry of a map. It is not written where one of the fields has its key and is there.
func (c *transcoder) entry(t *avroType, fields []field, present int) *fault {
	key, err := c.text()
	if err != nil {
		return err.in("a key")
	}
	e := entry{key: key, from: len(c.out)}
	at := len(c.entries)
	c.entries = append(c.entries, e)
	c.out = append(appendString(append(c.out, ','), key), ':')
	if err := c.value(t.items); err != nil {
		return err.in(string(key))
	}
	for i := range fields {
		if fields[i].key == string(key) && !fields[i].spreads && c.written[present+i] {
			c.out = c.out[:e.from]
		}
	}
	c.entries[at].to = len(c.out)
	return nil
}

// sort brings the entries from the given one on, the last that were written, into the order of their keys and forgets them. It tells how
// many bytes those take whose keys are array indexes; they come first.
func (c *transcoder) sort(from int) (indexes int, _ *fault) {
	entries := c.entries[from:]
	c.entries = c.entries[:from]
	byKey := func(a, b entry) int { return compareKeys(a.key, b.key) }
	if !slices.IsSortedFunc(entries, byKey) {
		start, end := entries[0].from, entries[len(entries)-1].to
		slices.SortFunc(entries, byKey)
		c.moved = c.moved[:0]
		for _, e := range entries {
			c.moved = append(c.moved, c.out[e.from:e.to]...)
		}
		copy(c.out[start:end], c.moved)
	}
	for i, e := range entries {
		if i > 0 && string(entries[i-1].key) == string(e.key) {
			return 0, newFault("the key %q is there twice", e.key)
		}
		if _, ok := arrayIndex(e.key); ok {
			indexes += e.to - e.from
		}
	}
	return indexes, nil
}

// blocks reads the blocks of an array or a map; item reads one element or entry.
func (c *transcoder) blocks(t *avroType, item func() *fault) *fault {
	for {
		count, err := c.long()
		if err != nil {
			return err
		}
		if count == 0 {
			return nil
		}
		if count < 0 { // then the size of the block in bytes comes next
			size, err := c.long()
			if err != nil {
				return err
			}
			if size < 0 || size > int64(c.left()) {
				return newFault("a block of %d bytes where %d are left", size, c.left())
			}
			count = -count
		}
		// Whatever is in a block takes a byte at least, except elements that are null or hold nothing.
		if count < 0 || count > maxValues || t.kind == mapKind && count > int64(c.left()) {
			return newFault("a block of %d where %d bytes are left", count, c.left())
		}
		for range count {
			if err := item(); err != nil {
				return err
			}
		}
	}
}

// bytes gives the value of a type bytes or fixed.
func (c *transcoder) bytes(t *avroType) (b []byte, err *fault) {
	if t.kind == fixedKind {
		b, err = c.take(t.size)
	} else {
		b, err = c.counted()
	}
	if err == nil && t.logical == decimal && len(b) > maxDecimalBytes {
		err = newFault("a decimal of %d bytes", len(b))
	}
	return b, err
}

// text gives a string.
func (c *transcoder) text() ([]byte, *fault) {
	b, err := c.counted()
	if err == nil && !utf8.Valid(b) {
		err = newFault("a string is not UTF-8")
	}
	return b, err
}

// counted gives the bytes whose number comes first.
func (c *transcoder) counted() ([]byte, *fault) {
	n, err := c.long()
	if err != nil {
		return nil, err
	}
	if n < 0 || n > int64(c.left()) {
		return nil, newFault("a length of %d where %d bytes are left", n, c.left())
	}
	return c.take(int(n))
}

// left is how many bytes are not read yet.
func (c *transcoder) left() int { return len(c.data) - c.at }

// take gives the next n bytes.
func (c *transcoder) take(n int) ([]byte, *fault) {
	if n > c.left() {
		return nil, newFault("%d bytes are wanted where %d are left", n, c.left())
	}
	b := c.data[c.at : c.at+n]
	c.at += n
	return b, nil
}

// long reads a number of variable length.
func (c *transcoder) long() (int64, *fault) {
	if c.at < len(c.data) && c.data[c.at] < 0x80 {
		b := c.data[c.at]
		c.at++
		return int64(b>>1) ^ -int64(b&1), nil
	}
	n, size := binary.Varint(c.data[c.at:])
	switch {
	case size == 0:
		return 0, newFault("it ends inside a number")
	case size < 0:
		return 0, newFault("a number has more than 64 bits")
	}
	c.at += size
	return n, nil
}
