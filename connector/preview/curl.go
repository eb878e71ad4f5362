package preview

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// longArgument is above what a shell can hand over as one argument on every system, in bytes.
const longArgument = 100_000

// curlPrinter shows commands for a POSIX shell, each a request, with the rest as comments.
type curlPrinter struct {
	w         io.Writer
	userAgent string
}

func (p *curlPrinter) comment(format string, args ...any) error {
	_, err := fmt.Fprintf(p.w, "# %s\n", plain(fmt.Sprintf(format, args...)))
	return err
}

func (p *curlPrinter) invalid(i Invalid) error {
	if err := p.comment("%s does not load:", i.Mapping); err != nil {
		return err
	}
	for line := range strings.SplitSeq(strings.Join(i.Faults, "\n"), "\n") {
		if err := p.comment("  %s", line); err != nil {
			return err
		}
	}
	return nil
}

func (p *curlPrinter) event(int, []byte) error { return nil }

func (p *curlPrinter) undecodable(number int, err error) error {
	return p.comment("event %d is not an event: %v", number, err)
}

func (p *curlPrinter) outcome(o outcome) error {
	switch {
	case o.err != nil:
		return p.comment("event %d, %s: %v", o.event, o.mapping.Name, o.err)
	case !o.matched:
		return p.comment("event %d, %s: not sent, %s", o.event, o.mapping.Name, o.reason)
	}
	if err := p.comment("event %d, %s", o.event, o.mapping.Name); err != nil {
		return err
	}
	r := o.request
	_, err := fmt.Fprintf(p.w, "%s\n\n", curlCommand(r.Method(), r.URL(), r.Headers(), r.Body(), p.userAgent, o.mapping.TLS))
	return err
}

// curlCommand is a request as a command for a POSIX shell. userAgent is what is sent where no header says
// otherwise, tls the certificates, nil for none.
func curlCommand(method, url string, headers []sink.Header, body []byte, userAgent string, tls *mapping.TLS) string {
	first := "curl"
	if len(body) > longArgument {
		first = "printf %s " + singleQuote(string(body)) + " | curl"
	}
	arguments := []string{first + " --globoff --request " + method + " " + singleQuote(url)}
	agent := false
	for _, h := range headers {
		arguments = append(arguments, "--header "+headerArgument(h.Name, h.Value))
		agent = agent || h.Name == "User-Agent"
	}
	if !agent {
		arguments = append(arguments, "--user-agent "+singleQuote(userAgent))
	}
	switch {
	case body == nil:
		arguments = append(arguments, "--header 'Content-Length: 0'")
	case len(body) > longArgument:
		arguments = append(arguments, "--data-binary @-")
	default:
		arguments = append(arguments, "--data-binary "+singleQuote(string(body)))
	}
	if tls != nil {
		for _, file := range [][2]string{{"--cacert", tls.CAFile}, {"--cert", tls.CertFile}, {"--key", tls.KeyFile}} {
			if file[1] != "" {
				arguments = append(arguments, file[0]+" "+singleQuote(file[1]))
			}
		}
	}
	return strings.Join(arguments, " \\\n  ")
}

func (p *curlPrinter) end() error { return nil }

// singleQuote makes text one word of a shell, whatever it holds.
func singleQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// headerArgument makes a header one word. curl takes "Name:" as "leave it out" and wants "Name;" for an empty value.
// A value outside ASCII goes through printf, because it is sent as Latin-1 while a terminal writes UTF-8.
func headerArgument(name, value string) string {
	if strings.TrimSpace(value) == "" {
		return singleQuote(name + ";")
	}
	text := name + ": " + value
	if len(text) == utf8.RuneCountInString(text) {
		return singleQuote(text)
	}
	var format strings.Builder
	for _, r := range text {
		switch {
		case r >= utf8.RuneSelf:
			fmt.Fprintf(&format, `\%03o`, r)
		case r == '\\' || r == '%':
			format.WriteRune(r)
			format.WriteRune(r)
		default:
			format.WriteRune(r)
		}
	}
	return `"$(printf -- ` + singleQuote(format.String()) + `)"`
}
