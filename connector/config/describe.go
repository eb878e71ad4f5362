package config

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// Variable describes an environment variable.
type Variable struct {
	// Group is the heading under which it stands.
	Group string
	// Name is the full name. In names of numbered variables "<n>" stands for the number.
	Name string
	// Type is text, list, word, flag, number, duration, size, file or secret.
	Type string
	// Default is what counts where the variable is not set; empty where nothing does.
	Default string
	// Secret tells that the value is never shown, and that Name + "_FILE" may name a file that holds it.
	Secret bool
	// Meaning says what it is for.
	Meaning string
	// Allowed says what it may hold.
	Allowed string
}

// Describe gives every variable in the order of the documentation.
func Describe() []Variable {
	var all []Variable
	for _, v := range new(Config).variables() {
		v.Name = Prefix + cmp.Or(v.shown, v.Name)
		if len(all) > 0 && all[len(all)-1].Name == v.Name {
			continue
		}
		all = append(all, v.Variable)
		if v.Name != Prefix+"MAPPINGS" {
			continue
		}
		for _, n := range numbered() {
			n.Group, n.Type, n.Name = v.Group, "text", Prefix+"MAPPING_<n>_"+n.Name
			all = append(all, n)
		}
	}
	return all
}

// WriteText prints every variable for a terminal.
func WriteText(w io.Writer) error {
	all := Describe()
	name := func(v Variable) string {
		if v.Secret {
			return v.Name + "[_FILE]"
		}
		return v.Name
	}
	var names, types, defaults int
	for _, v := range all {
		names, types, defaults = max(names, len(name(v))), max(types, len(v.Type)), max(defaults, len(v.Default))
	}
	var b strings.Builder
	last := ""
	for _, v := range all {
		if v.Group != last {
			if last != "" {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%-*s  %-*s  %-*s  meaning\n", names+2, v.Group, types, "type", defaults, "default")
			last = v.Group
		}
		fmt.Fprintf(&b, "  %-*s  %-*s  %-*s  %s%s\n", names, name(v), types, v.Type, defaults, cmp.Or(v.Default, "-"), v.Meaning, v.hint())
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing the variables: %w", err)
	}
	return nil
}

// hint says what is allowed, in so far as the type does not say it.
func (v Variable) hint() string {
	switch {
	case v.Type == "file", v.Type == "flag", v.Allowed == "any text", v.Allowed == "a name":
		return ""
	}
	return " (" + strings.TrimPrefix(v.Allowed, "a "+v.Type+" ") + ")"
}

// WriteMarkdown prints every variable as the README's tables, one for each group.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	last := ""
	for _, v := range Describe() {
		if v.Group != last {
			if last != "" {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "**%s**\n\n| variable | default | meaning | allowed |\n|---|---|---|---|\n", v.Group)
			last = v.Group
		}
		name := "`" + v.Name + "`"
		if v.Secret {
			name += " or `…_FILE`"
		}
		value := ""
		if v.Default != "" {
			value = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, value, v.Meaning, v.Allowed)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing the variables: %w", err)
	}
	return nil
}
