package mapping

import (
	"bytes"
	"sync"

	"segment-webhooks/mapping/document"
)

// plan is the quick way through a mapping whose fields are made of constants, paths and templates only, as most are.
// One scan of the event finds what all of them need and the JSON is written straight from it; no tree is built. What a
// plan gives is what the nodes that it was made of give.
type plan struct {
	paths   *document.Paths
	url     *form // nil where the field is constant, as for the others
	method  *form
	headers *form
	data    *form
	scratch *sync.Pool // of *scratch
}

// scratch is what one use of a plan works with.
type scratch struct {
	scanner *document.Scanner
	buffer  []byte
}

// form is a node as JSON to be filled in.
type form struct {
	kind    formKind
	json    []byte // of a constant
	slot    int    // of a path
	pieces  []formPiece
	keys    [][]byte // of an object's members, each with quotes and colon
	members []form   // of an object or an array
}

type formKind uint8

const (
	formMissing formKind = iota
	formConstant
	formPath
	formText
	formObject
	formArray
)

// formPiece is a piece of a template: text, escaped for JSON, and the slot of the placeholder behind it, -1 for none.
type formPiece struct {
	text []byte
	slot int
}

// newPlan returns the plan of a program, or nil where some field needs more than a plan can do.
func newPlan(p *program) *plan {
	if p.whole != nil || p.url == nil && p.method == nil && p.headers == nil && p.data == nil {
		return nil
	}
	paths := &document.Paths{}
	n := &plan{paths: paths, scratch: &sync.Pool{New: func() any { return &scratch{scanner: document.NewScanner(paths)} }}}
	for _, field := range []struct {
		node node
		form **form
	}{{p.url, &n.url}, {p.method, &n.method}, {p.headers, &n.headers}, {p.data, &n.data}} {
		if field.node == nil {
			continue
		}
		f, ok := n.form(field.node)
		if !ok {
			return nil
		}
		*field.form = &f
	}
	return n
}

// form compiles a node; ok is false where it is none of the simple ones.
func (p *plan) form(n node) (f form, ok bool) {
	switch n := n.(type) {
	case constant:
		if n.value.IsMissing() {
			return form{kind: formMissing}, true
		}
		return form{kind: formConstant, json: compact(n.value).AppendJSON(nil)}, true
	case lookup:
		return form{kind: formPath, slot: p.paths.Add(n.path)}, true
	case template:
		return p.text(n)
	case record:
		f = form{kind: formObject}
		for i, member := range n.members {
			inner, ok := p.form(member)
			if !ok {
				return form{}, false
			}
			f.keys = append(f.keys, append(quoted(n.keys[i]), ':'))
			f.members = append(f.members, inner)
		}
		return f, true
	case list:
		f = form{kind: formArray}
		for _, element := range n.elements {
			inner, ok := p.form(element)
			if !ok {
				return form{}, false
			}
			f.members = append(f.members, inner)
		}
		return f, true
	}
	return form{}, false
}

func (p *plan) text(t template) (f form, ok bool) {
	if t.again {
		return form{}, false
	}
	f = form{kind: formText}
	for _, piece := range t.pieces {
		text := quoted(piece.text)
		if hasEscapedSurrogate(text) {
			return form{}, false
		}
		slot := -1
		if piece.hole {
			slot = p.paths.Add(piece.path)
		}
		f.pieces = append(f.pieces, formPiece{text: text[1 : len(text)-1], slot: slot})
	}
	return f, true
}

func quoted(s string) []byte { return document.StringValue(s).AppendJSON(nil) }

// hasEscapedSurrogate reports whether a JSON string holds an unpaired surrogate. Beside another one it would have to
// be joined with it.
func hasEscapedSurrogate(json []byte) bool {
	return bytes.IndexByte(json, '\\') >= 0 && bytes.Contains(json, []byte(`\ud`))
}

// resolve fills in the fields that depend on the event. ok is false where the event needs the slow way.
func (p *plan) resolve(event []byte, program *program, payload *Payload) (ok bool, err error) {
	s := p.scratch.Get().(*scratch)
	defer p.scratch.Put(s)
	if err := s.scanner.Scan(event); err != nil {
		return false, nil // which says better what is wrong
	}
	if s.scanner.HasProto() {
		return false, nil
	}
	for _, field := range []struct {
		form *form
		take func(document.Value) error
	}{
		{p.url, func(v document.Value) (err error) { payload.URL, err = program.checkedURL(v); return err }},
		{p.method, func(v document.Value) (err error) { payload.Method, err = methodOf(v); return err }},
		{p.headers, func(v document.Value) (err error) { payload.Headers, err = headersOf(v); return err }},
	} {
		if field.form == nil {
			continue
		}
		v, ok := s.value(field.form)
		if !ok {
			return false, nil
		}
		if err := field.take(v); err != nil {
			return true, err
		}
	}
	if p.data == nil {
		return true, nil
	}
	json, _, ok := s.append(s.buffer[:0], p.data)
	s.buffer = json
	if !ok {
		return false, nil
	}
	if len(json) == 0 || json[0] != '{' {
		v, ok := s.value(p.data)
		if !ok {
			return false, nil
		}
		payload.Data, err = dataOf(v)
		return true, err
	}
	payload.Data = bytes.Clone(json)
	return true, nil
}

// value returns what a form comes to as a value.
func (s *scratch) value(f *form) (v document.Value, ok bool) {
	json, present, ok := s.append(s.buffer[:0], f)
	s.buffer = json
	if !ok || !present {
		return document.Value{}, ok
	}
	v, err := document.Parse(json)
	return v, err == nil
}

// append appends the JSON of a form. Where the form is missing present is false and nothing is appended. ok is false
// where the form cannot be filled this way.
func (s *scratch) append(dst []byte, f *form) (json []byte, present, ok bool) {
	switch f.kind {
	case formConstant:
		return append(dst, f.json...), true, true
	case formPath:
		slot := s.scanner.Slot(f.slot)
		if slot.Kind() == document.Missing {
			return dst, false, true
		}
		return slot.AppendJSON(dst), true, true
	case formText:
		dst, ok = s.appendText(dst, f.pieces)
		return dst, true, ok
	case formObject:
		return s.appendObject(dst, f)
	case formArray:
		return s.appendArray(dst, f)
	}
	return dst, false, true
}

func (s *scratch) appendObject(dst []byte, f *form) (json []byte, present, ok bool) {
	dst = append(dst, '{')
	for i := range f.members {
		before := len(dst)
		if dst[before-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, f.keys[i]...)
		dst, present, ok = s.append(dst, &f.members[i])
		if !ok {
			return dst, false, false
		}
		if !present {
			dst = dst[:before]
		}
	}
	return append(dst, '}'), true, true
}

func (s *scratch) appendArray(dst []byte, f *form) (json []byte, present, ok bool) {
	dst = append(dst, '[')
	for i := range f.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, present, ok = s.append(dst, &f.members[i])
		if !ok {
			return dst, false, false
		}
		if !present {
			dst = append(dst, "null"...)
		}
	}
	return append(dst, ']'), true, true
}

// appendText appends the string that a template gives.
func (s *scratch) appendText(dst []byte, pieces []formPiece) (json []byte, ok bool) {
	dst = append(dst, '"')
	for i := range pieces {
		dst = append(dst, pieces[i].text...)
		if pieces[i].slot < 0 {
			continue
		}
		switch slot := s.scanner.Slot(pieces[i].slot); slot.Kind() {
		case document.Missing, document.Null:
		case document.Bool, document.Number:
			dst = slot.AppendJSON(dst)
		default:
			start := len(dst)
			if slot.Kind() == document.String {
				dst = slot.AppendJSON(dst)
			} else {
				dst = append(dst, quoted(slot.Value().Text())...)
			}
			if hasEscapedSurrogate(dst[start:]) {
				return dst, false
			}
			copy(dst[start:], dst[start+1:len(dst)-1])
			dst = dst[:len(dst)-2]
		}
	}
	return append(dst, '"'), true
}
