package connector

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"segment-webhooks/connector/config"
	"segment-webhooks/connector/overview"
	"segment-webhooks/connector/preview"
	"segment-webhooks/connector/web"
	"segment-webhooks/mapping"
	"segment-webhooks/schemas"
)

// newPage opens the book that outcomes are written to from now on, and returns the pages that show it.
func newPage(cfg *config.Config, e *engine, started time.Time) *web.UI {
	bodies := cfg.UISamples == "on"
	book := overview.New(bodies, started)
	e.metrics.book = book
	e.metrics.open(mappingIDs(e.set))
	trial := preview.TrialOptions{
		Signed:    func(m *mapping.Mapping) []string { return Signed(cfg, m) },
		UserAgent: cfg.Delivery.UserAgent,
	}
	if cfg.Events.Validate == "dead-letter" {
		trial.Valid = schemas.Validate
	}
	name := cfg.Kafka.Group
	return &web.UI{
		Report: book.Report,
		Now: func() web.Now {
			n := e.now()
			n.Name, n.Started, n.Bodies = name, started, bodies
			return n
		},
		Try: func(event []byte) preview.Trial {
			e.mu.Lock()
			set := e.set
			e.mu.Unlock()
			o := trial
			o.Now = time.Now()
			return preview.Try(set, event, o)
		},
	}
}

// now reads off how the connector stands.
func (e *engine) now() web.Now {
	var n web.Now
	if err := e.status.ready(); err != nil {
		n.Problems = strings.Split(err.Error(), "\n")
	}
	if err := e.status.notReloaded(); err != nil {
		n.Problems = append(n.Problems, "the mappings have changed and cannot be used, so that those from before go on: "+err.Error())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	n.At = time.Now()
	n.Window = e.settings.window
	n.DeadLetters = e.settings.deadLetters
	n.MemoryBudget = e.settings.memory
	n.MemoryUsed = e.ledger.Held()
	for i, c := range e.couriers {
		held, retrying := e.ledger.Waiting(i)
		_, bytes := e.ledger.HeldBy(i)
		n.MemoryUsed += bytes
		m := web.Mapping{ID: c.identity(), Name: c.name, InFlight: held - retrying, Waiting: retrying}
		m.Lag, _ = e.ledger.Backlog(i)
		if c.m != nil {
			m.Trigger, m.Batched = c.m.Trigger, c.m.Batch
			if name := c.m.Endpoint(); name != "" && !c.m.Classic {
				m.Endpoint = name
			}
		}
		if at, ok := e.ledger.Oldest(i, n.At); ok {
			m.Oldest = at
		}
		if h := c.endpoint; h != nil {
			m.Failing, m.Recovering = h.open, h.limit > 0
			if h.open {
				m.Since, m.NextProbe = h.since, h.probe
			}
		}
		n.Mappings = append(n.Mappings, m)
	}
	for tp, p := range e.partitions {
		n.Partitions = append(n.Partitions, web.Partition{
			Topic: tp.Topic, Number: tp.Partition, Head: p.Head(), InFlight: p.InFlight(), Paused: p.Paused(), Closing: p.Closing(),
		})
	}
	slices.SortFunc(n.Partitions, func(a, b web.Partition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Number, b.Number))
	})
	return n
}
