//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups tells of SIGHUP, which asks to load the mappings anew, until stop is called.
func hangups() (asked <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
