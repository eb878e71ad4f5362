package connector

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/sink"
)

// What the answers of several URLs come to, whatever their order.
func TestAnyOf(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	answer := func(url string, status, after int, retryAfter time.Duration) answerOf {
		a := answerOf{url: url}
		a.Class, a.Status, a.Requests, a.RetryAfter = sink.Classify(status, nil, false), status, 1, retryAfter
		a.Start, a.End = begin.Add(-time.Duration(after)), begin.Add(time.Duration(after))
		return a
	}
	silent := func(url string, after int) answerOf {
		a := answer(url, 0, after, 0)
		a.Err = errors.New("nobody listens")
		return a
	}
	type result struct {
		Class      sink.Class
		Status     int
		Requests   int
		RetryAfter time.Duration
		After      int // when the deciding answer came
		Error      string
	}
	for _, c := range []struct {
		name    string
		answers []answerOf
		want    result
	}{
		{
			"one takes it",
			[]answerOf{answer("a", 500, 1, 0), answer("b", 400, 2, 0), answer("c", 202, 3, 0)},
			result{sink.Delivered, 202, 3, 0, 3, ""},
		},
		{
			"the first to take it decides",
			[]answerOf{answer("a", 202, 5, 0), answer("b", 200, 2, 0), answer("c", 204, 9, 0)},
			result{sink.Delivered, 200, 3, 0, 2, ""},
		},
		{
			"one may take it later",
			[]answerOf{answer("a", 404, 9, 0), answer("b", 503, 2, 0)},
			result{sink.Retry, 503, 2, 0, 2, "a: status 404; b: status 503"},
		},
		{
			"the last of those that may decides",
			[]answerOf{answer("a", 503, 3, 0), silent("b", 4), answer("c", 400, 5, 0)},
			result{sink.Retry, 0, 3, 0, 4, "a: status 503; b: nobody listens; c: status 400"},
		},
		{
			"none ever will",
			[]answerOf{answer("a", 401, 7, 0), answer("b", 400, 2, 0)},
			result{sink.Rejected, 401, 2, 0, 7, "a: status 401; b: status 400"},
		},
		{
			"both ask for patience, the shorter counts",
			[]answerOf{answer("a", 429, 2, 9*time.Second), answer("b", 429, 1, time.Second)},
			result{sink.Retry, 429, 2, time.Second, 2, "a: status 429; b: status 429"},
		},
		{
			"one asks for patience, the other does not",
			[]answerOf{answer("a", 429, 2, time.Minute), answer("b", 500, 1, 0)},
			result{sink.Retry, 429, 2, 0, 2, "a: status 429; b: status 500"},
		},
		{
			"patience that is of no use is not minded",
			[]answerOf{answer("a", 403, 2, time.Minute), answer("b", 429, 1, time.Hour)},
			result{sink.Retry, 429, 2, time.Hour, 1, "a: status 403; b: status 429"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := anyOf(c.answers)
			got := result{a.Class, a.Status, a.Requests, a.RetryAfter, int(a.End.Sub(begin)), errorText(a.Err)}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("together (-want +got):\n%s", diff)
			}
			for _, one := range c.answers {
				if one.Start.Before(a.Start) {
					t.Errorf("begins at %v, after the request to %s", a.Start, one.url)
				}
			}
		})
	}
}
