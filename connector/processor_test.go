package connector

import (
	"testing"
	"time"
)

func TestProcessorIsShort(t *testing.T) {
	t.Parallel()
	start := time.Unix(0, 0)
	for _, c := range []struct {
		name          string
		count         float64
		window, spent time.Duration
		want          bool
	}{
		{"nothing is done", 1, time.Second, 0, false},
		{"half of the time", 1, time.Second, time.Second / 2, false},
		{"nearly all of it", 1, time.Second, 900 * time.Millisecond, true},
		{"nearly all of one of two", 2, time.Second, 900 * time.Millisecond, false},
		{"nearly all of both", 2, time.Second, 1800 * time.Millisecond, true},
		{"nearly all of a half", 0.5, time.Second, 450 * time.Millisecond, true},
		{"no time has passed", 1, 0, 0, false},
	} {
		used := 5 * time.Second
		p := processor{spent: func() time.Duration { return used }, count: c.count}
		p.begin(start)
		used += c.spent
		if got := p.short(start.Add(c.window)); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
	var unknown processor
	unknown.begin(start)
	if unknown.short(start.Add(time.Second)) {
		t.Error("it is said to be short where that is not known")
	}
}

func TestProcessors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cpuMax     string
		gomaxprocs int
		want       float64
	}{
		{"", 4, 4},
		{"max 100000\n", 4, 4},
		{"100000 100000\n", 2, 1},
		{"50000 100000\n", 2, 0.5},
		{"800000 100000\n", 4, 4},
		{"nonsense", 4, 4},
		{"0 0", 4, 4},
	} {
		if got := processors(c.cpuMax, c.gomaxprocs); got != c.want {
			t.Errorf("%q and %d: got %v, want %v", c.cpuMax, c.gomaxprocs, got, c.want)
		}
	}
}
