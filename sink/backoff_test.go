package sink

import (
	"math"
	"net/http"
	"testing"
	"time"
)

func TestDelay(t *testing.T) {
	b := Backoff{Min: time.Second, Max: 5 * time.Minute}
	const rest = 4 * time.Hour
	tests := []struct {
		name       string
		attempt    int
		retryAfter time.Duration
		remaining  time.Duration
		rnd        float64
		want       time.Duration
	}{
		{"first, least", 1, 0, rest, 0, time.Second},
		{"first, middle", 1, 0, rest, 0.5, 1500 * time.Millisecond},
		{"first, most", 1, 0, rest, 1, 2 * time.Second},
		{"doubles", 5, 0, rest, 1, 32 * time.Second},
		{"never below Min", 20, 0, rest, 0, time.Second},
		{"never above Max", 20, 0, rest, 1, 5 * time.Minute},
		{"no overflow", math.MaxInt, 0, rest, 1, 5 * time.Minute},
		{"attempt 0", 0, 0, rest, 1, time.Second},
		{"the last attempt falls at the deadline", 20, 0, 3 * time.Second, 1, 3 * time.Second},
		{"nothing remains", 3, 0, 0, 1, 0},
		{"less than nothing remains", 3, time.Minute, -time.Second, 1, 0},
		{"retry after", 1, time.Minute, rest, 0, time.Minute},
		{"retry after spreads", 1, time.Minute, rest, 1, 61 * time.Second},
		{"retry after below Min", 9, time.Millisecond, rest, 0, time.Second},
		{"retry after instead of a long backoff", 20, time.Minute, rest, 0, time.Minute},
		{"retry after is capped", 1, 100 * time.Hour, rest, 1, time.Hour},
		{"retry after past the deadline", 1, time.Minute, 10 * time.Second, 1, 10 * time.Second},
		{"random number out of range", 1, 0, rest, 7, 2 * time.Second},
		{"random number negative", 1, 0, rest, -7, time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := b.Delay(test.attempt, test.retryAfter, test.remaining, test.rnd); got != test.want {
				t.Errorf("Delay(%d, %v, %v, %v): got %v, want %v", test.attempt, test.retryAfter, test.remaining, test.rnd, got, test.want)
			}
		})
	}
	if got := (Backoff{Min: time.Minute, Max: time.Second}).Delay(3, 0, rest, 1); got != time.Second {
		t.Errorf("Max below Min: got %v, want Max", got)
	}
}

func TestDelayRespectsItsBounds(t *testing.T) {
	b := Backoff{Min: 250 * time.Millisecond, Max: 90 * time.Second}
	for attempt := range 200 {
		for _, after := range []time.Duration{0, 1, time.Second, time.Hour, math.MaxInt64} {
			for _, remaining := range []time.Duration{1, time.Second, time.Hour, math.MaxInt64} {
				for _, rnd := range []float64{0, 0.3, 0.999999} {
					got := b.Delay(attempt, after, remaining, rnd)
					most := b.Max
					if after > 0 {
						most *= 12
					}
					if got <= 0 || got > remaining || got > most || got < min(b.Min, remaining) {
						t.Fatalf("Delay(%d, %v, %v, %v): got %v", attempt, after, remaining, rnd, got)
					}
				}
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, value string
		want        time.Duration
	}{
		{"absent", "", 0},
		{"seconds", "120", 2 * time.Minute},
		{"blanks around", " 7 ", 7 * time.Second},
		{"zero", "0", 0},
		{"leading zeros", "007", 7 * time.Second},
		{"date", "Sun, 01 Mar 2026 12:01:30 GMT", 90 * time.Second},
		{"date of RFC 850", "Sunday, 01-Mar-26 12:01:30 GMT", 90 * time.Second},
		{"date of asctime", "Sun Mar  1 12:01:30 2026", 90 * time.Second},
		{"date in the past", "Sun, 01 Mar 2026 11:00:00 GMT", 0},
		{"negative", "-1", 0},
		{"fraction", "1.5", 0},
		{"unit", "5s", 0},
		{"sign", "+5", 0},
		{"words", "soon", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := parseRetryAfter(test.value, now); got != test.want {
				t.Errorf("Retry-After %q: got %v, want %v", test.value, got, test.want)
			}
		})
	}
	if got := parseRetryAfter("99999999999999999999999999", now); got < 100*365*24*time.Hour {
		t.Errorf("Retry-After larger than any duration: got %v, want a very long one", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "Sun, 01 Mar 2026 12:01:30 GMT", "9223372036854775808", "-1", "Mon, 31 Dec 9999 23:59:59 GMT", "Fri, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := Backoff{Min: time.Second, Max: 5 * time.Minute}
	f.Fuzz(func(t *testing.T, value string) {
		got := parseRetryAfter(value, now)
		if got < 0 {
			t.Errorf("Retry-After %q: got %v", value, got)
		}
		if at, err := http.ParseTime(value); err == nil && at.After(now) && got == 0 {
			t.Errorf("Retry-After %q lies ahead: got 0", value)
		}
		if wait := b.Delay(1, got, 4*time.Hour, 0.5); wait < b.Min || wait > time.Hour {
			t.Errorf("Retry-After %q leads to a wait of %v", value, wait)
		}
	})
}
