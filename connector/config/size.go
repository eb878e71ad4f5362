package config

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. As text it is a number with or without a unit: "4MB" is 4,000,000, "512KiB" is 524,288,
// and Kubernetes' spelling "256Mi" is the same as "256MiB". Case and a blank before the unit do not matter.
type Size int64

// unit is a name for a number of bytes.
type unit struct {
	name  string
	bytes int64
}

// units lists what Size understands, largest first; the first name of each number is the one it prints.
func units() []unit {
	return []unit{
		{"GiB", 1 << 30},
		{"Gi", 1 << 30},
		{"GB", 1e9},
		{"MiB", 1 << 20},
		{"Mi", 1 << 20},
		{"MB", 1e6},
		{"KiB", 1 << 10},
		{"Ki", 1 << 10},
		{"kB", 1e3},
		{"B", 1},
	}
}

// UnmarshalText reads a size. It refuses negative sizes, fractions of a byte, and what does not fit.
func (s *Size) UnmarshalText(text []byte) error {
	word := strings.TrimSpace(string(text))
	digits := strings.TrimRight(word, "BGIKMbgikm")
	name := cmp.Or(word[len(digits):], "B")
	number, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || math.IsNaN(number) || number < 0 {
		return fmt.Errorf("%q is not a size", text)
	}
	for _, u := range units() {
		if !strings.EqualFold(name, u.name) {
			continue
		}
		bytes := number * float64(u.bytes)
		if bytes != math.Trunc(bytes) || bytes >= math.MaxInt64 {
			return fmt.Errorf("%q is not a whole number of bytes that fits", text)
		}
		*s = Size(bytes)
		return nil
	}
	return fmt.Errorf("%q has an unknown unit", text)
}

// String gives the size in the largest unit that divides it, such as "4MB" or "256MiB".
func (s Size) String() string {
	for _, u := range units() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}
