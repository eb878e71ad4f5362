package schemas

import (
	"hash/crc64"
	"strconv"
)

// fingerprint gives the CRC-64-AVRO of a schema's canonical form, by which a single object names it.
//
// goavro has both too, but repeats the namespace of some types inside others (segment.events.segment.events.Array), not always the same
// ones, so that its fingerprint of a schema is not that of other implementations, and changes from run to run.
func fingerprint(t *avroType) uint64 {
	const empty = 0xC15D213AA4D7A795 // both the polynomial and the fingerprint of nothing
	text := appendCanonical(nil, t, map[*avroType]bool{})
	return ^crc64.Update(^uint64(empty), crc64.MakeTable(empty), text)
}

// appendCanonical appends the parsing canonical form of a schema, as Avro's specification defines it.
func appendCanonical(dst []byte, t *avroType, defined map[*avroType]bool) []byte {
	switch t.kind {
	case unionKind:
		dst = append(dst, '[')
		for i, b := range t.branches {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCanonical(dst, b, defined)
		}
		return append(dst, ']')
	case arrayKind:
		return append(appendCanonical(append(dst, `{"type":"array","items":`...), t.items, defined), '}')
	case mapKind:
		return append(appendCanonical(append(dst, `{"type":"map","values":`...), t.items, defined), '}')
	case recordKind, enumKind, fixedKind:
	default:
		return appendString(dst, t.kind.String())
	}
	if defined[t] {
		return appendString(dst, t.name)
	}
	defined[t] = true
	dst = appendString(append(dst, `{"name":`...), t.name)
	dst = appendString(append(dst, `,"type":`...), t.kind.String())
	switch t.kind {
	case enumKind:
		dst = append(dst, `,"symbols":[`...)
		for i, s := range t.symbols {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		dst = append(dst, ']')
	case fixedKind:
		dst = strconv.AppendInt(append(dst, `,"size":`...), int64(t.size), 10)
	default:
		dst = append(dst, `,"fields":[`...)
		for i, f := range t.fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(append(dst, `{"name":`...), f.name)
			dst = append(appendCanonical(append(dst, `,"type":`...), f.typ, defined), '}')
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}
