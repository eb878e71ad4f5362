package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// fault is what is wrong with Avro data, and where.
type fault struct {
	path   []string // names of fields, indexes and keys, the innermost first
	reason string
}

func newFault(format string, args ...any) *fault {
	return &fault{reason: fmt.Sprintf(format, args...)}
}

// in adds the field, the index or the key in which the fault lies.
func (f *fault) in(step string) *fault {
	const most = 16
	if f != nil && len(f.path) < most {
		if len(step) > 60 {
			step = step[:60] + "…"
		}
		f.path = append(f.path, strings.ToValidUTF8(step, "\uFFFD"))
	}
	return f
}

func (f *fault) String() string {
	if len(f.path) == 0 {
		return f.reason
	}
	path := slices.Clone(f.path)
	slices.Reverse(path)
	return strings.Join(path, ".") + ": " + f.reason
}
