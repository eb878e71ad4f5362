package schemas

import "strings"

// camelKeys renames the keys of fields that are in snake_case. A name that another field of the record has, or gets first, is left alone:
// no field hides another.
func camelKeys(fields []field) {
	taken := make(map[string]bool, len(fields))
	for _, f := range fields {
		taken[f.name] = true
	}
	for i := range fields {
		if key := camelCase(fields[i].name); !taken[key] {
			taken[key] = true
			fields[i].key = key
		}
	}
}

// camelCase turns anonymous_id into anonymousId. Words of small letters and digits with one underscore between them are snake_case;
// underscores before them stay. Other names are left as they are.
func camelCase(name string) string {
	rest := strings.TrimLeft(name, "_")
	words := strings.Split(rest, "_")
	if len(words) < 2 {
		return name
	}
	for i, word := range words {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return name
		}
		if i > 0 {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return name[:len(name)-len(rest)] + strings.Join(words, "")
}
