package config_test

import (
	"testing"

	"segment-webhooks/connector/config"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want config.Size
		show string
	}{
		{"4MB", 4_000_000, "4MB"},
		{"4 mb", 4_000_000, "4MB"},
		{"512KiB", 512 << 10, "512KiB"},
		{"256Mi", 256 << 20, "256MiB"},
		{"1.5GiB", 3 << 29, "1536MiB"},
		{"1000", 1000, "1kB"},
		{"1001", 1001, "1001B"},
		{" 7B ", 7, "7B"},
		{"0", 0, "0B"},
	} {
		var got config.Size
		if err := got.UnmarshalText([]byte(c.text)); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if got != c.want || got.String() != c.show {
			t.Errorf("%q: got %d, shown as %s, want %d, shown as %s", c.text, int64(got), got, int64(c.want), c.show)
		}
	}
	for _, text := range []string{"", "MB", "-1", "-1MB", "1.5", "4TB", "4 MB!", "1e30", "NaN", "Inf", "4MMB", "9223372036854775807GB"} {
		var got config.Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want an error", text, int64(got))
		}
	}
}
