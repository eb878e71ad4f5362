package web

import (
	"fmt"
	"strings"

	"segment-webhooks/connector/overview"
)

// chart is a small picture of what happened step by step, as paths of an SVG of 120 by 32.
type chart struct {
	Label     string // for those who do not see it
	Good, Bad string // areas from the bottom up
	Empty     bool
}

const (
	chartHeight = 32
	chartStep   = 2 // 60 of them are 120
)

// newChart draws what went well, and over it what did not, to one scale.
func newChart(what string, span overview.Span, good, bad *[overview.Steps]uint32) chart {
	most, failures, sum := uint32(0), uint32(0), uint64(0)
	for i := range good {
		most = max(most, good[i], bad[i])
		failures = max(failures, bad[i])
		sum += uint64(good[i]) + uint64(bad[i])
	}
	c := chart{Empty: sum == 0, Label: "nothing " + what}
	if c.Empty {
		return c
	}
	c.Label = fmt.Sprintf("%s, in steps of %s: highest %s, now %s", what, duration(span.Step()), number(uint64(highest(good))), number(uint64(good[overview.Steps-1])))
	if failures > 0 {
		c.Label += fmt.Sprintf("; failures highest %s, now %s", number(uint64(failures)), number(uint64(bad[overview.Steps-1])))
	}
	c.Good, c.Bad = area(good, most), area(bad, most)
	return c
}

func highest(values *[overview.Steps]uint32) (most uint32) {
	for _, v := range values {
		most = max(most, v)
	}
	return most
}

// area is the path of columns that touch. What is not zero is seen.
func area(values *[overview.Steps]uint32, most uint32) string {
	var b strings.Builder
	at := 0 // height of the path so far
	drawn := false
	for i, v := range values {
		h := 0
		if v > 0 {
			h = max(2, int(uint64(v)*(chartHeight-2)/uint64(most)))
		}
		if i == 0 {
			fmt.Fprintf(&b, "M0 %d", chartHeight)
		}
		if h != at {
			fmt.Fprintf(&b, "V%d", chartHeight-h)
			at = h
		}
		drawn = drawn || h > 0
		fmt.Fprintf(&b, "h%d", chartStep)
	}
	if !drawn {
		return ""
	}
	fmt.Fprintf(&b, "V%dZ", chartHeight)
	return b.String()
}
