package liquid

import (
	"errors"

	"segment-webhooks/mapping/document"
)

// budget is what one rendering may spend. Reading or writing a byte of text costs 1, an element of a new list
// elementCost, about its size in memory, looking at an element visitCost; so the budget bounds memory and work alike.
// It stands for liquidjs's memoryLimit of 100,000,000, which is charged in much the same places, and for its
// renderLimit of 500 ms: most filters spend the budget in less, the slowest within five seconds.
const (
	budget      = 100_000_000
	elementCost = 40
	visitCost   = 8
)

var errBudget = errors.New("the template uses more than 100,000,000 bytes of text and lists")

// renderer is the state of one rendering.
type renderer struct {
	event    value
	scope    map[string]value   // what assign and capture set
	counters map[string]float64 // what increment and decrement set, seen where the event's own names are
	cycles   map[cycleKey]int   // which candidate comes next
	blocks   int                // how many block tags are open
	out      []byte
	spent    int
	stopped  bool // by break or continue
}

// Render returns the text that the template gives for event, whose members are the template's variables. The error is
// a *RenderError. Render may be called from several goroutines.
func (t *Template) Render(event document.Value) (string, error) {
	r := renderer{event: plain(event)}
	if err := r.render(t.nodes); err != nil {
		return "", err
	}
	return document.JoinPairs(string(r.out)), nil
}

// node is a part of a template.
type node interface {
	render(r *renderer) error
}

// placed is a node with the place where it starts.
type placed struct {
	node
	at Position
}

// render writes nodes up to one that stops the rendering.
func (r *renderer) render(nodes []placed) error {
	for _, n := range nodes {
		if err := n.render(r); err != nil {
			if _, ok := errors.AsType[*RenderError](err); ok {
				return err
			}
			return &RenderError{Position: n.at, Reason: err.Error()}
		}
		if r.stopped {
			break
		}
	}
	return nil
}

// charge spends n of the budget.
func (r *renderer) charge(n int) error {
	if n > 0 {
		if n > budget-r.spent {
			return errBudget
		}
		r.spent += n
	}
	return nil
}

// clampCharge returns f as a number to charge, limited to what is too much anyway.
func clampCharge(f float64) int { return int(min(max(f, 0), 10*budget)) }

// write prints v.
func (r *renderer) write(v value) error {
	s, err := r.text(v)
	if err != nil {
		return err
	}
	if err := r.charge(len(s)); err != nil {
		return err
	}
	r.out = append(r.out, s...)
	return nil
}

// text is a part of a template that is printed as it is.
type text string

func (t text) render(r *renderer) error {
	if err := r.charge(len(t)); err != nil {
		return err
	}
	r.out = append(r.out, t...)
	return nil
}
