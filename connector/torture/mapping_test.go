//go:build torture && linux

package torture

import (
	"fmt"
	"strings"
)

// kinds is how many kinds of event there are: each is for all batching mappings, and for those of the others whose kind it is.
const kinds = 8

// hook is one of the mappings.
type hook struct {
	kind     int // the kind of event that it takes; negative: all, in batches
	rejects  int // its endpoint rejects every so many-th event; 0: none
	batching bool
}

func (h hook) takes(kind int) bool { return h.kind < 0 || h.kind == kind }

// mappings: four that batch and take everything, sixteen that take one kind each, in single requests.
var mappings = func() (list []hook) {
	for i := range 4 {
		list = append(list, hook{kind: -1, batching: true, rejects: []int{0, 0, 100, 0}[i]})
	}
	for i := range 16 {
		list = append(list, hook{kind: i % kinds, rejects: []int{0, 40, 0, 0}[i%4]})
	}
	return list
}()

func mappingName(i int) string { return fmt.Sprintf("mapping %d", i) }

// file is the mappings file. The revision changes a header of each, and nothing else.
func file(endpoints []*endpoint, revision int) string {
	var b strings.Builder
	b.WriteString("mappings:\n")
	for i, h := range mappings {
		trigger, more := `type = "track"`, ", enable_batching: true, batch_size: 50"
		if !h.batching {
			trigger, more = fmt.Sprintf(`type = "track" and event = "kind %d"`, h.kind), ""
		}
		fmt.Fprintf(&b, "  - {name: %q, trigger: '%s', fields: {url: \"http://%s/\", method: POST, headers: {X-Revision: \"%d\"}, data: {\"@path\": \"$.\"}%s}}\n",
			mappingName(i), trigger, endpoints[i].addr, revision, more)
	}
	return b.String()
}
