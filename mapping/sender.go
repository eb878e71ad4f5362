package mapping

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"segment-webhooks/mapping/document"
)

// Secret is a text that must not be shown: Text, or what the file holds, which may change. The zero value is none.
type Secret struct{ Text, File string }

// IsSet reports whether there is a secret.
func (s Secret) IsSet() bool { return s.Text != "" || s.File != "" }

// String shows nothing of the secret.
func (Secret) String() string { return "(secret)" }

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// Signing says how a mapping's requests are signed, as far as its definition does.
type Signing struct {
	// Schemes are among "segment", "sha256" and "standard"; empty for no signature, nil for those of all mappings.
	Schemes []string
	// Secret is the mapping's own shared secret, Previous the one before, while receivers change over. Where Secret is
	// not set, both are those of all mappings.
	Secret, Previous Secret
}

// Auth is how a mapping's requests prove who sends them.
type Auth struct {
	Kind     string // "bearer", "basic" or "oauth2"
	Secret   Secret // the token, the password, or the client's secret
	Username string // basic

	// The rest is for oauth2.
	TokenURL, ClientID string
	Scopes             []string
	Parameters         map[string]string // sent along with the request for a token
	SecretInBody       bool              // id and secret as form fields, and not as a header
}

// TLS are the paths of certificates, PEM, for a mapping's requests alone. CertFile and KeyFile are both set or neither.
type TLS struct{ CAFile, CertFile, KeyFile string }

// senderKeys are the keys beside the fields that say who sends.
func senderKeys() []string {
	return []string{"signing", "secret", "secret_file", "previous_secret", "previous_secret_file", "auth", "tls"}
}

// sender reads what the definition says about signatures, credentials and certificates into m.
func (d *definition) sender(m *Mapping) {
	if d.used == nil {
		d.used = map[string]string{}
	}
	var unset []string // paths of texts that need a variable and do not get it
	expand := expander{env: d.env, used: d.used, fault: func(at, message string) {
		d.fault(at, message)
		unset = append(unset, at)
	}}
	top := section{definition: d, unset: &unset}
	var members []document.Member
	for _, key := range senderKeys() {
		members = append(members, document.Member{Key: key, Value: expand.value("/"+key, d.raw.Get(key))})
	}
	top.object = document.ObjectValue(members)
	d.signing(top, m)
	d.auth(top, m)
	d.tls(top, m)
}

func (d *definition) signing(top section, m *Mapping) {
	m.Signing.Schemes = top.words("signing", []string{"segment", "sha256", "standard"})
	m.Signing.Secret = top.secret("secret", false)
	m.Signing.Previous = top.secret("previous_secret", false)
	if m.Signing.Previous.IsSet() && top.missing("secret") && top.missing("secret_file") {
		d.fault("/previous_secret", `is of no use without "secret": the previous secret of all mappings is CONNECTOR_SHARED_SECRET_PREVIOUS`)
	}
	if !slices.Contains(m.Signing.Schemes, "standard") {
		return
	}
	for _, s := range []struct {
		key    string
		secret Secret
	}{{"secret", m.Signing.Secret}, {"previous_secret", m.Signing.Previous}} {
		if encoded, is := strings.CutPrefix(s.secret.Text, "whsec_"); is {
			if _, err := base64.StdEncoding.DecodeString(encoded); err != nil || encoded == "" {
				d.fault("/"+s.key, "begins with whsec_, and what follows is no standard base64; correct it, or give another text")
			}
		}
	}
	d.refuseHeaders("is written by Standard Webhooks: remove it here, or \"standard\" from \"signing\"", "webhook-id", "webhook-timestamp", "webhook-signature")
}

func (d *definition) auth(top section, m *Mapping) {
	in, ok := top.section("auth", "bearer, basic or oauth2")
	if !ok {
		return
	}
	kinds := []string{"bearer", "basic", "oauth2"}
	d.checkKeys("/auth", in.object, kinds)
	var a *Auth
	for _, member := range in.object.Members() {
		if !slices.Contains(kinds, member.Key) {
			continue
		}
		if a != nil {
			d.fault("/auth", "has "+strconv.Quote(a.Kind)+" and "+strconv.Quote(member.Key)+"; a request has one Authorization header: keep one of them")
			return
		}
		a = &Auth{Kind: member.Key}
		way, ok := in.section(member.Key, "its credentials")
		if !ok {
			continue
		}
		switch member.Key {
		case "bearer":
			way.keys("token", "token_file")
			a.Secret = way.secret("token", true)
		case "basic":
			way.keys("username", "password", "password_file")
			a.Username, a.Secret = way.text("username", true), way.secret("password", true)
			if strings.Contains(a.Username, ":") {
				d.fault(way.path+"/username", "holds a colon, which ends a user name in basic authentication")
			}
		case "oauth2":
			d.oauth2(way, a)
		}
	}
	if a == nil {
		if len(in.object.Members()) == 0 {
			d.fault("/auth", "is empty; give bearer, basic or oauth2")
		}
		return
	}
	m.Auth = a
	d.refuseHeaders("and \"auth\" are both there, and a request has one such header: remove one of them", "authorization")
	_, fields := d.fieldsOf()
	if url := fields.Get("url"); url.Kind() == document.String {
		if u, err := parseURL(url.Str()); err == nil && u.User != nil {
			d.fault("/fields/url", "holds a user or a password, and there is \"auth\": remove one of them")
		}
	}
}

func (d *definition) oauth2(way section, a *Auth) {
	way.keys("token_url", "client_id", "client_secret", "client_secret_file", "client_auth", "scopes", "parameters")
	a.TokenURL, a.ClientID, a.Secret = way.text("token_url", true), way.text("client_id", true), way.secret("client_secret", true)
	if a.TokenURL != "" {
		u, err := parseURL(a.TokenURL)
		switch {
		case err != nil:
			d.fault(way.path+"/token_url", err.Error())
		case u.User != nil:
			d.fault(way.path+"/token_url", "holds a user or a password: these are client_id and client_secret")
		case forbiddenHost(u) != "":
			d.fault(way.path+"/token_url", "has the host "+u.Host+", "+forbiddenHost(u)+", which is never called")
		case u.Scheme == "http":
			d.warn(d.valueAt(d.path+way.path+"/token_url"), way.path+"/token_url", "is plain HTTP: anybody on the way can read the client's secret and its tokens")
		}
	}
	switch how := way.text("client_auth", false); how {
	case "", "basic":
	case "post":
		a.SecretInBody = true
	default:
		d.fault(way.path+"/client_auth", "is "+strconv.Quote(how)+`; it can be basic, id and secret in a header, or post, in the body`)
	}
	a.Scopes = way.words("scopes", nil)
	parameters, ok := way.section("parameters", "names and texts, such as {audience: https://api.example.com}")
	if !ok {
		return
	}
	a.Parameters = map[string]string{}
	for _, member := range parameters.object.Members() {
		if slices.Contains([]string{"scope", "client_id", "client_secret", "grant_type"}, member.Key) {
			d.fault(parameters.path+"/"+member.Key, "cannot be given as a parameter: it is written from what stands beside")
			continue
		}
		a.Parameters[member.Key] = parameters.text(member.Key, true)
	}
}

func (d *definition) tls(top section, m *Mapping) {
	in, ok := top.section("tls", "ca_file, cert_file and key_file")
	if !ok {
		return
	}
	in.keys("ca_file", "cert_file", "key_file")
	t := TLS{CAFile: in.file("ca_file"), CertFile: in.file("cert_file"), KeyFile: in.file("key_file")}
	if pem, err := os.ReadFile(t.CAFile); t.CAFile != "" && err == nil && !x509.NewCertPool().AppendCertsFromPEM(pem) {
		d.fault("/tls/ca_file", strconv.Quote(t.CAFile)+" holds no certificate in PEM")
	}
	switch cert, key := in.missing("cert_file"), in.missing("key_file"); {
	case cert && !key:
		d.fault("/tls", "has a key_file and no cert_file; give the certificate of the key")
	case !cert && key:
		d.fault("/tls", "has a cert_file and no key_file; give the key of the certificate")
	case cert && in.missing("ca_file"):
		d.fault("/tls", "is empty; give ca_file, or cert_file and key_file")
	case t.CertFile != "" && t.KeyFile != "":
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			d.fault("/tls", "has a certificate and a key that do not go together: "+strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
	if strings.HasPrefix(m.Endpoint(), "http://") {
		d.fault("/tls", "is of no use with a url that is plain HTTP; write https://, or remove it")
	}
	m.TLS = &t
}

// refuseHeaders refuses headers of the fields that something else writes.
func (d *definition) refuseHeaders(why string, names ...string) {
	path, fields := d.fieldsOf()
	headers := fields.Get("headers")
	if headers.Kind() != document.Object || looksLikeDirective(headers) {
		return // what depends on the event gives way when the request is made
	}
	for _, header := range headers.Members() {
		if slices.Contains(names, strings.ToLower(header.Key)) {
			at := path + "/headers/" + header.Key
			d.faultAt(d.keyAt(d.path+at), at, why)
		}
	}
}

// section is an object of settings, with the variables in its texts filled in.
type section struct {
	*definition

	path   string // below the definition
	object document.Value
	unset  *[]string
}

func (s section) missing(key string) bool {
	v := s.object.Get(key)
	return v.IsMissing() || v.IsNull()
}

func (s section) keys(known ...string) { s.checkKeys(s.path, s.object, known) }

// section returns the object at a key. ok is false where it is absent, or none, which is a fault.
func (s section) section(key, holds string) (in section, ok bool) {
	if s.missing(key) {
		return in, false
	}
	v := s.object.Get(key)
	if v.Kind() != document.Object {
		s.fault(s.path+"/"+key, "needs an object with "+holds+", not "+describe(v))
		return in, false
	}
	return section{s.definition, s.path + "/" + key, v, s.unset}, true
}

// text returns a text that is not empty. It is "" where it is absent, or has a fault.
func (s section) text(key string, required bool) string {
	v, path := s.object.Get(key), s.path+"/"+key
	switch {
	case slices.Contains(*s.unset, path):
	case s.missing(key):
		if required {
			s.fault(s.path, "needs "+strconv.Quote(key))
		}
	case v.Kind() != document.String:
		s.fault(path, "needs a text, not "+describe(v)+"; put it in quotes")
	case v.Str() == "":
		s.fault(path, "is empty")
	case strings.ContainsFunc(v.Str(), unicode.IsControl):
		s.fault(path, "holds a line break or another control character")
	default:
		return v.Str()
	}
	return ""
}

// words returns a list of words, also of one that is written without brackets; nil where it is absent. allowed is nil
// for any.
func (s section) words(key string, allowed []string) []string {
	v, path := s.object.Get(key), s.path+"/"+key
	if s.missing(key) {
		return nil
	}
	elements := []document.Value{v}
	if v.Kind() == document.Array {
		elements = elements[:0]
		for i := range v.Len() {
			elements = append(elements, v.Index(i))
		}
	}
	words := []string{}
	for _, e := range elements {
		if e.Kind() != document.String || allowed != nil && !slices.Contains(allowed, e.Str()) {
			needs := "needs a list of texts"
			if allowed != nil {
				needs = "can hold " + strings.Join(allowed, ", ")
			}
			found := describe(e)
			if e.Kind() == document.String {
				found = strconv.Quote(e.Str())
			}
			s.fault(path, needs+", not "+found)
			continue
		}
		if slices.Contains(words, e.Str()) {
			s.fault(path, "holds "+strconv.Quote(e.Str())+" twice")
		}
		words = append(words, e.Str())
	}
	return words
}

// secret returns the secret at a key, or in the file that the key with _file behind it names.
func (s section) secret(key string, required bool) Secret {
	twin := key + "_file"
	switch text, file := !s.missing(key), !s.missing(twin); {
	case text && file:
		s.fault(s.path, fmt.Sprintf("has %q and %q; keep one of them", key, twin))
	case file:
		return Secret{File: s.file(twin)}
	case text:
		return Secret{Text: s.text(key, true)}
	case required:
		s.fault(s.path, fmt.Sprintf("needs %q or %q", key, twin))
	}
	return Secret{}
}

// file returns the path of a file that can be read and holds something; "" where it is absent, or has a fault.
func (s section) file(key string) string {
	path := s.text(key, false)
	if path == "" {
		return ""
	}
	content, err := os.ReadFile(path)
	switch cause := (*fs.PathError)(nil); {
	case errors.As(err, &cause):
		s.fault(s.path+"/"+key, "names "+strconv.Quote(path)+", which cannot be read: "+cause.Err.Error())
	case err != nil:
		s.fault(s.path+"/"+key, "names "+strconv.Quote(path)+", which cannot be read")
	case strings.TrimRight(string(content), "\r\n") == "":
		s.fault(s.path+"/"+key, "names "+strconv.Quote(path)+", which is empty")
	default:
		return path
	}
	return ""
}
