package main

import (
	"context"
	"flag"

	"segment-webhooks/connector/demo"
)

// runDemo runs the whole connector in this process, until ctx ends or the time is up.
func runDemo(ctx context.Context, p process, flags *flag.FlagSet, args []string) error {
	limit := flags.Duration("for", 0, "end after this `time`, such as 20s; without it Ctrl-C ends the demo")
	classic := flags.Bool("classic", false, "show Webhooks (Classic): URLs that get every event, without mappings")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *limit < 0 {
		return usagef("--for is %s: give a time such as 20s", *limit)
	}
	return demo.Run(ctx, demo.Options{For: *limit, Classic: *classic, Out: p.out})
}
