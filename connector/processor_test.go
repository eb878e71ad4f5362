package connector

import (
	"runtime"
	"testing"
	"time"
)

func TestProcessorIsShort(t *testing.T) {
	t.Parallel()
	all := func(each time.Duration) time.Duration { return time.Duration(runtime.GOMAXPROCS(0)) * each }
	start := time.Unix(0, 0)
	for _, c := range []struct {
		name          string
		window, spent time.Duration
		want          bool
	}{
		{"nothing is done", time.Second, 0, false},
		{"half of the time", time.Second, all(time.Second / 2), false},
		{"nearly all of it", time.Second, all(900 * time.Millisecond), true},
		{"no time has passed", 0, 0, false},
	} {
		used := 5 * time.Second
		p := processor{spent: func() time.Duration { return used }}
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

// What the system says must be this program's, and grow while it works.
func TestSpentGrows(t *testing.T) {
	t.Parallel()
	before := spent()
	if runtime.GOOS == "windows" && before == 0 {
		t.Skip("not to be had here")
	}
	for began := time.Now(); spent() == before; {
		if time.Since(began) > time.Minute {
			t.Fatal("a minute of work, and no processor time")
		}
	}
}
