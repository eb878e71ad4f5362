//go:build mutations

package simulation

// What notices mistakes in requests: these need neither Kafka nor a world.
var (
	wire     = trial{name: "the tests of package sink", folder: "./sink", run: "."}
	grouping = trial{name: "the connector's test", folder: "./connector", run: "^TestBatches"}
)

// deliveryMutations are mistakes on the way from an event to an answered request.
func deliveryMutations() []mutation {
	return []mutation{
		{
			name: "a batch is signed as a whole", costs: "every signature of a batch is wrong",
			edits: []edit{{
				"sink/request.go",
				"body[1:1+len(ps[0].Data)]",
				"body",
			}},
			caught: []trial{wire},
		},
		{
			name: "a signature goes on from the one before", costs: "every second signature is wrong",
			edits: []edit{{
				"sink/sign.go",
				"\tstate.mac.Reset()\n\tstate.mac.Write(data) // a",
				"\tstate.mac.Write(data) // a",
			}},
			caught: []trial{wire},
		},
		{
			name: "events for different URLs travel together", costs: "events at an endpoint they are not for",
			edits: []edit{{
				"connector/batch.go",
				"key := r.payload.Key()",
				`key := r.payload.Key()[:0]`,
			}},
			caught: []trial{grouping},
		},
		{
			name: "a batch may grow beyond its bytes", costs: "requests that endpoints refuse",
			edits: []edit{{
				"connector/batch.go",
				"x != nil && x.bytes+size > maxBytes",
				"false",
			}},
			caught: []trial{grouping},
		},
		{
			name: "the second half of a batch is sent with the bodies of the first", costs: "events lost, others delivered twice",
			edits: []edit{{
				"connector/ship.go",
				"payloads: s.payloads[half:]",
				"payloads: s.payloads[:len(s.events)-half]",
			}},
			caught: []trial{chaotic},
		},
		{
			name: "a batch that is too large for its endpoint is given up whole", costs: "good events dead-lettered with the bad one",
			edits: []edit{{
				"connector/ship.go",
				"\t\thalf := len(s.events) / 2\n",
				"\t\thalf := len(s.events) / 2\n\t\tif half > 0 {\n\t\t\tc.bury(s.events, reasonRejected, failure(a))\n\t\t\treturn\n\t\t}\n",
			}},
			caught: []trial{chaotic},
		},
	}
}
