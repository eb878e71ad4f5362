package config

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The rules below say what is wrong with a text, or "". A fault puts the text before: "kafka-1" has no port.

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func anyText(string) string { return "" }

func hostPort(text string) string {
	host, port, err := net.SplitHostPort(text)
	switch {
	case err != nil && strings.Contains(text, "://"):
		return "is a URL"
	case err != nil && !strings.Contains(text, ":"):
		return "has no port"
	case err != nil:
		return "is not host:port"
	case host == "" || strings.ContainsAny(host, "/@ "):
		return "has no host name"
	case !isPort(port) || port == "0":
		return "has no port from 1 to 65535"
	}
	return ""
}

func listenAddress(text string) string {
	host, port, err := net.SplitHostPort(text)
	if err != nil || !isPort(port) || strings.ContainsAny(host, "/@ ") {
		return "not an address to listen on"
	}
	return ""
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == text
}

// topicOrPattern is a topic name, or a regular expression that starts with "^".
func topicOrPattern(text string) string {
	if !strings.HasPrefix(text, "^") {
		return topicName(text)
	}
	if _, err := regexp.Compile(text); err != nil {
		return "is not a regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	return ""
}

// topicName follows Kafka's rule for the names of topics.
func topicName(text string) string {
	const most = 249
	switch {
	case len(text) > most:
		return "is longer than 249 characters, which Kafka refuses as a topic"
	case text == "." || text == "..":
		return "is a name that Kafka refuses as a topic"
	case strings.Trim(text, alphanumeric+"._-") != "":
		return "has characters that Kafka refuses in a topic (allowed: letters, digits, dot, underscore, hyphen)"
	}
	return ""
}

// registryURL leaves it to crossCheck to refuse a user or a password, which a fault must not show.
func registryURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return ""
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "is no http or https URL"
	case u.RawQuery != "" || u.Fragment != "":
		return "has a query or a fragment: leave it out"
	}
	return ""
}

func startOffset(text string) string {
	if text == "earliest" || text == "latest" {
		return ""
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return "not earliest, latest or a time in RFC 3339"
	}
	return ""
}

// hostPattern is "host", "host:port" or "*.domain".
func hostPattern(text string) string {
	host := text
	if h, port, err := net.SplitHostPort(text); err == nil && isPort(port) && port != "0" {
		host = h
	}
	host = strings.Trim(strings.TrimPrefix(host, "*."), "[]")
	switch {
	case strings.Contains(text, "://"):
		return "is a URL: leave out the scheme"
	case strings.Contains(text, "/"):
		return "has a path: leave it out"
	case host == "" || strings.Trim(host, alphanumeric+".-_") != "" && net.ParseIP(host) == nil:
		return "is not a host name"
	}
	return ""
}

func printableASCII(text string) string {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return "holds characters that a header cannot carry"
		}
	}
	return ""
}

// readable accepts a file that can be opened and holds something. It leaves pipes alone, because what it read there
// nobody else could read again.
func readable(path string) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) != 0 {
		return nil
	}
	_, err := head(path)
	return err
}

// certificates accepts a file that holds at least one certificate.
func certificates(path string) error {
	pem, err := head(path)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return errors.New("the file holds no certificate in PEM")
	}
	return nil
}

// head gives the content of a file, of which it reads at most 1 MiB: larger ones are not held in memory to be
// checked. An empty file and a folder are errors.
func head(path string) ([]byte, error) {
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return nil, errors.New("the file is empty")
	}
	return content, nil
}
