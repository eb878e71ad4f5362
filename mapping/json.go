package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// parseJSON reads a JSON file as JavaScript does: of a repeated key the last value counts. Each repetition is a warning.
func parseJSON(file string, text []byte) *source {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	s := newSource(file, text)
	value, err := document.Parse(text)
	if err != nil {
		at, reason := place{file: file}, err.Error()
		if syntax := (*document.SyntaxError)(nil); errors.As(err, &syntax) {
			at, reason = s.placeOf(syntax.Offset), syntax.Reason
		}
		s.unreadable(at, "is not valid JSON: "+reason)
		return s
	}
	s.value = value
	(&jsonIndex{source: s}).value("")
	return s
}

// jsonIndex walks over a text that is known to be valid JSON and notes where everything stands.
type jsonIndex struct {
	*source
	at int

	// Where the text up to counted ends, from 0.
	counted, line, column int
}

// place returns where at stands.
func (x *jsonIndex) place() place {
	for x.counted < x.at {
		r, n := utf8.DecodeRune(x.text[x.counted:])
		x.counted += n
		x.column++
		if r == '\n' {
			x.line, x.column = x.line+1, 0
		}
	}
	return place{file: x.file, line: x.line + 1, column: x.column + 1}
}

// skip moves over blanks and any of the given characters.
func (x *jsonIndex) skip(chars string) {
	for x.at < len(x.text) && strings.IndexByte(" \t\r\n"+chars, x.text[x.at]) >= 0 {
		x.at++
	}
}

func (x *jsonIndex) value(path string) {
	x.skip("")
	x.values[path] = x.place()
	switch x.text[x.at] {
	case '{':
		x.at++
		x.members(path)
	case '[':
		x.at++
		for i := 0; ; i++ {
			x.skip(",")
			if x.text[x.at] == ']' {
				x.at++
				return
			}
			x.value(child(path, i))
		}
	case '"':
		x.token()
	default:
		for x.at < len(x.text) && strings.IndexByte(" \t\r\n,]}", x.text[x.at]) < 0 {
			x.at++
		}
	}
}

func (x *jsonIndex) members(path string) {
	first := map[string]place{}
	for {
		x.skip(",")
		if x.text[x.at] == '}' {
			x.at++
			return
		}
		at := x.place()
		key, _ := document.Parse(x.token())
		if earlier, repeated := first[key.Str()]; repeated {
			x.warnings = append(x.warnings, Warning{File: at.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(
				"the key %s stands in line %d already; the last one counts", strconv.Quote(key.Str()), earlier.line)})
		} else {
			first[key.Str()] = at
		}
		x.keys[path+"/"+key.Str()] = at
		x.skip(":")
		x.value(path + "/" + key.Str())
	}
}

// token moves over a string and returns it.
func (x *jsonIndex) token() []byte {
	start := x.at
	for x.at++; x.text[x.at] != '"'; x.at++ {
		if x.text[x.at] == '\\' {
			x.at++
		}
	}
	x.at++
	return x.text[start:x.at]
}
