package connector_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// written is where a test lets the connector write its log.
type written struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *written) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// with returns the lines that hold text.
func (l *written) with(text string) (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		if strings.Contains(line, text) {
			out = append(out, line)
		}
	}
	return out
}

// At debug every delivery is a line; at info a flood of dead letters is one now and then that says how many; a change of the endpoint is one line each.
// Nothing of events, no secret and no query string is in any of them.
func TestLogLines(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 1)
			defer r.close()
			out := &written{}
			r.log = slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
			var status atomic.Int64
			status.Store(http.StatusOK)
			r.answer = func(*http.Request) int { return int(status.Load()) }
			stop := r.start(r.config(), strings.Replace(oneMapping, "http://localhost/hook", "http://user:hunter1@localhost/hook?key=hunter2", 1))
			produce := func(n int) {
				for i := range n {
					r.produce(fmt.Sprintf(`{"type":"track","event":"hunter3","messageId":"m%d"}`, i))
				}
				time.Sleep(30 * time.Second) //nolint:forbidigo // virtual time
			}
			produce(3)
			status.Store(http.StatusForbidden)
			produce(100)
			status.Store(http.StatusServiceUnavailable)
			produce(50)
			status.Store(http.StatusOK)
			time.Sleep(10 * time.Minute) //nolint:forbidigo // virtual time
			stop()
			want := 0
			if level == slog.LevelDebug {
				want = 53
			}
			delivered := out.with("msg=delivered ")
			if len(delivered) != want {
				t.Errorf("at %v %d deliveries are in the log, want %d", level, len(delivered), want)
			}
			for _, line := range delivered {
				for _, part := range []string{"mapping=all", "topic=events", "partition=0", "first_offset=", "url=http://localhost/hook ", "status=200", "took=", "attempts="} {
					if !strings.Contains(line, part) {
						t.Fatalf("the line lacks %q: %s", part, line)
					}
				}
			}
			if n := len(out.with("events went to the dead-letter topic")); n < 1 || n > 2 {
				t.Errorf("100 dead letters within a minute are %d lines, want one or two", n)
			}
			if down, up := len(out.with("an endpoint fails")), len(out.with("an endpoint works again")); down != 1 || up != 1 {
				t.Errorf("an outage is %d lines and its end %d, want one each", down, up)
			}
			if leaks := out.with("hunter"); len(leaks) > 0 {
				t.Errorf("the log says too much: %s", leaks[0])
			}
		})
	}
}
