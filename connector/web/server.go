package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Endpoints is what the server tells.
type Endpoints struct {
	Ready   func() error // nil when ready; otherwise what needs attention, one reason a line
	Metrics http.Handler
	UI      *UI // nil: there are no pages
}

// Handler answers /healthz (the process lives), /readyz (200, or 503 with the reasons) and /metrics (Prometheus); with a UI also / (the
// Delivery Overview), /live (what changes of it, as server-sent events) and /tester.
func Handler(e Endpoints) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "alive")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := e.Ready(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintln(w, err)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	mux.Handle("GET /metrics", e.Metrics)
	if e.UI != nil {
		e.UI.register(mux)
	}
	return mux
}

// Serve answers on the listener until ctx ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving health and metrics on %s: %w", l.Addr(), err)
	}
	return nil
}
