package trigger

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pos is a place in the text of a trigger.
type Pos struct {
	Offset int // bytes from the start, from 0
	Line   int // from 1
	Column int // characters (Unicode code points) from the start of the line, from 1
}

// Error is one fault of a trigger's text.
type Error struct {
	Reason  Reason // a refusal
	Pos     Pos    // where the fault begins
	End     int    // byte offset behind it
	Message string // what is wrong
	Segment string // what Segment makes of it, as a predicate: "drops this condition"
	Hint    string // what to write instead

	text string // the whole trigger
}

// Error gives the fault on one line: place, what is wrong, Segment's reading, the fix.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%d: %s", e.Pos.Line, e.Pos.Column, e.Message)
	if e.Segment != "" {
		b.WriteString("; Segment " + e.Segment)
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Caret shows the faulty line with carets under the fault, then what is wrong, Segment's reading and the fix, a line each,
// without a final line feed. A long line is cut around the fault.
func (e *Error) Caret() string {
	line, pad, width := e.excerpt()
	var b strings.Builder
	b.WriteString(line + "\n" + pad + strings.Repeat("^", width) + " " + e.Message)
	if e.Segment != "" {
		b.WriteString("\n  Segment " + e.Segment)
	}
	if e.Hint != "" {
		b.WriteString("\n  " + e.Hint)
	}
	return b.String()
}

// excerptWidth is how many characters of a line are shown on either side of a fault.
const excerptWidth = 60

// excerpt returns the line of the fault as it is shown, the blanks under what precedes the fault, and how many carets follow.
func (e *Error) excerpt() (line, pad string, width int) {
	start := strings.LastIndexByte(e.text[:e.Pos.Offset], '\n') + 1
	stop := len(e.text)
	if i := strings.IndexByte(e.text[e.Pos.Offset:], '\n'); i >= 0 {
		stop = e.Pos.Offset + i
	}
	before := []rune(printable(e.text[start:e.Pos.Offset]))
	fault := []rune(printable(e.text[e.Pos.Offset:max(e.Pos.Offset, min(e.End, stop))]))
	after := []rune(printable(e.text[max(e.Pos.Offset, min(e.End, stop)):stop]))
	if len(before) > excerptWidth {
		before = append([]rune("…"), before[len(before)-excerptWidth:]...)
	}
	if len(fault) > excerptWidth {
		fault, after = append(fault[:excerptWidth:excerptWidth], '…'), nil
	}
	if len(after) > excerptWidth {
		after = append(after[:excerptWidth:excerptWidth], '…')
	}
	for _, r := range before {
		if r == '\t' {
			pad += "\t" // a tab stays a tab, so that the caret stands right whatever its width
		} else {
			pad += " "
		}
	}
	return string(before) + string(fault) + string(after), pad, max(1, len(fault))
}

// printable replaces control characters, which would break the excerpt, by visible stand-ins of one character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r // ␀ and following
		case r == 0x7f, r == 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == utf8.RuneError:
			return '�'
		}
		return r
	}, s)
}

// oneLine makes s fit for one line of a message.
func oneLine(s string) string {
	return printable(strings.NewReplacer("\n", " ", "\t", " ").Replace(s))
}

// Errors are all faults found in one trigger, in the order of the text; there is at least one.
type Errors []*Error

// Error gives the faults on a line each.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the faults to errors.Is and errors.As.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// Note is a word about a trigger that loads: how it deliberately differs from Segment, or which of Segment's answers may
// surprise. The Class of its Reason tells which.
type Note struct {
	Reason  Reason
	Pos     Pos
	Message string
}

// String gives the note on one line: place and message.
func (n Note) String() string {
	return fmt.Sprintf("%d:%d: %s", n.Pos.Line, n.Pos.Column, n.Message)
}

// maxFaults bounds the faults reported for one text; a text with more is not a trigger with slips.
const maxFaults = 10

// report collects the faults and notes of one text.
type report struct {
	text   string
	faults Errors
	notes  []Note
	named  [Inherited - Nesting + 1]bool // differences that have a note
}

// fault records a refusal of text[start:end]. Of several faults at one place only the first is kept: the others follow from it.
func (r *report) fault(reason Reason, start, end int, message, segment, hint string) {
	if len(r.faults) == maxFaults {
		return
	}
	for _, e := range r.faults {
		if e.Pos.Offset == start {
			return
		}
	}
	r.faults = append(r.faults, &Error{
		Reason: reason, Pos: Pos{Offset: start}, End: end,
		Message: oneLine(message), Segment: oneLine(segment), Hint: oneLine(hint), text: r.text,
	})
}

// note records a caution, or the first difference of its kind, at an offset.
func (r *report) note(reason Reason, offset int, message string) {
	if reason.Class() == Difference {
		if r.named[reason-Nesting] {
			return
		}
		r.named[reason-Nesting] = true
	}
	r.notes = append(r.notes, Note{Reason: reason, Pos: Pos{Offset: offset}, Message: oneLine(message)})
}

// sort puts faults and notes in the order of the text and gives them their lines and columns.
func (r *report) sort() {
	slices.SortStableFunc(r.faults, func(a, b *Error) int { return a.Pos.Offset - b.Pos.Offset })
	slices.SortStableFunc(r.notes, func(a, b Note) int { return a.Pos.Offset - b.Pos.Offset })
	last := Pos{Line: 1, Column: 1}
	for _, e := range r.faults {
		last = last.forward(r.text, e.Pos.Offset)
		e.Pos = last
	}
	last = Pos{Line: 1, Column: 1}
	for i := range r.notes {
		last = last.forward(r.text, r.notes[i].Pos.Offset)
		r.notes[i].Pos = last
	}
}

// forward returns the place of offset, which is not before p.
func (p Pos) forward(text string, offset int) Pos {
	between := text[p.Offset:offset]
	if i := strings.LastIndexByte(between, '\n'); i >= 0 {
		p.Line += strings.Count(between, "\n")
		p.Column = 1
		between = between[i+1:]
	}
	p.Column += utf8.RuneCountInString(between)
	p.Offset = offset
	return p
}
