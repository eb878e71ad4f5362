package connector

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"segment-webhooks/connector/kafka"
	"segment-webhooks/connector/lane"
	"segment-webhooks/mapping"
)

// Reload is where changed mappings come from. The zero value means that they never change.
type Reload struct {
	// Load loads the mappings anew, as those that Run began with were loaded; nil means never.
	Load func() (*mapping.Set, []mapping.Warning, error)
	// Fingerprint tells what Load would read from what it read before; nil means that only Asked leads to a reload.
	Fingerprint func() (string, error)
	// Loaded is the fingerprint of what Run began with, taken before it was loaded: what changes in between is noticed.
	Loaded string
	// Asked tells to load now, changed or not.
	Asked <-chan os.Signal
}

const (
	reloadPoll    = 2 * time.Second  // how often the source of the mappings is looked at
	reloadTimeout = 10 * time.Second // for what Kafka is asked about new mappings
)

// reloadLoop replaces the mappings when their source changes, or when it is asked to. It polls: a file that an orchestrator replaces by way
// of links is noticed however it does that, and the same file read twice costs nothing.
func (e *engine) reloadLoop(ctx context.Context, r Reload) {
	if r.Load == nil {
		return
	}
	tick := time.NewTicker(reloadPoll)
	defer tick.Stop()
	fingerprint := func() string {
		if r.Fingerprint == nil {
			return ""
		}
		f, err := r.Fingerprint()
		if err != nil {
			return "unreadable: " + err.Error()
		}
		return f
	}
	last := r.Loaded
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.Asked:
			last = fingerprint()
		case <-tick.C:
			f := fingerprint()
			if f == last {
				continue
			}
			last = f
		}
		if e.load(ctx, r) {
			last = ""
		}
	}
}

// load replaces the mappings by what their source holds now. A source with faults changes nothing. It says whether to try again although
// the source has not changed: Kafka had to be asked something, and did not answer.
func (e *engine) load(ctx context.Context, r Reload) (again bool) {
	set, warnings, err := r.Load()
	for _, w := range warnings {
		e.log.Warn("a mapping may not do what it looks like", "warning", w)
	}
	if err == nil {
		err = e.reload(ctx, set)
		again = err != nil
	}
	if ctx.Err() != nil {
		return false
	}
	e.status.reloaded(err)
	e.metrics.reloaded(err)
	if err != nil {
		e.log.Error("the mappings were not replaced, those that were running go on; what they come from is looked at again when it changes", "error", err)
	}
	return again
}

// reload replaces the mappings while everything goes on: between two events, for all of them at once. Lanes of mappings that stay keep their progress,
// their waiting events and what is in flight.
func (e *engine) reload(ctx context.Context, set *mapping.Set) error {
	e.swap.Lock()
	defer e.swap.Unlock()
	origins, err := e.origins(ctx, set)
	if err != nil {
		return err
	}
	senders, err := e.senders(set)
	if err != nil {
		return err
	}
	select {
	case e.gate <- struct{}{}:
		defer func() { <-e.gate }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	// Whoever has an ingester has matched for the old mappings, and has not handed that in yet.
	for range cap(e.readers) {
		<-e.readers
	}
	e.mu.Lock()
	before := e.couriers
	err = e.replace(set, origins, senders)
	e.mu.Unlock()
	e.prepare()
	if err == nil {
		for _, c := range before {
			c.sender.TLS.Close() // what is in flight goes on
		}
	}
	return err
}

// origins finds out where the partitions begin, as far as the new mappings want to know.
func (e *engine) origins(ctx context.Context, set *mapping.Set) (map[kafka.TopicPartition]lane.Origin, error) {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	e.mu.Lock()
	var tps []kafka.TopicPartition
	for tp := range e.partitions {
		tps = append(tps, tp)
	}
	e.mu.Unlock()
	extents, err := e.admin.Extents(ctx, tps)
	if err != nil {
		return nil, fmt.Errorf("asking Kafka where the partitions begin: %w", err)
	}
	out := map[kafka.TopicPartition]lane.Origin{}
	for _, tp := range tps {
		o := lane.Origin{LogStart: -1}
		if log, ok := extents[tp]; ok {
			o.LogStart = log.Start
		}
		if o.At, err = e.timedStarts(ctx, tp, set); err != nil {
			return nil, err
		}
		out[tp] = o
	}
	return out, nil
}

// replace puts the set in the place of the present one. The lock is held.
func (e *engine) replace(set *mapping.Set, origins map[kafka.TopicPartition]lane.Origin, senders []Sender) error {
	changes, err := e.ledger.Reconfigure(e.settings.identities(set), func(p *lane.Partition) lane.Origin { return origins[name(p)] }, time.Now())
	if err != nil {
		return err
	}
	old := e.couriers
	e.metrics.use(mappingNames(set))
	e.metrics.open(mappingIDs(set))
	e.set, e.couriers = set, e.newCouriers(set)
	e.equip(senders)
	var removed []string
	for _, c := range old {
		heir := e.courierFor(c.identity())
		if heir == nil {
			removed = append(removed, c.name)
			e.former[lane.LaneID(c.identity())] = c.name
		}
		c.retire(heir)
	}
	for _, c := range e.couriers {
		c.ctx = e.hard //nolint:fatcontext // each courier gets the same one; nothing nests
		e.ledger.SetFailing(c.index, c.endpoint != nil && c.endpoint.open)
	}
	e.reportReloaded(changes, removed)
	e.notify()
	e.settled.Broadcast()
	select {
	case e.much <- struct{}{}: // where new lanes begin is to be durable at once
	default:
	}
	return nil
}

func (e *engine) courierFor(identity string) *courier {
	for _, c := range e.couriers {
		if c.identity() == identity {
			return c
		}
	}
	return nil
}

func (e *engine) reportReloaded(changes []lane.Reconfigured, removed []string) {
	var added []string
	for i, c := range e.couriers[:len(e.couriers)-1] {
		for _, change := range changes {
			if slices.Contains(change.Started, i) || slices.Contains(change.Resumed, i) {
				added = append(added, c.name)
				break
			}
		}
	}
	e.log.Info("the mappings were replaced", "mappings", len(e.couriers)-1, "new", added, "removed", removed)
	if len(removed) > 0 {
		e.log.Warn("progress of mappings that are no longer configured is kept for a while and holds the committed offset back",
			"mappings", removed, "for", e.settings.orphanGrace)
	}
}
