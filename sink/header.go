package sink

import (
	"cmp"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"
)

// headerSet is a request's headers being put together: canonical names, sorted, each once.
type headerSet []Header

// newHeaderSet checks the mapped headers and joins those equal but for case with ", ", as
// Segment does. The error names every header that is refused, never a value.
func newHeaderSet(mapped []Header, spare int) (headerSet, error) {
	set := make(headerSet, 0, len(mapped)+spare)
	var faults []error
	for _, h := range mapped {
		if err := checkHeader(h); err != nil {
			faults = append(faults, err)
			continue
		}
		set = append(set, Header{textproto.CanonicalMIMEHeaderKey(h.Name), h.Value})
	}
	slices.SortStableFunc(set, func(a, b Header) int { return cmp.Compare(a.Name, b.Name) })
	joined := set[:0]
	for i := 0; i < len(set); {
		same := i + 1
		for same < len(set) && set[same].Name == set[i].Name {
			same++
		}
		joined = append(joined, Header{set[i].Name, joinValues(set[i:same])})
		i = same
	}
	return joined, errors.Join(faults...)
}

func joinValues(same []Header) string {
	if len(same) == 1 {
		return same[0].Value
	}
	values := make([]string, len(same))
	for i, h := range same {
		values[i] = h.Value
	}
	return strings.Join(values, ", ")
}

// find returns where name stands, or where it would be inserted. There are a handful.
func (s headerSet) find(name string) (int, bool) {
	for i := range s {
		if s[i].Name >= name {
			return i, s[i].Name == name
		}
	}
	return len(s), false
}

// has reports whether the header is there.
func (s headerSet) has(name string) bool {
	_, there := s.find(name)
	return there
}

// add puts a header that the mapping did not name; a mapped one wins.
func (s headerSet) add(name, value string) headerSet {
	if i, mapped := s.find(name); !mapped {
		return slices.Insert(s, i, Header{name, value})
	}
	return s
}

// set puts a header whatever the mapping says.
func (s headerSet) set(name, value string) headerSet {
	i, mapped := s.find(name)
	if mapped {
		s[i].Value = value
		return s
	}
	return slices.Insert(s, i, Header{name, value})
}

// take removes a header and returns its value.
func (s headerSet) take(name string) (headerSet, string) {
	i, ok := s.find(name)
	if !ok {
		return s, ""
	}
	value := s[i].Value
	return slices.Delete(s, i, i+1), value
}

// checkHeader refuses what cannot be sent: names that are no token, values outside Latin-1 or
// with control characters other than the tab.
func checkHeader(h Header) error {
	if h.Name == "" {
		return errors.New("header with an empty name: give it a name")
	}
	for i := range len(h.Name) {
		if headerBytes[h.Name[i]]&inName == 0 {
			c, _ := utf8.DecodeRuneInString(h.Name[i:])
			return fmt.Errorf("header %q: the name holds %q: allowed are letters, digits and !#$%%&'*+-.^_`|~", h.Name, c)
		}
	}
	for i, c := range h.Value {
		if c > 0xff || c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("header %q: the value holds %U at byte %d: allowed are the tab, U+0020 to U+007E and U+0080 to U+00FF", h.Name, c, i)
		}
	}
	if strings.EqualFold(h.Name, "Host") && !isHost(strings.TrimSpace(h.Value)) {
		return errors.New("header \"Host\": the value is no host name: give host or host:port")
	}
	return nil
}

// What a byte may be in, of headers with nothing odd about them.
const (
	inName = 1 << iota
	inValue
)

var headerBytes = func() (table [256]uint8) {
	for c := range table {
		if isAlphanumeric(byte(c)) || strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0 {
			table[c] |= inName
		}
		if c >= ' ' && c < 0x7f || c == '\t' {
			table[c] |= inValue
		}
	}
	return table
}()

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isHost reports whether net/http sends s as it is; anything else it would silently replace by
// an empty Host.
func isHost(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte("!$%&'()*+,-.:;=[]_~", s[i]) < 0 {
			return false
		}
	}
	return true
}

// latin1 is value as it goes on the wire, one byte a character.
func latin1(value string) string {
	ascii := true
	for i := range len(value) {
		if value[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return value
	}
	wire := make([]byte, 0, len(value))
	for _, c := range value {
		wire = append(wire, byte(c)) // checkHeader let nothing above U+00FF pass
	}
	return string(wire)
}
