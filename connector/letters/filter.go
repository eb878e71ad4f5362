package letters

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Filter chooses letters: those that meet everything that is said. The zero value chooses all.
type Filter struct {
	Mappings     []string // names or ids; one of them
	Reasons      []string // one of them
	Hosts        []string // the URL's host, with or without the port; one of them
	Since, Until time.Time
	Topic        string // of the original
	Partition    *int32
	Offset       *int64
	Pending      bool // not delivered since
}

// takes says whether the filter chooses a letter, delivered or not.
func (f *Filter) takes(l *Letter) bool {
	switch {
	case len(f.Mappings) > 0 && !slices.Contains(f.Mappings, l.Mapping) && (l.MappingID == "" || !slices.Contains(f.Mappings, l.MappingID)),
		len(f.Reasons) > 0 && !slices.Contains(f.Reasons, l.Reason),
		len(f.Hosts) > 0 && !slices.ContainsFunc(f.Hosts, l.wentTo),
		!f.Since.IsZero() && l.Written.Before(f.Since),
		!f.Until.IsZero() && !l.Written.Before(f.Until),
		f.Topic != "" && f.Topic != l.Topic,
		f.Partition != nil && *f.Partition != l.SourcePartition,
		f.Offset != nil && *f.Offset != l.SourceOffset:
		return false
	}
	return true
}

// wentTo says whether the letter's request was for a host.
func (l *Letter) wentTo(host string) bool {
	u, err := url.Parse(l.URL)
	return err == nil && u.Host != "" && (strings.EqualFold(u.Host, host) || strings.EqualFold(u.Hostname(), strings.Trim(host, "[]")))
}
