package liquid_test

import (
	"fmt"
	"sync"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

// TestConcurrentRender renders one template in several goroutines, each with what it sets itself. The race detector
// sees the rest.
func TestConcurrentRender(t *testing.T) {
	t.Parallel()
	template, err := liquid.Parse(`{% assign x = n %}{% increment c %}{% cycle "a", "b" %}{% capture y %}{{ x }}!{% endcapture %}{{ y | append: c }}`)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			event := document.ObjectValue([]document.Member{{Key: "n", Value: document.NumberValue(float64(i))}})
			for range 100 {
				got, err := template.Render(event)
				if want := fmt.Sprintf("0a%d!1", i); got != want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, want)
					return
				}
			}
		})
	}
	group.Wait()
}
