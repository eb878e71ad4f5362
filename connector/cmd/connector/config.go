package main

import (
	"context"
	"flag"

	"segment-webhooks/connector/config"
)

// runConfig prints the environment variables.
func runConfig(_ context.Context, p process, flags *flag.FlagSet, args []string) error {
	markdown := flags.Bool("markdown", false, "print the tables of the README")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *markdown {
		return config.WriteMarkdown(p.out)
	}
	return config.WriteText(p.out)
}
