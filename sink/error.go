package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Kind says why no answer came. It is a closed set, fit for a metric label.
type Kind string

// The kinds. Each but KindBlocked is worth another attempt.
const (
	KindTimeout     Kind = "timeout"     // no response headers within Options.Timeout
	KindCanceled    Kind = "canceled"    // the caller's context ended; says nothing about the endpoint
	KindBlocked     Kind = "blocked"     // the address may not be dialled, see Reach
	KindDNS         Kind = "dns"         // the name does not resolve
	KindRefused     Kind = "refused"     // nobody listens
	KindReset       Kind = "reset"       // the connection ended before the whole response head
	KindUnreachable Kind = "unreachable" // no route to the host
	KindTLS         Kind = "tls"         // handshake or certificate refused
	KindProtocol    Kind = "protocol"    // the answer is not HTTP, or breaks its rules
	KindProxy       Kind = "proxy"       // the proxy would not connect
	KindAuth        Kind = "auth"        // there is no access token: nothing was sent, see OAuth
	KindLocal       Kind = "local"       // this machine is out of ports, descriptors or buffers
	KindNetwork     Kind = "network"     // any other fault of the network
)

// Error is why no answer came. Its text is made of fixed words, addresses, host names and the
// operating system's messages: what the endpoint sent is never quoted, because it may repeat the
// request, and neither are URLs.
type Error struct {
	Kind Kind
	text string
	err  error // only where its own text is as harmless
}

// Error is the kind of fault in words.
func (e *Error) Error() string { return e.text }

// Unwrap is the fault below, such as a [syscall.Errno] or a [*net.DNSError], or nil.
func (e *Error) Unwrap() error { return e.err }

// KindOf is the kind of a fault from Answer.Err, "" for nil and KindNetwork for a foreign error.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindNetwork
}

func canceled(ctx context.Context) *Error {
	cause := context.Cause(ctx)
	return &Error{KindCanceled, "attempt abandoned: " + cause.Error(), cause}
}

func timedOut(timeout time.Duration) *Error {
	return &Error{KindTimeout, fmt.Sprintf("no response headers within %v (REQUEST_TIMEOUT)", timeout), context.DeadlineExceeded}
}

// diagnose names the fault that a transport returned for a try that has not run out of time.
func diagnose(err error, timeout time.Duration) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return &Error{KindDNS, e.Error(), e}
	}
	if e := diagnoseTLS(err); e != nil {
		return e
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return &Error{kindOfErrno(errno), where(err) + errno.Error(), errno}
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return timedOut(timeout)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || strings.HasSuffix(err.Error(), "server closed idle connection") {
		return &Error{KindReset, "connection closed before the response headers were complete", nil}
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return &Error{KindNetwork, where(err) + "network fault", nil}
	}
	return &Error{KindProtocol, "answer is not valid HTTP" + detail(err), nil}
}

func kindOfErrno(errno syscall.Errno) Kind {
	switch errno {
	case syscall.ECONNREFUSED:
		return KindRefused
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return KindReset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN:
		return KindUnreachable
	case syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM:
		return KindLocal
	case syscall.ETIMEDOUT:
		return KindTimeout
	default:
		return KindNetwork
	}
}

// where says which step met a system error, with the address it was about.
func where(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok {
		return ""
	}
	text := op.Op + " " + op.Net
	if op.Addr != nil {
		text += " " + op.Addr.String()
	}
	return text + ": "
}

// diagnoseTLS tells handshake faults, nil for others. A certificate comes before the request, so
// what its text says cannot repeat anything of ours.
func diagnoseTLS(err error) *Error {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		advice := ""
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](e); unknown {
			advice = ": add the authority's certificate if it is private"
		}
		return &Error{KindTLS, e.Error() + advice, e}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return &Error{KindTLS, op.Op + ": " + op.Err.Error(), nil} // crypto/tls marks its alerts so
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		if string(e.RecordHeader[:]) == "HTTP/" {
			return &Error{KindTLS, "the endpoint speaks plain HTTP at an https address", nil}
		}
		return &Error{KindTLS, "the endpoint does not speak TLS", nil}
	}
	if text := err.Error(); strings.HasPrefix(text, "tls: ") || strings.HasPrefix(text, "x509: ") {
		return &Error{KindTLS, text, err}
	}
	return nil
}

// detail is the part of net/http's complaint that holds only net/http's own words.
func detail(err error) string {
	text := err.Error()
	for _, phrase := range [...]string{
		"malformed HTTP response", "malformed HTTP status code", "malformed HTTP version", "malformed MIME header",
		"response headers exceeded", "Content-Length", "transfer encoding", "too many 1xx",
	} {
		if strings.Contains(text, phrase) {
			return ": " + phrase
		}
	}
	return ""
}
