package trigger

// Evaluate answers by walking the tree, as Explain does, and not the steps that Match walks.
func (p Program) Evaluate(a *Answers) bool {
	return explainer{p, a}.answer(&p.trigger.root)
}

// Len is how many conditions there are.
func (c *Conditions) Len() int { return len(c.list) }

// Forget makes what was known about the event unknown again.
func (a *Answers) Forget() { clear(a.known) }
