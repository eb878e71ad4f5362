package sink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// TLSFiles are certificates for some requests alone. All are paths of PEM files, which are looked
// at again as those of a [Secret].
type TLSFiles struct {
	CA        string // authorities that servers may use besides those of the client's Options; "" for none
	Cert, Key string // what the client shows a server that asks; both or neither
	Warn      func(error)
}

// TLS is how some requests speak TLS. Connections made so carry no other requests: a server may
// take whatever comes over one as sent by who opened it. When a file has changed, connections
// made before are used no more.
type TLS struct{ wires *watched[wires] }

// NewTLS returns the way to speak TLS with these files. The error says what is wrong with them.
func (c *Client) NewTLS(f TLSFiles) (*TLS, error) {
	w := &watched[wires]{warn: f.Warn, drop: (*wires).close}
	var ca, cert, key int // where each stands in paths, counted from 1
	for _, file := range []struct {
		path  string
		place *int
	}{{f.CA, &ca}, {f.Cert, &cert}, {f.Key, &key}} {
		if file.path != "" {
			w.paths = append(w.paths, file.path)
			*file.place = len(w.paths)
		}
	}
	if (cert == 0) != (key == 0) || len(w.paths) == 0 {
		return nil, errors.New("give an authority, or a certificate and its key")
	}
	w.parse = func(contents [][]byte) (*wires, error) {
		o := c.options
		if ca > 0 {
			o.RootCAs = authorities(o.RootCAs)
			if !o.RootCAs.AppendCertsFromPEM(contents[ca-1]) {
				return nil, errors.New("the authority's file holds no certificate in PEM")
			}
		}
		if cert > 0 {
			pair, err := tls.X509KeyPair(contents[cert-1], contents[key-1])
			if err != nil {
				return nil, fmt.Errorf("certificate and key: %s", strings.TrimPrefix(err.Error(), "tls: "))
			}
			o.certificates = []tls.Certificate{pair}
		}
		return c.newWires(&o), nil
	}
	if err := w.begin(); err != nil {
		return nil, err
	}
	return &TLS{w}, nil
}

// Close closes the idle connections. Requests in flight go on. A nil TLS has none.
func (t *TLS) Close() {
	if t != nil {
		t.wires.value.Load().close()
	}
}

// authorities is a copy of a pool that more can be added to; nil stands for the system's.
func authorities(pool *x509.CertPool) *x509.CertPool {
	if pool != nil {
		return pool.Clone()
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return x509.NewCertPool()
	}
	return pool
}
