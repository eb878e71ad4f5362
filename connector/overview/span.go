package overview

import "time"

// Span is how far back one looks.
type Span uint8

// The spans. Each is divided into [Steps] steps.
const (
	TenMinutes Span = iota // in steps of 10 s
	Hour                   // of 1 min
	Day                    // of 24 min
)

// Steps is how many steps every span has.
const Steps = 60

const spans = 3

// Spans are all of them, the shortest first.
func Spans() []Span { return []Span{TenMinutes, Hour, Day} }

// String is the span as it stands in an address: "10m", "1h" or "24h".
func (s Span) String() string { return [spans]string{"10m", "1h", "24h"}[s] }

// Duration is the length of the span.
func (s Span) Duration() time.Duration { return Steps * s.Step() }

// Step is the length of one of its steps.
func (s Span) Step() time.Duration { return time.Duration(s.seconds()) * time.Second }

func (s Span) seconds() int64 { return [spans]int64{10, 60, 24 * 60}[s] }

// ParseSpan reads what [Span.String] writes.
func ParseSpan(text string) (Span, bool) {
	for _, s := range Spans() {
		if s.String() == text {
			return s, true
		}
	}
	return 0, false
}
