package checks

import (
	"encoding/json"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The dashboard is read by the types that Grafana generates from its own schema, strictly: a field that the schema does not have is a fault.
func TestDashboardIsGrafanas(t *testing.T) {
	var d dashboard.Dashboard
	text := read(t, "deploy/grafana/dashboard.json")
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	if *d.Uid != "segment-webhooks" || len(d.Panels) < 20 {
		t.Errorf("uid %q with %d panels: that is not the dashboard", *d.Uid, len(d.Panels))
	}
	ids := map[uint32]bool{}
	type place struct{ x, y uint32 }
	places := map[place]string{}
	for _, p := range d.Panels {
		panel := p.Panel
		if p.RowPanel != nil {
			if ids[p.RowPanel.Id] {
				t.Errorf("two panels have the id %d", p.RowPanel.Id)
			}
			ids[p.RowPanel.Id] = true
			continue
		}
		if ids[*panel.Id] {
			t.Errorf("two panels have the id %d", *panel.Id)
		}
		ids[*panel.Id] = true
		at := place{panel.GridPos.X, panel.GridPos.Y}
		if other, taken := places[at]; taken {
			t.Errorf("panels %q and %q are in one place", other, *panel.Title)
		}
		places[at] = *panel.Title
		if panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("panel %q is wider than the dashboard", *panel.Title)
		}
		if panel.Description == nil || *panel.Description == "" {
			t.Errorf("panel %q does not say what it shows", *panel.Title)
		}
	}
}
