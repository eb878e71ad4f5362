package schemas

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Validate checks an event against Segment's specification of its calls: the type is known, a track has its event, a group its groupId, an
// alias its previousId, and every event a userId or an anonymousId. The error joins all that is wrong.
//
// The event is JSON in JavaScript's form, which has no blanks and no key twice, as mapping's readers give it. Of anything else Validate may
// find less, but it does not fail.
func Validate(event []byte) error {
	var typ, name, user, anonymous, group, previous member
	members(event, func(key, value []byte) {
		switch string(key) {
		case `"type"`:
			typ = value
		case `"event"`:
			name = value
		case `"userId"`:
			user = value
		case `"anonymousId"`:
			anonymous = value
		case `"groupId"`:
			group = value
		case `"previousId"`:
			previous = value
		}
	})
	var faults []error
	require := func(m member, field, of string) {
		if problem := m.problem(); problem != "" {
			faults = append(faults, fmt.Errorf("%s %s%s", field, problem, of))
		}
	}
	switch string(typ) {
	case `"track"`:
		require(name, "event", ", which every track has")
	case `"group"`:
		require(group, "groupId", ", which every group has")
	case `"alias"`:
		require(previous, "previousId", ", which every alias has")
	case `"identify"`, `"page"`, `"screen"`, `"delete"`:
	default:
		faults = append(faults, fmt.Errorf("type %s, none of identify, track, page, screen, group, alias and delete", typ.brief()))
	}
	if user.problem() != "" && anonymous.problem() != "" {
		faults = append(faults, fmt.Errorf("userId %s and anonymousId %s: every event has one of them", user.problem(), anonymous.problem()))
	}
	return errors.Join(faults...)
}

// member is the value of a member in JSON, nil where there is none.
type member []byte

// problem says why a member is no name or identifier: these are texts with something in them. Numbers pass, as Segment takes them.
func (m member) problem() string {
	switch {
	case len(m) == 0:
		return "is missing"
	case string(m) == `""`:
		return "is empty"
	case m[0] == '"' || m[0] == '-' || m[0] >= '0' && m[0] <= '9':
		return ""
	}
	return m.brief()
}

// brief says what a member is.
func (m member) brief() string {
	const most = 40
	switch {
	case len(m) == 0:
		return "is missing"
	case m[0] == '{':
		return "is an object"
	case m[0] == '[':
		return "is a list"
	case len(m) > most:
		return "is " + strings.ToValidUTF8(string(m[:most]), "") + "…"
	}
	return "is " + string(m)
}

// members calls f with every key of an object, quotes included, and its value. It goes by brackets, commas and quotes alone.
func members(object []byte, f func(key, value []byte)) {
	if len(object) == 0 || object[0] != '{' {
		return
	}
	for rest := object[1:]; len(rest) > 0 && rest[0] == '"'; {
		key := rest[:stringEnd(rest)]
		if rest = rest[len(key):]; len(rest) == 0 || rest[0] != ':' {
			return
		}
		value := rest[1:]
		end := valueEnd(value)
		f(key, value[:end])
		if rest = value[end:]; len(rest) > 0 {
			rest = rest[1:] // the comma, or the end of the object
		}
	}
}

// stringEnd gives the length of the string at the start of text.
func stringEnd(text []byte) int {
	for i := 1; i < len(text); i++ {
		quote := bytes.IndexByte(text[i:], '"')
		if quote < 0 {
			break
		}
		i += quote
		slashes := 0
		for i > slashes+1 && text[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
	return len(text)
}

// valueEnd gives the length of the value at the start of text, up to the comma or the bracket that ends it.
func valueEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}
