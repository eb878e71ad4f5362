package mapping

import (
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// place is where something stands in a source.
type place struct {
	file         string
	line, column int // from 1, the column in characters; 0 for the source as a whole
}

// source is a parsed file, or the numbered variables, with the place of every value in it.
type source struct {
	file   string
	text   []byte // nil for variables
	value  document.Value
	values map[string]place // where values begin, by slash path
	keys   map[string]place // where the keys of objects begin, by the slash path of their values

	faults   Faults
	warnings []Warning
	broken   bool // some of value could not be read, so that nothing can be said about the rest
}

func newSource(file string, text []byte) *source {
	return &source{file: file, text: text, values: map[string]place{}, keys: map[string]place{}}
}

// parseSource reads a file of mappings. Its name decides how: .json and .yaml or .yml; a text of another name is JSON
// if it is valid JSON, and YAML else.
func parseSource(file string, text []byte) *source {
	lower := strings.ToLower(file)
	switch {
	case strings.HasSuffix(lower, ".json"):
		return parseJSON(file, text)
	case strings.HasSuffix(lower, ".yaml"), strings.HasSuffix(lower, ".yml"):
		return parseYAML(file, text)
	}
	asJSON := parseJSON(file, text)
	if !asJSON.broken {
		return asJSON
	}
	asYAML := parseYAML(file, text)
	if trimmed := strings.TrimSpace(string(text)); asYAML.broken && strings.HasPrefix(trimmed, "{") {
		return asJSON // what begins like JSON was meant to be
	}
	return asYAML
}

func (s *source) fault(at place, message string) {
	s.faults = append(s.faults, &Fault{File: at.file, Line: at.line, Column: at.column, Message: message})
}

// unreadable notes a fault that keeps the source from being read any further.
func (s *source) unreadable(at place, message string) {
	s.broken = true
	s.fault(at, message)
}

// valueAt returns where the value of a slash path begins, or the nearest value around it.
func (s *source) valueAt(path string) place { return s.nearest(s.values, path) }

// keyAt returns where the key of a slash path's value begins.
func (s *source) keyAt(path string) place {
	if at, ok := s.keys[path]; ok {
		return at
	}
	return s.valueAt(path)
}

func (s *source) nearest(places map[string]place, path string) place {
	for {
		if at, ok := places[path]; ok {
			return at
		}
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			return place{file: s.file}
		}
		path = path[:slash]
	}
}

// within returns where the given byte of a string value stands. Where the value is not written as it reads, over
// several lines for one, that is the beginning of the value.
func (s *source) within(path, text string, offset int) place {
	at := s.valueAt(path)
	start := s.offset(at)
	if start < 0 {
		return at
	}
	// The value ends somewhere near, and the same words may stand further down.
	written := string(s.text[start:min(len(s.text), start+2*len(text)+64)])
	lineStart := strings.LastIndexByte(text[:offset], '\n') + 1
	line, _, _ := strings.Cut(text[lineStart:], "\n")
	for _, spell := range spellings() {
		if i := strings.Index(written, spell(line)); i >= 0 {
			return s.placeOf(start + i + len(spell(text[lineStart:offset])))
		}
	}
	return at
}

// spellings returns how a text can be written in a file: as it is, within double quotes, within YAML's single quotes.
func spellings() []func(string) string {
	return []func(string) string{
		func(s string) string { return s },
		func(s string) string {
			quoted := string(document.StringValue(s).AppendJSON(nil))
			return quoted[1 : len(quoted)-1]
		},
		func(s string) string { return strings.ReplaceAll(s, "'", "''") },
	}
}

// placeOf returns the place of a byte of the text.
func (s *source) placeOf(offset int) place {
	before := s.text[:min(offset, len(s.text))]
	line := strings.Count(string(before), "\n") + 1
	start := strings.LastIndexByte(string(before), '\n') + 1
	return place{file: s.file, line: line, column: utf8.RuneCount(before[start:]) + 1}
}

// offset is the reverse of placeOf; -1 for a place in another source.
func (s *source) offset(at place) int {
	if at.file != s.file || at.line == 0 {
		return -1
	}
	offset := 0
	for range at.line - 1 {
		i := strings.IndexByte(string(s.text[offset:]), '\n')
		if i < 0 {
			return -1
		}
		offset += i + 1
	}
	for range at.column - 1 {
		if offset >= len(s.text) {
			return -1
		}
		_, n := utf8.DecodeRune(s.text[offset:])
		offset += n
	}
	return offset
}
