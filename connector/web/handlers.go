package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"segment-webhooks/connector/overview"
	"segment-webhooks/connector/preview"
)

//go:embed page
var files embed.FS

const (
	eventLimit  = 256 << 10        // bytes of an event that is tried; Segment's own limit is 32 KB
	formLimit   = 3*eventLimit + 1 // bytes of the form that holds it, where every character is escaped
	liveViewers = 32               // pages that are kept up to date at the same time
	liveEvery   = 2 * time.Second  // between two updates of one
	liveWrite   = 10 * time.Second // how long a viewer may take for one
	fresh       = time.Second      // how long what was rendered for one viewer is good enough for another
)

// pages serves the UI.
type pages struct {
	*UI
	viewers chan struct{}
	trying  chan struct{}

	mu       sync.Mutex
	rendered [3]rendering // by span
}

// rendering is the part of the overview that changes.
type rendering struct {
	at   time.Time
	view *overviewView
	html template.HTML
}

// shell is what every page has around it.
type shell struct {
	Nonce  string
	Title  string
	Page   string
	Style  template.CSS
	Script template.JS
	Live   template.HTML
	Status string
	Tester *testerView
}

// testerView is what the mapping tester shows.
type testerView struct {
	Event   string
	Tried   bool
	Refused string // why the event was not tried
	Trial   preview.Trial
	Fired   int
}

// What cannot fail but in a build that its tests would not pass: the files are part of the program.
var (
	templates = template.Must(template.ParseFS(files, "page/*.html"))
	style     = template.CSS(text("page/style.css")) //nolint:gosec // our own file
	script    = template.JS(text("page/live.js"))    //nolint:gosec // our own file
)

func text(name string) string {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

func (ui *UI) register(mux *http.ServeMux) {
	p := &pages{UI: ui, viewers: make(chan struct{}, liveViewers), trying: make(chan struct{}, 1)}
	mux.HandleFunc("GET /{$}", p.overview)
	mux.HandleFunc("GET /live", p.live)
	mux.HandleFunc("GET /tester", p.tester)
	mux.Handle("POST /tester", http.NewCrossOriginProtection().Handler(http.HandlerFunc(p.try)))
}

// spanOf is the span that a request asks for; what is no span means the shortest.
func spanOf(r *http.Request) overview.Span {
	s, _ := overview.ParseSpan(r.URL.Query().Get("span"))
	return s
}

func (p *pages) overview(w http.ResponseWriter, r *http.Request) {
	now, err := p.render(spanOf(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.write(w, http.StatusOK, shell{Title: now.view.Title, Page: "overview", Live: now.html, Status: now.view.Headline, Script: script})
}

// render gives what changes of the overview, at most a second old: the work does not grow with the number of viewers.
func (p *pages) render(s overview.Span) (rendering, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := &p.rendered[s]
	if age := time.Since(kept.at); kept.view != nil && age >= 0 && age < fresh {
		return *kept, nil
	}
	n := p.Now()
	view := newOverviewView(n, p.Report(s, n.At))
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "live", view); err != nil {
		return rendering{}, fmt.Errorf("rendering the overview: %w", err)
	}
	*kept = rendering{at: n.At, view: view, html: template.HTML(b.String())} //nolint:gosec // the template has escaped it
	return *kept, nil
}

// live sends the part of the overview that changes again and again, as server-sent events, until the viewer goes.
func (p *pages) live(w http.ResponseWriter, r *http.Request) {
	select {
	case p.viewers <- struct{}{}:
		defer func() { <-p.viewers }()
	default:
		w.Header().Set("Retry-After", "30")
		http.Error(w, "too many pages are open; reload this one by hand", http.StatusServiceUnavailable)
		return
	}
	protect(w.Header(), "")
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		now, err := p.render(spanOf(r))
		if err != nil {
			return
		}
		if out.SetWriteDeadline(time.Now().Add(liveWrite)) != nil {
			return
		}
		data := strings.ReplaceAll(string(now.html), "\n", "\ndata: ")
		if _, err := fmt.Fprintf(w, "event: overview\ndata: %s\n\n", data); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func (p *pages) tester(w http.ResponseWriter, _ *http.Request) {
	p.write(w, http.StatusOK, shell{Title: "Mapping tester", Page: "tester", Tester: &testerView{}})
}

// try shows what the mappings would make of an event. One is tried at a time: deliveries come first.
func (p *pages) try(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	t := &testerView{}
	code := http.StatusOK
	err := r.ParseForm()
	t.Event = strings.TrimSpace(r.PostForm.Get("event"))
	switch {
	case err != nil:
		code, t.Event = http.StatusBadRequest, ""
		t.Refused = "The form cannot be read: " + err.Error() + "."
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			code, t.Refused = http.StatusRequestEntityTooLarge, tooLarge
		}
	case len(t.Event) > eventLimit:
		code, t.Refused, t.Event = http.StatusRequestEntityTooLarge, tooLarge, ""
	case t.Event == "":
		code, t.Refused = http.StatusBadRequest, "There is no event: paste one as JSON, such as the sample below."
	default:
		select {
		case p.trying <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		t.Trial, t.Tried = p.Try([]byte(t.Event)), true
		<-p.trying
		for _, result := range t.Trial.Results {
			if result.Matched && result.Fault == "" {
				t.Fired++
			}
		}
	}
	p.write(w, code, shell{Title: "Mapping tester", Page: "tester", Tester: t})
}

const tooLarge = "The event is too large: the tester takes up to 256 KiB, and Segment sends no more than 32 KB."

func (p *pages) write(w http.ResponseWriter, code int, s shell) {
	s.Nonce, s.Style = rand.Text(), style
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page", s); err != nil {
		http.Error(w, "rendering the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	protect(w.Header(), s.Nonce)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes())
}

// protect says what a browser may do with a page: run the script and the style with this nonce, ask this server, and nothing else. No
// other site may show it in a frame or read it, and nothing of it is kept.
func protect(h http.Header, nonce string) {
	policy := "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
	if nonce != "" {
		policy += "; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce + "'; img-src data:; connect-src 'self'; form-action 'self'"
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}
