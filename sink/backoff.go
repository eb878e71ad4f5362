package sink

import (
	"net/http"
	"strings"
	"time"
)

// retryAfterSpan times Backoff.Max is the longest that an endpoint's Retry-After is honoured.
const retryAfterSpan = 12

// Backoff spaces the attempts of one event.
type Backoff struct {
	Min time.Duration // the shortest wait, and the unit that doubles
	Max time.Duration // the longest wait; an endpoint's Retry-After may ask for 12 times as much
}

// Delay is how long to wait after attempt (1 for the first) before the next one.
//
//	no Retry-After   random between Min and Min·2^attempt, at most Max
//	Retry-After      that, at least Min, plus up to Min so that waiters spread; at most 12·Max
//
// The wait never passes remaining, the time left in the retry window, so that the last attempt
// falls at the deadline. Where nothing remains the result is 0: the window is over, and whether
// an attempt is still owed is the caller's rule. Rnd is a random number in [0, 1).
func (b Backoff) Delay(attempt int, retryAfter, remaining time.Duration, rnd float64) time.Duration {
	if remaining <= 0 {
		return 0
	}
	low := min(b.Min, b.Max)
	var wait time.Duration
	if retryAfter > 0 {
		longest := times(b.Max, retryAfterSpan)
		wait = min(max(low, min(retryAfter, longest))+fraction(low, rnd), longest)
	} else {
		high := low
		for range attempt {
			if high = times(high, 2); high >= b.Max {
				high = b.Max
				break
			}
		}
		wait = low + fraction(high-low, rnd)
	}
	return min(wait, remaining)
}

// times is d·n without overflow.
func times(d, n time.Duration) time.Duration {
	const longest = 1<<63 - 1
	if d > longest/2/n {
		return longest / 2
	}
	return d * n //nolint:durationcheck // n is a factor; it has the type of d so that a second can be one
}

func fraction(d time.Duration, rnd float64) time.Duration {
	return time.Duration(float64(d) * min(max(rnd, 0), 1))
}

// parseRetryAfter reads both forms of Retry-After (RFC 9110 §10.2.3): whole seconds, or an HTTP
// date, which is taken against now. What is neither, and what lies in the past, is 0.
func parseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		var seconds time.Duration
		for i := range len(value) {
			seconds = times(seconds, 10) + time.Duration(value[i]-'0')
		}
		return times(seconds, time.Second)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}
