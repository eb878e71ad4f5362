package liquid

import "strings"

// months are what V8 knows a month by.
const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// zones are the offsets of the time zones that V8 knows by name, in hours.
var zones = map[string]int{
	"ut": 0, "utc": 0, "z": 0, "gmt": 0,
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}

// legacy reads the pending token, with those behind it that belong to it, and makes the next one pending. It returns
// false for what no date holds there.
func (p *dateParser) legacy() bool {
	t := p.pending
	ok := true
	switch {
	case t.kind == dateNumber:
		p.sawNumber = true
		ok = p.legacyNumber(t.number)
	case t.kind == dateWord:
		ok = p.legacyWord(t)
	case t.isSign() && (p.hours == 0 && p.minutes == 0 || len(p.clock) > 0):
		p.sawNumber = true
		ok = p.legacyOffset(t)
	case (t.isSign() || t.is(')')) && p.sawNumber:
		ok = false
	}
	p.pending = p.next()
	return ok
}

// legacyNumber decides by what comes next, and by what is expected, what a number is.
func (p *dateParser) legacyNumber(n int) bool {
	switch {
	case p.take(':'):
		if p.take(':') {
			if len(p.clock) > 0 {
				return false
			}
			p.clock = append(p.clock, n, 0)
			return true
		}
		if len(p.clock) == 4 {
			return false
		}
		p.clock = append(p.clock, n)
		p.take('.')
		return true
	case p.ahead.is('.'):
		p.scan()
		if p.expectsClock(n) {
			p.clock = append(p.clock, n)
			if p.ahead.kind != dateNumber {
				return false
			}
			p.finishClock(milliseconds(p.next()))
			return true
		}
	}
	switch {
	case p.hours != unset && p.minutes == unset && n <= 59:
		p.minutes = n
		return true
	case p.expectsClock(n):
		p.finishClock(n)
		return p.ahead.kind == dateEnd || p.ahead.kind == dateBlank || p.ahead.isZ() || p.ahead.isSign()
	case len(p.day) == 3:
		return false
	}
	p.day = append(p.day, n)
	p.take('-')
	return true
}

// expectsClock reports whether n can be the next part of a time that has begun.
func (p *dateParser) expectsClock(n int) bool {
	switch len(p.clock) {
	case 1, 2:
		return n <= 59
	case 3:
		return n <= 999
	}
	return false
}

// finishClock adds the last part of a time, if there is room for one.
func (p *dateParser) finishClock(n int) {
	for len(p.clock) < 4 {
		p.clock = append(p.clock, n)
		n = 0
	}
}

// legacyWord takes names of months and zones, AM and PM. Any other word may only stand before the first number, and
// apart from it.
func (p *dateParser) legacyWord(t dateToken) bool {
	month := strings.Index(months, t.word)
	zone, isZone := zones[t.word]
	switch {
	case t.length <= 3 && (t.word == "am" || t.word == "pm") && len(p.clock) > 0:
		p.half = 0
		if t.word == "pm" {
			p.half = 12
		}
	case len(t.word) == 3 && month >= 0 && month%3 == 0:
		p.month = month/3 + 1
		p.take('-')
	case t.length <= 3 && isZone && p.sawNumber:
		p.sign, p.hours, p.minutes = 1, zone, 0
		if zone < 0 {
			p.sign, p.hours = -1, -zone
		}
	default:
		return !p.sawNumber && p.ahead.kind != dateNumber
	}
	return true
}

// legacyOffset reads the number behind a sign: hours, hours and minutes, or nothing.
func (p *dateParser) legacyOffset(sign dateToken) bool {
	p.sign = signOf(sign)
	n, length := 0, 0
	if p.ahead.kind == dateNumber {
		t := p.next()
		n, length = t.number, t.length
	}
	switch {
	case p.ahead.is(':'):
		p.hours, p.minutes = n, unset
	case length == 1 || length == 2:
		p.hours, p.minutes = n, 0
	case length == 3 || length == 4:
		p.hours, p.minutes = n/100, n%100
	default:
		return false
	}
	return true
}
