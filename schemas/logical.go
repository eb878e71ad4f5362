package schemas

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// logical is how values of a type are meant. The zero value is: as they are. A logical type that is unknown, or that does not go with
// its type, counts as none, as Avro's specification demands.
type logical uint8

const (
	plain logical = iota
	date
	timeMillis
	timeMicros
	timestampMillis
	timestampMicros
	timestampNanos
	localTimestampMillis
	localTimestampMicros
	localTimestampNanos
	decimal
	uuid
	duration
	jsonValue  // a record of one field that stands for the field's value
	additional // a map whose entries are members of the object around it
)

// maxDecimalDigits is the largest precision of a decimal: larger ones could make a number of a few bytes into megabytes of text.
const maxDecimalDigits = 1000

// annotate notes the logical type that the attributes of a schema give to t.
func (t *avroType) annotate(s map[string]any) {
	name, _ := s["logicalType"].(string)
	switch t.kind {
	case intKind:
		t.logical = map[string]logical{"date": date, "time-millis": timeMillis}[name]
	case longKind:
		t.logical = map[string]logical{
			"time-micros":      timeMicros,
			"timestamp-millis": timestampMillis, "timestamp-micros": timestampMicros, "timestamp-nanos": timestampNanos,
			"local-timestamp-millis": localTimestampMillis, "local-timestamp-micros": localTimestampMicros,
			"local-timestamp-nanos": localTimestampNanos,
		}[name]
	case bytesKind, fixedKind:
		switch {
		case name == "decimal":
			precision, ok := wholeNumber(s["precision"])
			scale := 0
			if s["scale"] != nil {
				var whole bool
				scale, whole = wholeNumber(s["scale"])
				ok = ok && whole
			}
			if ok && scale >= 0 && scale <= precision && precision <= maxDecimalDigits {
				t.logical, t.scale = decimal, scale
			}
		case name == "uuid" && t.kind == fixedKind && t.size == 16:
			t.logical = uuid
		case name == "duration" && t.kind == fixedKind && t.size == 12:
			t.logical = duration
		}
	case recordKind:
		if name == "json" && len(t.fields) == 1 {
			t.logical = jsonValue
		}
	case mapKind:
		if name == "additional" {
			t.logical = additional
		}
	default:
	}
}

const (
	dayMillis = 24 * 60 * 60 * 1000

	// maxDateMillis is the last millisecond of a JavaScript Date, in either direction from 1970.
	maxDateMillis = 8_640_000_000_000_000
)

// appendInteger appends an int or a long. Dates and times that JavaScript cannot hold are written as the numbers they are.
func appendInteger(dst []byte, n int64, l logical) []byte {
	switch l {
	case date:
		if n > -maxDateMillis/dayMillis && n < maxDateMillis/dayMillis {
			return append(appendDate(append(dst, '"'), time.UnixMilli(n*dayMillis).UTC()), '"')
		}
	case timeMillis, timeMicros:
		millis := n
		if l == timeMicros {
			millis = floorDivide(n, 1000)
		}
		if millis >= 0 && millis < dayMillis {
			return append(appendTime(append(dst, '"'), time.UnixMilli(millis).UTC()), '"')
		}
	case timestampMillis, timestampMicros, timestampNanos, localTimestampMillis, localTimestampMicros, localTimestampNanos:
		millis := n
		switch l {
		case timestampMicros, localTimestampMicros:
			millis = floorDivide(n, 1000)
		case timestampNanos, localTimestampNanos:
			millis = floorDivide(n, 1_000_000)
		default:
		}
		if millis < -maxDateMillis || millis > maxDateMillis {
			break
		}
		t := time.UnixMilli(millis).UTC()
		dst = appendTime(append(appendDate(append(dst, '"'), t), 'T'), t)
		if l == timestampMillis || l == timestampMicros || l == timestampNanos {
			dst = append(dst, 'Z')
		}
		return append(dst, '"')
	default:
	}
	return appendLong(dst, n)
}

// floorDivide rounds down where Go's division rounds towards zero: cutting off digits never makes a time later.
func floorDivide(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// appendDate appends a date as JavaScript's toISOString does: years outside of 0 to 9999 have a sign and six digits.
func appendDate(dst []byte, t time.Time) []byte {
	year := t.Year()
	switch {
	case year < 0:
		dst = append(dst, '-')
		dst = appendPadded(dst, -year, 6)
	case year > 9999:
		dst = append(dst, '+')
		dst = appendPadded(dst, year, 6)
	default:
		dst = appendPadded(dst, year, 4)
	}
	dst = appendPadded(append(dst, '-'), int(t.Month()), 2)
	return appendPadded(append(dst, '-'), t.Day(), 2)
}

func appendTime(dst []byte, t time.Time) []byte {
	dst = appendPadded(dst, t.Hour(), 2)
	dst = appendPadded(append(dst, ':'), t.Minute(), 2)
	dst = appendPadded(append(dst, ':'), t.Second(), 2)
	return appendPadded(append(dst, '.'), t.Nanosecond()/1_000_000, 3)
}

// appendPadded appends a number that is not negative with at least so many digits.
func appendPadded(dst []byte, n, digits int) []byte {
	for limit := 10; digits > 1; digits-- {
		if n < limit {
			dst = append(dst, "00000"[:digits-1]...)
			break
		}
		limit *= 10
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// appendBytes appends a value of type bytes or fixed: Base64 unless the logical type gives it another form. The caller has seen to it that
// the lengths fit.
func appendBytes(dst, b []byte, t *avroType) []byte {
	switch t.logical {
	case decimal:
		return appendDecimal(dst, b, t.scale)
	case uuid:
		dst = append(dst, '"')
		for i, n := range []int{4, 2, 2, 2, 6} {
			if i > 0 {
				dst = append(dst, '-')
			}
			dst = hex.AppendEncode(dst, b[:n])
			b = b[n:]
		}
		return append(dst, '"')
	case duration:
		millis := binary.LittleEndian.Uint32(b[8:])
		return fmt.Appendf(dst, `"P%dM%dDT%d.%03dS"`, binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), millis/1000, millis%1000)
	default:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, b)
		return append(dst, '"')
	}
}

// maxDecimalBytes is the longest unscaled value of a decimal: what maxDecimalDigits need.
const maxDecimalBytes = maxDecimalDigits*10/24 + 1

// appendDecimal appends a decimal, given as the two's complement of its digits, as a number if a double holds all of them, else as text.
func appendDecimal(dst, b []byte, scale int) []byte {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(b))*8))
	}
	digits := new(big.Int).Abs(n).String()
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text := digits
	if scale > 0 {
		text = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		text = "-" + text
	}
	short := text
	if scale > 0 {
		short = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	f, err := strconv.ParseFloat(short, 64)
	if err == nil && strconv.FormatFloat(f, 'f', -1, 64) == short {
		return appendNumber(dst, f)
	}
	return append(append(append(dst, '"'), text...), '"')
}
