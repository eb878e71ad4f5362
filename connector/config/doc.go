// Package config turns the environment into the connector's configuration.
//
// It promises operators four things:
//
//   - Every fault is reported at once. Each names the variable, what it holds, what is wrong and what to do.
//   - A variable with the prefix CONNECTOR_ that the connector does not know is a fault, with the nearest name that
//     it does know: a misspelt setting never silently means its default.
//   - A secret is never shown: not in a fault, not in a log, not in JSON. Each can come from a file, through the
//     variable's _FILE twin.
//   - A variable that is set to nothing counts as not set, so "${NAME:-}" in a compose file is harmless.
//
// One table, in variables.go, is the parser, the output of "connector config" and the table in the README.
package config
