package liquid

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	_ "time/tzdata" // a minimal image has no time zones of its own

	"segment-webhooks/mapping/document"
)

// Formats of the filters that take none.
const (
	defaultFormat   = "%A, %B %-e, %Y at %-l:%M %P %z"
	xmlSchemaFormat = "%Y-%m-%dT%H:%M:%S%:z"
	rfc822Format    = "%a, %d %b %Y %H:%M:%S %z"
)

// errNow is given where "now" has no meaning.
var errNow = errors.New(`"now" and "today" are the event's receivedAt, or else its timestamp, and this event has neither`)

// moment is a time that a template shows, in the time zone in which it shows it.
type moment struct {
	shown  time.Time // UTC, moved so that its fields are the zone's
	offset float64   // minutes that the zone is behind UTC, as JavaScript's getTimezoneOffset
	zone   string    // what %Z prints; "" for the offset
}

// dateFilter is date: the input in the given format, in the time zone of the second argument, UTC without one. What is
// no date comes out as it is.
func dateFilter(r *renderer, in value, args arguments) (value, error) {
	format := args.at(0)
	if format.isNil() {
		format = str(defaultFormat)
	}
	f, err := r.text(format)
	if err != nil {
		return value{}, err
	}
	return r.formatDate(in, f, args.at(1))
}

func dateToXMLSchema(r *renderer, in value, _ arguments) (value, error) {
	return r.formatDate(in, xmlSchemaFormat, value{})
}

func dateToRFC822(r *renderer, in value, _ arguments) (value, error) {
	return r.formatDate(in, rfc822Format, value{})
}

func dateToString(r *renderer, in value, args arguments) (value, error) {
	return r.formatDay(in, "%b", args)
}

func dateToLongString(r *renderer, in value, args arguments) (value, error) {
	return r.formatDay(in, "%B", args)
}

// formatDay prints the day of the month, the month and the year; with the arguments "ordinal" and "US" in their order
// there.
func (r *renderer) formatDay(in value, month string, args arguments) (value, error) {
	format := "%d " + month + " %Y"
	if args.at(0).Str() == "ordinal" {
		format = "%-d%q " + month + " %Y"
		if args.at(1).Str() == "US" {
			format = month + " %-d%q, %Y"
		}
	}
	return r.formatDate(in, format, value{})
}

func (r *renderer) formatDate(in value, format string, zone value) (value, error) {
	if err := r.charge(length(in.Value) + len(format)); err != nil {
		return value{}, err
	}
	m, ok, err := r.moment(in, zone)
	if err != nil || !ok {
		return in, err
	}
	out, err := r.strftime(m, format)
	return str(out), err
}

// moment reads a date: "now" and "today", seconds since 1970 as a number or as digits, and what JavaScript's Date
// reads.
func (r *renderer) moment(v, zone value) (m moment, ok bool, err error) {
	p, err := r.primitive(v)
	if err != nil || v.isNil() {
		return m, false, err
	}
	var ms float64
	switch s := p.Str(); {
	case v.Kind() == document.String && (s == "now" || s == "today"):
		if ms, err = r.now(); err != nil {
			return m, false, err
		}
	case v.Kind() == document.Number:
		ms = timeClip(p.Float() * 1000)
	case v.Kind() == document.String && s != "" && strings.Trim(s, "0123456789") == "":
		ms = timeClip(document.ParseNumber(s) * 1000)
	case p.Kind() == document.String:
		ms = parseDate(s)
	default:
		ms = timeClip(primitiveNumber(p))
	}
	if math.IsNaN(ms) {
		return m, false, nil
	}
	if err := r.setZone(&m, zone, ms); err != nil {
		return m, false, err
	}
	ms = timeClip(ms - m.offset*60_000)
	if math.IsNaN(ms) {
		return m, false, nil
	}
	m.shown = time.UnixMilli(int64(ms)).UTC()
	return m, true, nil
}

// setZone sets the zone of a moment: UTC without an argument, a name of the time zone database, or minutes behind UTC.
func (r *renderer) setZone(m *moment, zone value, ms float64) error {
	switch {
	case zone.literal == none && zone.isNil():
		m.zone = "UTC"
		return nil
	case zone.Kind() != document.String || zone.literal != none:
		var err error
		m.offset, err = r.toNumber(zone)
		return err
	}
	name := zone.Str()
	if name == "" || name == "Local" { // which have a meaning in Go
		return fmt.Errorf("there is no time zone %q", name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("there is no time zone %q", name)
	}
	_, seconds := time.UnixMilli(int64(ms)).In(location).Zone()
	m.offset, m.zone = -float64(seconds)/60, name
	return nil
}

// now returns the time that stands for the present. A rendering has no clock, so that an event gives the same request
// however often it is delivered; when Segment received the event comes nearest.
func (r *renderer) now() (ms float64, err error) {
	for _, name := range []string{"receivedAt", "timestamp"} {
		if ms := parseDate(r.event.Get(name).Str()); !math.IsNaN(ms) {
			return ms, nil
		}
	}
	return math.NaN(), errNow
}

// timeClip returns ms as a time of JavaScript: whole, NaN outside the range of its dates.
func timeClip(ms float64) float64 {
	const most = 8.64e15
	if math.IsNaN(ms) || math.Abs(ms) > most {
		return math.NaN()
	}
	return math.Trunc(ms)
}
