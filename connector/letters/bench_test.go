package letters_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/letters"
)

// What a letter costs in all: looking for it, reading it, the request, and its share of a mark. Brokers and endpoint are in this process, and in the
// figures.
func BenchmarkReplay(b *testing.B) {
	for _, mapping := range []string{"Orders", "Lake"} {
		b.Run(mapping, func(b *testing.B) {
			r := newRig(b)
			records := make([]*kgo.Record, b.N)
			for n := range records {
				records[n] = letter(int32(n%2), mapping, "rejected", n, track(n))
			}
			r.produce(records...)
			b.ReportAllocs()
			b.ResetTimer()
			out, err := r.replay(b.Context(), twoMappings, func(o *letters.Replay) { o.InFlight = 64 })
			if err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
		})
	}
}
