package preview

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

const (
	ruleWidth = 88 // of the line above an event
	wideBody  = 76 // longest JSON that stays on one line, in bytes
	indent    = "      "
)

// textPrinter shows a preview to a person.
type textPrinter struct {
	w      io.Writer
	exact  bool
	signed bool

	last                       []byte // the event being shown
	events, requests, failures int
}

func (p *textPrinter) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(p.w, format, args...)
	return err
}

func (p *textPrinter) invalid(i Invalid) error {
	p.failures++
	return p.printf("! %s does not load:\n%s\n\n", plain(i.Mapping), plainLines(strings.Join(i.Faults, "\n"), "  "))
}

func (p *textPrinter) event(number int, event []byte) error {
	p.last = event
	return p.headline(number, title(event))
}

func (p *textPrinter) headline(number int, title string) error {
	gap := ""
	if p.events > 0 {
		gap = "\n"
	}
	p.events++
	text := fmt.Sprintf("── %d  %s ", number, plain(title))
	rule := strings.Repeat("─", max(2, ruleWidth-utf8.RuneCountInString(text)))
	return p.printf("%s%s%s\n", gap, text, rule)
}

func (p *textPrinter) undecodable(number int, err error) error {
	if err := p.headline(number, "not an event"); err != nil {
		return err
	}
	p.failures++
	return p.printf("  ! %s: becomes a dead letter\n", plain(err.Error()))
}

func (p *textPrinter) outcome(o outcome) error {
	name := plain(o.mapping.Name)
	switch {
	case o.err != nil:
		p.failures++
		return p.printf("  ! %s: %s: becomes a dead letter\n", name, plain(o.err.Error()))
	case !o.matched:
		return p.printf("  ✗ %s: %s\n", name, plain(o.reason))
	}
	p.requests++
	r := o.request
	note := ""
	switch {
	case o.alternatives > 0:
		note = fmt.Sprintf("  (URL %d; one of %d that takes it is enough)", o.mapping.Number, o.alternatives)
	case o.mapping.Batch:
		note = fmt.Sprintf("  (in batches of up to %d; here a batch of one)", o.mapping.BatchSize)
	}
	if err := p.printf("  ✓ %s%s\n%s%s %s\n", name, note, indent, r.Method(), r.URL()); err != nil {
		return err
	}
	for _, h := range r.Headers() {
		if err := p.printf("%s%s: %s\n", indent, h.Name, plain(h.Value)); err != nil {
			return err
		}
	}
	if t := o.mapping.TLS; t != nil && t.CertFile != "" {
		if err := p.printf("%s(with the client certificate %s)\n", indent, plain(t.CertFile)); err != nil {
			return err
		}
	}
	return p.printf("%s\n", p.body(r.Body()))
}

// body shows a body to a person, or its exact bytes where those were asked for.
func (p *textPrinter) body(body []byte) string {
	switch {
	case body == nil:
		return indent + "(no body)"
	case p.exact:
		return string(body)
	case len(body) <= wideBody:
		return indent + plain(string(body))
	case bytes.Equal(body, p.last):
		return fmt.Sprintf("%s(the event as it is, %d bytes)", indent, len(body))
	case bytes.Equal(body, slices.Concat([]byte("["), p.last, []byte("]"))):
		return fmt.Sprintf("%s(a list of the event as it is, %d bytes)", indent, len(body))
	}
	v, err := document.Parse(body)
	if err != nil {
		return indent + plain(string(body))
	}
	return indent + plainLines(string(appendLayout(nil, v, indent)), "")
}

func (p *textPrinter) end() error {
	text := fmt.Sprintf("\n%s, %s", count(p.events, "event"), count(p.requests, "request"))
	if p.failures > 0 {
		text += ", " + count(p.failures, "failure")
	}
	text += ". Nothing was sent.\n"
	if p.requests > 0 && !p.signed {
		text += "The requests carry no signature: CONNECTOR_SHARED_SECRET is not set.\n"
	}
	return p.printf("%s", text)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// title says in a few words which event it is: its type, its name and whose it is.
func title(event []byte) string {
	v, err := document.Parse(event)
	if err != nil {
		return "event"
	}
	text := func(key string) string {
		if member := v.Get(key); member.Kind() == document.String {
			return member.Str()
		}
		return ""
	}
	words := []string{text("type")}
	if words[0] == "" {
		words[0] = "no type"
	}
	for _, key := range []string{"event", "name"} {
		if name := text(key); name != "" {
			words = append(words, `"`+name+`"`)
			break
		}
	}
	for _, key := range []string{"userId", "anonymousId"} {
		if who := text(key); who != "" {
			words = append(words, who)
			break
		}
	}
	return strings.Join(words, "  ")
}

// plain replaces what a terminal would act upon or could not show: control characters, marks that turn the direction
// of writing, and bytes that are no UTF-8.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '·'
		}
		return r
	}, text)
}

// plainLines is plain for each line of a text, with a margin before it.
func plainLines(text, margin string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = margin + plain(lines[i])
	}
	return strings.Join(lines, "\n")
}
