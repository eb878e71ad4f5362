package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"segment-webhooks/connector/overview"
)

// none stands where there is no number.
const none = "–"

// number writes a count with commas, and what is beyond a million in millions.
func number(n uint64) string {
	if n >= 10_000_000 {
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " M"
	}
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// rate writes how often something happens, in the unit that gives a readable number.
func rate(n uint64, in time.Duration) string {
	if n == 0 {
		return ""
	}
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"s", time.Second}, {"min", time.Minute}, {"h", time.Hour}} {
		per := float64(n) * float64(unit.long) / float64(in)
		switch {
		case per >= 100:
			return number(uint64(per+.5)) + "/" + unit.name
		case per >= 1:
			return strconv.FormatFloat(per, 'f', 1, 64) + "/" + unit.name
		}
	}
	return strconv.FormatFloat(float64(n)*24*float64(time.Hour)/float64(in), 'f', 1, 64) + "/day"
}

// duration writes a time in its two largest units.
func duration(d time.Duration) string {
	two := func(a int64, unitA string, b int64, unitB string) string {
		if b == 0 {
			return fmt.Sprintf("%d %s", a, unitA)
		}
		return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
	}
	switch {
	case d < 0:
		return "–" + duration(-d)
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second && d%time.Second != 0:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int64(d.Seconds()))
	case d < time.Hour:
		return two(int64(d.Minutes()), "min", int64(d.Seconds())%60, "s")
	case d < 24*time.Hour:
		return two(int64(d.Hours()), "h", int64(d.Minutes())%60, "min")
	}
	return two(int64(d.Hours())/24, "d", int64(d.Hours())%24, "h")
}

// about writes a time in its largest unit, for what is an estimate.
func about(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return strconv.FormatFloat(d.Hours()/24, 'f', 1, 64) + " d"
	case d >= time.Hour:
		return strconv.FormatFloat(d.Hours(), 'f', 1, 64) + " h"
	case d >= time.Minute:
		return strconv.FormatFloat(d.Minutes(), 'f', 1, 64) + " min"
	}
	return duration(d)
}

func size(n int) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
}

// count writes a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(uint64(n)) + " " + many
}

// status writes an HTTP status with its name.
func status(code int) string {
	if name := http.StatusText(code); name != "" {
		return strconv.Itoa(code) + " " + name
	}
	return strconv.Itoa(code)
}

// unanswered are the words for why no answer came, by the sink's kinds.
func unanswered(kind string) string {
	switch kind {
	case "timeout":
		return "No answer in time"
	case "dns":
		return "The host name does not resolve"
	case "refused":
		return "Connection refused"
	case "reset":
		return "The connection broke off"
	case "unreachable":
		return "No route to the host"
	case "tls":
		return "TLS or its certificate was refused"
	case "protocol":
		return "The answer is not HTTP"
	case "proxy":
		return "The proxy would not connect"
	case "local":
		return "This machine ran out of sockets"
	case "blocked":
		return "The address may not be dialled"
	case overview.Other:
		return "Other reasons"
	}
	return "The network failed"
}

// why writes a reason.
func why(r overview.Reason) string {
	answer := ""
	if r.Status != 0 {
		answer = status(r.Status)
	}
	switch {
	case !r.GivenUp && answer != "":
		return answer
	case !r.GivenUp:
		return unanswered(r.Why)
	}
	text := map[string]string{
		"undecodable":    "No Segment event",
		"mapping_failed": "A field cannot be resolved",
		"rejected":       "Refused by the webhook",
		"window_expired": "The retry window ended",
		overview.Other:   "Other reasons",
	}[r.Why]
	if text == "" {
		text = strings.ReplaceAll(r.Why, "_", " ")
	}
	if answer != "" {
		text += ", " + answer
	}
	return text
}
