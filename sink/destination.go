package sink

import (
	"hash/maphash"
	"net/url"
	"sync/atomic"
)

// destination is a mapped URL that has been read. Requests share it; nobody changes it.
type destination struct {
	raw         string
	url         *url.URL // without user information and fragment
	requestURI  string   // path and query
	credentials string   // "user:password", decoded
}

// recent are destinations that were read lately, each at a place that its text decides. Most mappings send all events to one URL, which to
// read anew would be a twentieth of a request's cost. Who takes another's place makes it be read again, no more.
var (
	recent     [128]atomic.Pointer[destination]
	recentSeed = maphash.MakeSeed()
)

// destinationOf reads a mapped URL; see parseURL.
func destinationOf(raw string) (*destination, error) {
	place := &recent[maphash.String(recentSeed, raw)%uint64(len(recent))]
	if d := place.Load(); d != nil && d.raw == raw {
		return d, nil
	}
	u, credentials, err := parseURL(raw)
	if err != nil {
		return nil, err
	}
	d := &destination{raw: raw, url: u, requestURI: u.RequestURI(), credentials: credentials}
	place.Store(d)
	return d, nil
}
