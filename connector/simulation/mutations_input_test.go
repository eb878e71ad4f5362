//go:build mutations

package simulation

// What notices mistakes in what is read: events, mappings, settings.
var (
	settings = trial{name: "the tests of package config", folder: "./connector/config", run: "."}
	scripts  = trial{name: "the command's scripts", folder: "./connector/cmd/connector", run: "."}
	loading  = trial{name: "the tests of package mapping", folder: "./mapping", run: "."}
	texts    = trial{name: "the tests of package document", folder: "./mapping/document", run: "."}
)

// inputMutations are mistakes in how bad input is answered, and in what is read of good input.
func inputMutations() []mutation {
	return []mutation{
		{
			name: "a record that is no event is passed over", costs: "poison that nobody ever sees",
			edits: []edit{{
				"connector/ingest.go",
				"problem: err.Error(), match: in.failed}, false",
				"problem: err.Error()}, false",
			}},
			caught: []trial{chaotic},
		},
		{
			name: "only the first fault of the settings is reported", costs: "a start for every fault",
			edits: []edit{{
				"connector/config/load.go",
				"\tl.crossCheck()\n\tl.refuseUnknown()\n\tif len(l.faults) > 0 {\n\t\treturn nil, errors.Join(l.faults...)",
				"\tl.crossCheck()\n\tl.refuseUnknown()\n\tif len(l.faults) > 0 {\n\t\treturn nil, errors.Join(l.faults[0])",
			}},
			caught: []trial{settings, scripts},
		},
		{
			name: "an unknown variable is passed over", costs: "a misspelt setting that does nothing",
			edits: []edit{{
				"connector/config/load.go",
				"\tl.crossCheck()\n\tl.refuseUnknown()\n",
				"\tl.crossCheck()\n",
			}},
			caught: []trial{settings, scripts},
		},
		{
			name: "a fault in the mappings does not say where", costs: "a search through the file",
			edits: []edit{{
				"mapping/fault.go",
				"if f.Line > 0 {",
				"if f.Line < 0 {",
			}},
			caught: []trial{loading, scripts},
		},
		{
			name: "small numbers are written as Go writes them", costs: "other bytes than Segment's, and other signatures",
			edits: []edit{{
				"mapping/document/number.go",
				"a >= 1e-6 && a < 1e21",
				"a >= 1e-4 && a < 1e21",
			}},
			caught: []trial{texts, loading},
		},
		{
			name: "a receiver that asks for patience is given none", costs: "events dead-lettered that would have been accepted",
			edits: []edit{{
				"sink/class.go",
				"http.StatusTooEarly, http.StatusTooManyRequests:",
				"http.StatusTooEarly:",
			}},
			caught: []trial{wire},
		},
	}
}
