package document

// appendForm appends what JSON.stringify(JSON.parse(text)) gives for valid JSON in which no key is repeated and
// array-index keys are in order: it copies and replaces only what differs.
func appendForm(dst, text []byte) []byte {
	done := 0 // text[:done] is in dst
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			s := scanString(text, i)
			if s.foreign {
				dst = append(dst, text[done:i]...)
				dst = appendStringForm(dst, text[i+1:s.end-1])
				done = s.end
			}
			i = s.end
		case c == '-' || c-'0' <= 9:
			n := scanNumber(text, i)
			if n.foreign {
				dst = append(dst, text[done:i]...)
				dst = appendJSONNumber(dst, jsonNumber(string(text[i:n.end])))
				done = n.end
			}
			i = n.end
		case c <= ' ':
			dst = append(dst, text[done:i]...)
			for i++; i < len(text) && text[i] <= ' '; i++ {
			}
			done = i
		default:
			i++
		}
	}
	return append(dst, text[done:]...)
}

// appendStringForm appends the JSON string whose inner part is raw as JSON.stringify prints it.
func appendStringForm(dst, raw []byte) []byte {
	dst = append(dst, '"')
	for len(raw) > 0 {
		plain := plainLen(raw)
		dst = appendUTF8(dst, raw[:plain])
		if raw = raw[plain:]; len(raw) > 0 {
			r, n := unescape(raw)
			if mustEscape(r) {
				dst = appendEscape(dst, r)
			} else {
				dst = AppendRune(dst, r)
			}
			raw = raw[n:]
		}
	}
	return append(dst, '"')
}
