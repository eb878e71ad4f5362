package sink

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// issuer is a private authority.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newIssuer(t *testing.T, name string) *issuer {
	t.Helper()
	i := &issuer{}
	i.cert, i.key, i.pem = makeCertificate(t, name, nil)
	return i
}

// issue returns a certificate for a server on this machine or a client of a name, and its key.
func (i *issuer) issue(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	_, private, cert := makeCertificate(t, name, i)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// makeCertificate makes a certificate signed by by, or by itself.
func makeCertificate(t *testing.T, name string, by *issuer) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// strictServer speaks TLS with a certificate of its authority and says who has called; it takes clients of the authority only.
func strictServer(t *testing.T, i *issuer) (url string, callers func() []string) {
	t.Helper()
	var lock sync.Mutex
	var names []string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		names = append(names, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	cert, key := i.issue(t, "server")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(i.cert)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = discardLog()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		lock.Lock()
		defer lock.Unlock()
		return append([]string(nil), names...)
	}
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Two mappings with certificates of their own are two callers to one server, whatever connections are idle, and a mapping
// without one gets nowhere.
func TestEachMappingHasItsCertificate(t *testing.T) {
	ours := newIssuer(t, "ours")
	url, callers := strictServer(t, ours)
	dir := t.TempDir()
	files := func(name string) TLSFiles {
		f := TLSFiles{CA: filepath.Join(dir, "ca"), Cert: filepath.Join(dir, name+".cert"), Key: filepath.Join(dir, name+".key")}
		cert, key := ours.issue(t, name)
		writeFile(t, f.CA, ours.pem)
		writeFile(t, f.Cert, cert)
		writeFile(t, f.Key, key)
		return f
	}
	ada, bob := files("ada"), files("bob")
	overTransports(t, func(t *testing.T, o Options) {
		c := newClient(t, o)
		as := func(f TLSFiles) *TLS {
			t.Helper()
			way, err := c.NewTLS(f)
			if err != nil {
				t.Fatal(err)
			}
			return way
		}
		before := len(callers())
		ways := []*TLS{as(ada), as(bob), as(TLSFiles{CA: ada.CA}), nil}
		send := func(way *TLS) Answer {
			r := single(t, Payload{URL: url, Data: []byte("{}")}, nil)
			r.TLS = way
			return c.Send(t.Context(), r)
		}
		for range 2 {
			for i, way := range ways {
				a := send(way)
				if (a.Class == Delivered) != (i < 2) {
					t.Errorf("way %d: got %v %v", i, a.Class, a.Err)
				}
				if i == 3 && KindOf(a.Err) != KindTLS {
					t.Errorf("without the authority: got %v", a.Err)
				}
			}
		}
		if got := strings.Join(callers()[before:], " "); got != "ada bob ada bob" {
			t.Errorf("the server was called by %q", got)
		}
	})
}

// A certificate that is replaced counts from then on, over connections of its own; one that makes no sense is told, and the
// last one counts on.
func TestCertificateFilesAreReadAgain(t *testing.T) {
	ours := newIssuer(t, "ours")
	url, callers := strictServer(t, ours)
	dir := t.TempDir()
	var told []string
	f := TLSFiles{
		CA: filepath.Join(dir, "ca"), Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key"),
		Warn: func(err error) { told = append(told, err.Error()) },
	}
	put := func(name string) {
		t.Helper()
		cert, key := ours.issue(t, name)
		writeFile(t, f.Cert, cert)
		writeFile(t, f.Key, key)
	}
	writeFile(t, f.CA, ours.pem)
	put("one")
	c := newClient(t, Options{})
	way, err := c.NewTLS(f)
	if err != nil {
		t.Fatal(err)
	}
	send := func() {
		t.Helper()
		r := single(t, Payload{URL: url, Data: []byte("{}")}, nil)
		r.TLS = way
		if a := c.Send(t.Context(), r); a.Class != Delivered {
			t.Errorf("got %v %v", a.Class, a.Err)
		}
	}
	send()
	put("two")
	way.wires.look()
	send()
	writeFile(t, f.Key, []byte("half of a k"))
	way.wires.look()
	way.wires.look()
	send()
	if got := strings.Join(callers(), " "); got != "one two two" {
		t.Errorf("the server was called by %q", got)
	}
	if len(told) != 1 || !strings.Contains(told[0], f.Key) || strings.Contains(told[0], "half") {
		t.Errorf("told %q", told)
	}
}

func TestNewTLSFaults(t *testing.T) {
	ours, others := newIssuer(t, "ours"), newIssuer(t, "others")
	dir := t.TempDir()
	cert, _ := ours.issue(t, "a")
	_, key := others.issue(t, "b")
	paths := map[string][]byte{"cert": cert, "key": key, "text": []byte("hello"), "ca": ours.pem}
	for name, content := range paths {
		writeFile(t, filepath.Join(dir, name), content)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	c := newClient(t, Options{})
	for name, f := range map[string]TLSFiles{
		"nothing":              {},
		"no key":               {Cert: at("cert")},
		"no certificate":       {Key: at("key")},
		"another's key":        {Cert: at("cert"), Key: at("key")},
		"no PEM":               {CA: at("text")},
		"no file":              {CA: at("none")},
		"a certificate as key": {Cert: at("cert"), Key: at("ca")},
	} {
		if _, err := c.NewTLS(f); err == nil {
			t.Errorf("%s is no fault", name)
		}
	}
}
