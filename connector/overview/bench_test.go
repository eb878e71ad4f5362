package overview_test

import (
	"testing"
	"time"

	"segment-webhooks/connector/overview"
)

// What feeding the book costs for one event, in a process with fifty mappings: the time goes on, so that steps are begun and cleared.
func BenchmarkEvent(b *testing.B) {
	const mappings = 50
	matched := make([]int, 64)
	matched[7] = 1
	for _, c := range []struct {
		name string
		feed func(book *overview.Book, a []*overview.Account, at time.Time)
	}{
		{"read", func(book *overview.Book, a []*overview.Account, at time.Time) { book.Read(at, 1, 0, matched) }},
		{"answered", func(book *overview.Book, a []*overview.Account, at time.Time) { a[7].Answered(at, 80*time.Millisecond) }},
		{"delivered", func(book *overview.Book, a []*overview.Account, at time.Time) {
			a[7].Delivered(at, 1, func(int) time.Time { return at.Add(-time.Second) })
		}},
		{"failed", func(book *overview.Book, a []*overview.Account, at time.Time) {
			a[7].Failed(overview.Reason{Status: 503}, 1, overview.Answer{At: at, Status: 503}, func() overview.Sample { return overview.Sample{At: at} })
		}},
		{"all", func(book *overview.Book, a []*overview.Account, at time.Time) {
			book.Read(at, 1, 0, matched)
			a[7].Answered(at, 80*time.Millisecond)
			a[7].Failed(overview.Reason{Status: 503}, 1, overview.Answer{At: at, Status: 503}, func() overview.Sample { return overview.Sample{At: at} })
			a[7].Answered(at, 80*time.Millisecond)
			a[7].Delivered(at, 1, func(int) time.Time { return at.Add(-time.Second) })
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			book, a := open(mappings+1, false)
			b.ReportAllocs()
			at := begin
			for b.Loop() {
				at = at.Add(time.Millisecond)
				c.feed(book, a, at)
			}
		})
	}
}

// What the book itself takes for fifty mappings.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		open(51, false)
	}
}
