package trigger

import "segment-webhooks/mapping/document"

// Evaluate answers by walking the tree, as Explain does, and not the steps that Match walks.
func (p Program) Evaluate(s *document.Scanner) bool {
	return explainer{p, s}.answer(&p.trigger.root)
}
