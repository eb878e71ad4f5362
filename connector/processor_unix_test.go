//go:build unix

package connector

import (
	"testing"
	"time"
)

// What the system says must be this program's, and grow while it works.
func TestSpentGrows(t *testing.T) {
	t.Parallel()
	before := spent()
	for began := time.Now(); spent() == before; {
		if time.Since(began) > time.Minute {
			t.Fatal("a minute of work, and no processor time")
		}
	}
}
