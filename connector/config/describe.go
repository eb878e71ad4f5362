package config

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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
		v.Name = Prefix + v.Name
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
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	last := ""
	for _, v := range Describe() {
		if v.Group != last {
			if last != "" {
				fmt.Fprintln(table)
			}
			fmt.Fprintf(table, "%s\ttype\tdefault\tmeaning\n", v.Group)
			last = v.Group
		}
		name := v.Name
		if v.Secret {
			name += "[_FILE]"
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s (%s)\n", name, v.Type, cmp.Or(v.Default, "-"), v.Meaning, v.Allowed)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the variables: %w", err)
	}
	return nil
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
