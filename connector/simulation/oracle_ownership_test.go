//go:build simulation && synctests

package simulation

// checkOwnership: once somebody has gone on with a partition, whoever had it before commits it no more, until it is given it again. What is
// sent all the same, by a process that was frozen and does not know better, the broker must have refused. Static members are left out: one
// that comes back after its session joins anew under its instance's name, with what it believes to own, and may commit that until the balancer has seen
// that another has it. What it says is true all the same, as checkCommits proves.
func (o *oracle) checkOwnership() {
	if o.world.static {
		return
	}
	for _, c := range o.commits {
		if c.acked == 0 {
			continue
		}
		var owner *restore
		for _, r := range o.restores {
			if r.partition == c.partition && r.seq < c.seq {
				owner = r
			}
		}
		if owner != nil && owner.process != c.process {
			o.fault("%s committed %d for partition %d at %v, which %s had gone on with at %v", c.process.name, c.offset, c.number,
				c.at.Sub(o.world.began), owner.process.name, owner.at.Sub(o.world.began))
		}
	}
}
