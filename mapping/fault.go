package mapping

import (
	"fmt"
	"strings"
)

// Fault is one thing that keeps a mapping from being loaded.
type Fault struct {
	File    string // the file, or the environment variable, that holds it
	Line    int    // from 1; 0 where the fault has no place in a file
	Column  int    // in characters, from 1
	Mapping string // name of the mapping; "" for a fault of the file or of a mapping without a name
	Number  int    // place of the mapping among those of the file, from 1; 0 for a fault of the file
	Path    string // slash path below the mapping, such as "/fields/data/total/@case"
	Message string // what was found, what is allowed, what to do; further lines are indented
}

// Error returns the fault in the form "file:line:column: mapping "name": path message".
func (f *Fault) Error() string { return f.text() }

func (f *Fault) text() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	b.WriteString(": ")
	switch {
	case f.Mapping != "":
		fmt.Fprintf(&b, "mapping %q: ", f.Mapping)
	case f.Number > 0:
		fmt.Fprintf(&b, "mapping %d: ", f.Number)
	}
	if path := strings.TrimPrefix(f.Path, "/"); path != "" {
		b.WriteString(path + " ")
	}
	b.WriteString(f.Message)
	return b.String()
}

// Faults is everything that is wrong with the mappings of one source, in the order of the source.
type Faults []*Fault

// Error returns the faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults one by one.
func (fs Faults) Unwrap() []error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = f
	}
	return errs
}

// Warning is something about a mapping that loads which its author should know. Its fields are those of Fault.
type Warning Fault

// String returns the warning in the form of Fault.Error.
func (w Warning) String() string { return (*Fault)(&w).text() }
