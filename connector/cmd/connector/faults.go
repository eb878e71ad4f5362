package main

import (
	"fmt"
	"io"
	"strings"
)

// flatten takes errors that were joined apart, however often they were joined.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// printFaults writes every fault on a line of its own.
func printFaults(w io.Writer, e *faultsError) {
	count := "one fault"
	if n := len(e.faults); n > 1 {
		count = fmt.Sprintf("%d faults", n)
	}
	fmt.Fprintf(w, "connector: %s in %s\n", count, e.about)
	for _, fault := range e.faults {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(fault.Error(), "\n", "\n  "))
	}
	if e.help != "" {
		fmt.Fprintf(w, "%s\n", e.help)
	}
}
