package preview

import "segment-webhooks/mapping/document"

// appendLayout lays JSON out for reading: objects and arrays that fit stay on one line, the others take a line for
// each member, margin deeper by two. The first line has no margin.
func appendLayout(dst []byte, v document.Value, margin string) []byte {
	start := len(dst)
	dst = v.AppendJSON(dst)
	if len(dst)-start+len(margin)-len(indent) <= wideBody || v.Kind() != document.Object && v.Kind() != document.Array {
		return dst
	}
	dst = dst[:start]
	inner := margin + "  "
	if v.Kind() == document.Array {
		dst = append(dst, '[')
		for i := range v.Len() {
			dst = appendBreak(dst, i, inner)
			dst = appendLayout(dst, v.Index(i), inner)
		}
		return append(append(append(dst, '\n'), margin...), ']')
	}
	dst = append(dst, '{')
	for i, m := range v.Members() {
		dst = appendBreak(dst, i, inner)
		dst = document.StringValue(m.Key).AppendJSON(dst)
		dst = append(dst, ": "...)
		dst = appendLayout(dst, m.Value, inner)
	}
	return append(append(append(dst, '\n'), margin...), '}')
}

// appendBreak begins the line of the i-th member.
func appendBreak(dst []byte, i int, margin string) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return append(append(dst, '\n'), margin...)
}
