//go:build !unix

package main

import "os"

// hangups never tells of anything: there is no such signal here. A changed file is noticed all the same.
func hangups() (asked <-chan os.Signal, stop func()) { return nil, func() {} }
