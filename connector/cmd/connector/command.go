package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// The exit codes; the package comment says what they promise.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// process is what a command sees of the process that runs it.
type process struct {
	environ  []string
	in       io.Reader
	out, err io.Writer
}

// command is one of the things that the connector can be asked to do.
type command struct {
	name    string
	usage   string // what follows the name on the command line
	summary string
	run     func(ctx context.Context, p process, flags *flag.FlagSet, args []string) error
}

// commands lists all commands in the order of the help.
func commands() []command {
	return []command{
		{"run", "", "read events from Kafka and deliver webhooks (also without any command)", runConnector},
		{"demo", "[--for 20s] [--classic]", "the whole connector in one process, with its own Kafka, a receiver and events", runDemo},
		{"check", "[--registry]", "look at the configuration and the mappings, and say what they will do", runCheck},
		{"preview", "[--mappings FILE] --events FILE [--output text|json|curl] [--keep-going] [--exact]", "show which mappings fire for an event, and the exact requests", runPreview},
		{"lanes", "list [--json] | seek NAME --to PLACE | drop NAME", "show how far each mapping has come, or change it while no connector runs", runLanes},
		{"dlq", "list|replay [--mapping NAME] [--reason REASON] [--host HOST] [--since TIME] …", "list dead letters, or deliver them once more", runDLQ},
		{"config", "[--markdown]", "list the environment variables", runConfig},
		{"completion", "bash | zsh | fish", "print what lets a shell complete command lines", runCompletion},
		{"version", "", "print the version", runVersion},
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// faultsError is a configuration that makes no sense: about what, and every fault.
type faultsError struct {
	about  string
	faults []error
	help   string // where to read on
}

func (e *faultsError) Error() string { return e.about + ":\n" + errors.Join(e.faults...).Error() }

// run does what args ask for and gives the exit code.
func run(ctx context.Context, args []string, p process) int {
	name := "run"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(p.out, help())
		return exitDone
	case "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c.start(ctx, p, args)
		}
	}
	fmt.Fprintf(p.err, "connector: there is no command %q\n\n%s", name, help())
	return exitUsage
}

// start runs the command, explains what went wrong and gives the exit code.
func (c command) start(ctx context.Context, p process, args []string) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := c.run(ctx, p, flags, args)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.out, c.help(flags))
		return exitDone
	}
	if usage, ok := errors.AsType[*usageError](err); ok {
		fmt.Fprintf(p.err, "connector %s: %v\n\n%s", c.name, usage, c.help(flags))
		return exitUsage
	}
	if faults, ok := errors.AsType[*faultsError](err); ok {
		printFaults(p.err, faults)
		return exitUsage
	}
	fmt.Fprintf(p.err, "connector %s: %v\n", c.name, err)
	return exitFailed
}

// parse reads the flags of a command that takes no other arguments.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usagef("%v", err)
	}
	if flags.NArg() > 0 {
		return usagef("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

func help() string {
	var b strings.Builder
	b.WriteString("connector delivers Twilio Segment events from Kafka as signed webhooks.\n\nUsage:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  connector %-8s  %s\n", c.name, c.summary)
	}
	b.WriteString(`  connector help      print this

"connector COMMAND --help" says more about a command.
The environment configures the connector: "connector config" lists the variables.
Exit codes: 0 done, 1 failed while running, 2 wrong usage, configuration or mappings.
`)
	return b.String()
}

func (c command) help(flags *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n\nUsage:\n  connector %s\n", strings.ToUpper(c.summary[:1]), c.summary[1:], strings.TrimSpace(c.name+" "+c.usage))
	flags.VisitAll(func(f *flag.Flag) {
		value, meaning := flag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + value)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0s" {
			meaning += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&b, "  %-20s  %s\n", name, meaning)
	})
	return b.String()
}
