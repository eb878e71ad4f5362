package mapping

import (
	"bytes"
	"strings"

	"segment-webhooks/mapping/document"
)

// confidential says in which parts of a mapping's requests the environment had a share: keys and the like, which whoever may see the
// requests need not see.
type confidential struct {
	url, headers bool
	header       map[string]bool // by name in lower case, where it is not all of them
}

// URLIsConfidential reports whether some of the URL came from the environment. Nobody but its receiver should see more of it than
// scheme and host.
func (m *Mapping) URLIsConfidential() bool { return m.Classic || m.confidential.url }

// HeaderIsConfidential reports whether some of the header's value came from the environment, or may have.
func (m *Mapping) HeaderIsConfidential(name string) bool {
	return m.Classic || m.confidential.headers || m.confidential.header[strings.ToLower(name)]
}

// confidentialParts compares a mapping's fields with what the environment made of them.
func confidentialParts(written, expanded document.Value) confidential {
	c := confidential{url: differs(written.Get("url"), expanded.Get("url")), header: map[string]bool{}}
	before, after := written.Get("headers"), expanded.Get("headers")
	if before.Kind() != document.Object || looksLikeDirective(before) {
		c.headers = differs(before, after)
		return c
	}
	for _, member := range before.Members() {
		if differs(member.Value, after.Get(member.Key)) {
			c.header[strings.ToLower(member.Key)] = true
		}
	}
	return c
}

func differs(a, b document.Value) bool { return !bytes.Equal(a.AppendJSON(nil), b.AppendJSON(nil)) }
