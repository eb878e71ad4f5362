package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// runCompletion prints a script that lets a shell complete the command line. It is made from the list of commands, so that it cannot miss one.
func runCompletion(_ context.Context, p process, flags *flag.FlagSet, args []string) error {
	shells := map[string]func(io.Writer, []completed){"bash": completeBash, "zsh": completeZsh, "fish": completeFish}
	if err := flags.Parse(args); err != nil {
		return parse(flags, args)
	}
	if flags.NArg() != 1 || shells[flags.Arg(0)] == nil {
		return usagef("name a shell: bash, zsh or fish")
	}
	var all []completed
	for _, c := range commands() {
		all = append(all, c.complete())
	}
	shells[flags.Arg(0)](p.out, all)
	return nil
}

// completed is what a shell needs to know of a command.
type completed struct {
	name, summary string
	words         []string // subcommands, and flags with their dashes
}

// subcommand is the word that begins an alternative of a usage, such as seek in "list [--json] | seek NAME --to PLACE".
var subcommand = regexp.MustCompile(`(?:^|\| )([a-z]+)\b`)

func (c command) complete() completed {
	out := completed{name: c.name, summary: c.summary}
	for _, m := range subcommand.FindAllStringSubmatch(c.usage, -1) {
		out.words = append(out.words, m[1])
	}
	for _, m := range regexp.MustCompile(`--[a-z-]+`).FindAllString(c.usage, -1) {
		if !slices.Contains(out.words, m) {
			out.words = append(out.words, m)
		}
	}
	return out
}

func completeBash(w io.Writer, all []completed) {
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	fmt.Fprintf(w, `# bash completion for connector: source <(connector completion bash)
_connector() {
  local word="${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "%s help" -- "$word"))
    return
  fi
  case "${COMP_WORDS[1]}" in
`, strings.Join(names, " "))
	for _, c := range all {
		fmt.Fprintf(w, "    %s) words=\"%s\" ;;\n", c.name, strings.Join(append(c.words, "--help"), " "))
	}
	fmt.Fprint(w, `  esac
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}
complete -o filenames -F _connector connector
`)
}

func completeZsh(w io.Writer, all []completed) {
	fmt.Fprint(w, `#compdef connector
# zsh completion for connector: source <(connector completion zsh)
_connector() {
  if (( CURRENT == 2 )); then
    local -a commands=(
`)
	for _, c := range all {
		fmt.Fprintf(w, "      '%s:%s'\n", c.name, strings.ReplaceAll(c.summary, "'", ""))
	}
	fmt.Fprint(w, `    )
    _describe command commands
    return
  fi
  case "$words[2]" in
`)
	for _, c := range all {
		fmt.Fprintf(w, "    %s) compadd -- %s ;;\n", c.name, strings.Join(append(c.words, "--help"), " "))
	}
	fmt.Fprint(w, `  esac
  _files
}
compdef _connector connector
`)
}

func completeFish(w io.Writer, all []completed) {
	fmt.Fprintln(w, "# fish completion for connector: connector completion fish | source")
	for _, c := range all {
		fmt.Fprintf(w, "complete -c connector -n __fish_use_subcommand -f -a %s -d '%s'\n", c.name, strings.ReplaceAll(c.summary, "'", ""))
		for _, word := range c.words {
			what := "-f -a " + word
			if name, isFlag := strings.CutPrefix(word, "--"); isFlag {
				what = "-l " + name
			}
			fmt.Fprintf(w, "complete -c connector -n '__fish_seen_subcommand_from %s' %s\n", c.name, what)
		}
	}
}
