package config

import (
	"cmp"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// variable is a row of the table: what is told about a variable, and how its text becomes a field.
type variable struct {
	Variable // the name without prefix

	shown  string        // the name in descriptions, for variables that are described as one; empty for its own
	target any           // pointer to the field
	kind   string        // what the text must be for envconfig to turn it into the field's type
	check  func() string // looks at the field once it is set, and says what is wrong with it, or ""
	path   *string       // secrets: where to keep the path instead of reading the file; nil reads it
	kept   *string       // secrets: where to keep the path beside what was read; nil for nowhere
}

// decode lets envconfig turn text into the type of the variable's field, and then checks it. It gives what is wrong,
// or "".
//
// envconfig reads the environment of the process, stops at the first variable that it cannot read, and repeats the
// value in its error. It is therefore handed one variable at a time, under a name that no environment can hold, with
// the text as its default: all faults come out at once, secrets stay in, and Load is a function of its argument.
func (v *variable) decode(text string) string {
	field := reflect.ValueOf(v.target).Elem()
	one := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: "Value",
		Type: field.Type(),
		Tag:  reflect.StructTag(`envconfig:"=" default:` + strconv.Quote(text)),
	}}))
	if err := envconfig.Process("", one.Interface()); err != nil {
		return "not " + v.kind
	}
	field.Set(one.Elem().Field(0))
	if v.check == nil {
		return ""
	}
	return v.check()
}

// group puts the name of a group on its variables.
func group(name string, all ...variable) []variable {
	for i := range all {
		all[i].Group = name
	}
	return all
}

// inGroups joins groups.
func inGroups(groups ...[]variable) []variable {
	var all []variable
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// text is a variable of any text that check accepts.
func text(name string, target *string, value string, check func(string) string, allowed, meaning string) variable {
	return variable{
		Variable: Variable{Name: name, Type: "text", Default: value, Allowed: allowed, Meaning: meaning},
		target:   target, kind: "a text",
		check: func() string { return check(*target) },
	}
}

// word is a variable that holds one of a few words.
func word(name string, target *string, value string, words []string, meaning string) variable {
	v := text(name, target, value, nil, oneOf(words), meaning)
	v.Type = "word"
	v.check = func() string {
		if slices.Contains(words, *target) {
			return ""
		}
		return "not one of the words allowed"
	}
	return v
}

// list is a variable that holds entries separated by commas, each of which check accepts. A list that starts with "^"
// is one entry, a regular expression, commas included.
func list(name string, target *[]string, check func(string) string, allowed, meaning string) variable {
	return variable{
		Variable: Variable{Name: name, Type: "list", Allowed: allowed, Meaning: meaning},
		target:   target, kind: "a list",
		check: func() string {
			if strings.HasPrefix(strings.TrimSpace((*target)[0]), "^") {
				*target = []string{strings.Join(*target, ",")}
			}
			seen := make(map[string]bool)
			for i, entry := range *target {
				entry = strings.TrimSpace(entry)
				(*target)[i] = entry
				switch problem := check(entry); {
				case entry == "":
					return "an entry is empty"
				case seen[entry]:
					return quote(entry) + " is there twice"
				case problem != "":
					return quote(entry) + " " + problem
				}
				seen[entry] = true
			}
			return ""
		},
	}
}

// words is a variable that holds some of a few words, separated by commas.
func words(name string, target *[]string, value string, all []string, meaning string) variable {
	v := list(name, target, func(entry string) string {
		if slices.Contains(all, entry) {
			return ""
		}
		return "is none of the words allowed"
	}, strings.Join(all, ", ")+", comma-separated", meaning)
	v.Default = value
	return v
}

// flag is a variable that is true or false.
func flag(name string, target *bool, value, meaning string) variable {
	return variable{
		Variable: Variable{Name: name, Type: "flag", Default: value, Allowed: "true or false", Meaning: meaning},
		target:   target, kind: "true or false",
	}
}

// duration is a variable that holds a time span between two bounds, which it may equal.
func duration(name string, target *time.Duration, value string, low, high time.Duration, meaning string) variable {
	return variable{
		Variable: Variable{
			Name: name, Type: "duration", Default: value, Meaning: meaning,
			Allowed: "a duration from " + FormatDuration(low) + " to " + FormatDuration(high),
		},
		target: target, kind: "a duration such as 500ms, 30s, 5m or 4h",
		check: func() string { return within(*target, low, high, "too short", "too long") },
	}
}

// number is a variable that holds a whole number between two bounds, which it may equal.
func number(name string, target *int, value string, low, high int, meaning string) variable {
	return variable{
		Variable: Variable{
			Name: name, Type: "number", Default: value, Meaning: meaning,
			Allowed: "a number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high),
		},
		target: target, kind: "a whole number",
		check: func() string { return within(*target, low, high, "too small", "too large") },
	}
}

// size is a variable that holds a number of bytes between two bounds, which it may equal.
func size(name string, target *Size, value string, low, high Size, meaning string) variable {
	return variable{
		Variable: Variable{
			Name: name, Type: "size", Default: value, Meaning: meaning,
			Allowed: "a size from " + low.String() + " to " + high.String(),
		},
		target: target, kind: "a size such as 4MB, 512KiB or 1048576",
		check: func() string { return within(*target, low, high, "too small", "too large") },
	}
}

// level is a variable that holds a level of package slog.
func level(name string, target *slog.Level, value, meaning string) variable {
	return variable{
		Variable: Variable{Name: name, Type: "word", Default: value, Allowed: "debug, info, warn or error", Meaning: meaning},
		target:   target, kind: "a level",
	}
}

// file is a variable that holds the path of a file whose content check accepts.
func file(name string, target *string, check func(path string) error, meaning string) variable {
	return variable{
		Variable: Variable{Name: name, Type: "file", Allowed: "the path of a file that can be read", Meaning: meaning},
		target:   target, kind: "a path",
		check: func() string {
			if err := check(*target); err != nil {
				return cause(err)
			}
			return ""
		},
	}
}

// secret is a variable whose value is never shown, with a _FILE twin. With a path the twin's path is kept there, for
// somebody to read at need; without one the secret is read from the file at once.
func secret(name string, target *Secret, path *string, meaning string) variable {
	return variable{
		Variable: Variable{Name: name, Type: "secret", Secret: true, Allowed: "any text", Meaning: meaning},
		target:   target, kind: "a text", path: path,
	}
}

// keeping keeps the path of a secret's file, for somebody who reads it again when it changes.
func (v variable) keeping(path *string) variable {
	v.kept = path
	return v
}

// allowing says what a variable may hold.
func (v variable) allowing(what string) variable {
	v.Allowed = what
	return v
}

// shownAs gives a variable a name in descriptions, which it may share with those beside it.
func (v variable) shownAs(name string) variable {
	v.shown = name
	return v
}

// within says on which side of its bounds n lies, or "".
func within[T cmp.Ordered](n, low, high T, below, above string) string {
	switch {
	case n < low:
		return below
	case n > high:
		return above
	}
	return ""
}

// oneOf lists words as a person would: "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// FormatDuration gives a duration without units that are nil: "4h", not "4h0m0s".
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// cause gives the reason of an error on a file without the operation and path around it, which the fault names
// already.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
