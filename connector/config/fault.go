package config

import "strings"

// Fault is one thing that is wrong with the environment.
type Fault struct {
	// Variable is the full name.
	Variable string
	// Found is what the variable holds. It is empty where the variable is not set, and for secrets.
	Found string
	// Problem says what is wrong.
	Problem string
	// Fix says what to do, and so what is allowed.
	Fix string
}

// Error gives the fault in one line, such as
//
//	CONNECTOR_BATCH_LINGER is "soon": not a duration; give a duration from 0s to 1m
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Variable)
	if f.Found != "" {
		b.WriteString(" is " + quote(f.Found) + ":")
	}
	b.WriteString(" " + f.Problem + "; " + f.Fix)
	return b.String()
}

// quote puts text in double quotes, shortened in the middle where it is long. It leaves text of other scripts as it
// is, unlike strconv.Quote's sibling for ASCII, so that an operator recognises it.
func quote(text string) string {
	const most = 120
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2:])
	}
	return `"` + strings.Map(printable, text) + `"`
}

// printable replaces what would break a line or a terminal.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '·'
	}
	return r
}
