//go:build mutations

package simulation

// What notices mistakes in what was done for speed.
var (
	conditions = trial{name: "the tests of package trigger", folder: "./mapping/trigger", run: "."}
	pace       = trial{name: "the connector's test", folder: "./connector", run: "^TestReadingKeepsPace$"}
)

// speedMutations are mistakes where something is known from before, or is not waited for.
func speedMutations() []mutation {
	return []mutation{
		{
			name: "the answers of triggers about the event before are kept", costs: "events for the wrong mappings",
			edits: []edit{{
				"mapping/trigger/conditions.go",
				"\tclear(a.known)\n\treturn a.scanner.Scan(event)",
				"\treturn a.scanner.Scan(event)",
			}},
			caught: []trial{conditions, loading},
		},
		{
			name: "an idle connection is not looked at before it is used", costs: "an answer that nobody asked for is taken for the next event's",
			edits: []edit{{
				"sink/conn.go",
				"return c.begin(ctx, until) && c.socket.quiet()",
				"return c.begin(ctx, until)",
			}},
			caught: []trial{wire},
		},
		{
			name: "a connection outlives the end of its context", costs: "requests of others that are cut off",
			edits: []edit{{
				"sink/conn.go",
				"\tif !c.release() {\n\t\treturn false\n\t}",
				"\tc.release()",
			}},
			caught: []trial{wire},
		},
		{
			name: "an answer may have two lengths", costs: "the rest of one answer taken for the next event's",
			edits: []edit{{
				"sink/head.go",
				"return err == nil && !known",
				"return err == nil",
			}},
			caught: []trial{wire},
		},
		{
			name: "a closed connection is still waited for", costs: "memory, for every connection that there ever was",
			edits: []edit{{
				"sink/conn.go",
				"\tc.release()\n\t_ = c.Close() // nothing more",
				"\t_ = c.Close() // nothing more",
			}},
			caught: []trial{wire},
		},
		{
			name: "reading does not wait for those who are behind", costs: "all of a busy mapping's events are read twice",
			edits: []edit{{
				"connector/read.go",
				"!p.short(now) || !e.outrun(now)",
				"true",
			}},
			caught: []trial{pace},
		},
		{
			name: "reading waits although there is processor time left", costs: "a slow endpoint delays the other mappings",
			edits: []edit{{
				"connector/read.go",
				"!p.short(now) || !e.outrun(now)",
				"!e.outrun(now)",
			}},
			caught: []trial{pace},
		},
		{
			name: "reading waits for as long as it takes", costs: "a slow endpoint stops the other mappings",
			edits: []edit{{
				"connector/read.go",
				"longestPace = 250 * time.Millisecond",
				"longestPace = 10 * time.Minute",
			}},
			caught: []trial{pace},
		},
		{
			name: "what has just come waits like a backlog", costs: "a quarter of a second, for everybody, again and again",
			edits: []edit{{
				"connector/read.go",
				"\t\t\tif backlog {",
				"\t\t\tif true || backlog {",
			}},
			caught: []trial{pace},
		},
		{
			name: "reading waits for whoever may not send more", costs: "a rate limit holds up the other mappings",
			edits: []edit{{
				"connector/read.go",
				"if c.free(now) {",
				"if true || c.free(now) {",
			}},
			caught: []trial{pace},
		},
		{
			name: "who reads back counts as keeping up", costs: "reading runs away from whoever has fallen behind",
			edits: []edit{{
				"connector/lane/outrun.go",
				"len(w.behind) == 0 && w.slices == 0 && !w.latest",
				"len(w.behind) == 0 && !w.latest",
			}},
			caught: []trial{units},
		},
	}
}
