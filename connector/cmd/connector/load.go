package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/connector/preview"
	"segment-webhooks/mapping"
)

// loadConfig reads the configuration; its error is a *faultsError.
func loadConfig(environ []string) (*config.Config, error) {
	c, err := config.Load(environ)
	if err != nil {
		return nil, configFaults(err)
	}
	return c, nil
}

func configFaults(err error) error {
	return &faultsError{about: "the configuration", faults: flatten(err), help: `"connector config" lists every variable`}
}

// mappingOptions are the settings that loading mappings depends on.
func mappingOptions(c *config.Config) mapping.Options {
	classic := mapping.Classic{URLs: c.Classic.URLs.Reveal(), Headers: c.Classic.Headers.Reveal(), All: c.Classic.DeliverTo == "all"}
	for i, headers := range c.Classic.Own {
		classic.Own[i] = headers.Reveal()
	}
	return mapping.Options{AllowedHosts: c.Delivery.AllowedHosts, Classic: classic}
}

// loadMappings compiles the mappings from the source that the configuration names, and those of a Classic destination;
// its error is a *faultsError.
func loadMappings(c *config.Config, environ []string) (*mapping.Set, []mapping.Warning, error) {
	options := mappingOptions(c)
	env := lookup(environ)
	var set *mapping.Set
	var warnings []mapping.Warning
	var err error
	switch m := c.Mappings; {
	case m.File != "":
		set, warnings, err = mapping.LoadFile(m.File, env, options)
	case m.Inline != "":
		set, warnings, err = mapping.LoadText("CONNECTOR_MAPPINGS", []byte(m.Inline), env, options)
	default:
		set, warnings, err = mapping.LoadVars(m.Vars, env, options)
	}
	if err != nil {
		return nil, nil, &faultsError{about: "the mappings", faults: flatten(err)}
	}
	if err := connector.CheckSenders(c, set); err != nil {
		return nil, nil, &faultsError{about: "the mappings", faults: flatten(err)}
	}
	return set, warnings, nil
}

// previewMappings compiles the mappings of a file, if there is one, and those of a Classic destination. With keepGoing the mappings that do not load are told apart from
// the rest instead of ending the preview; what is wrong with the file as a whole always ends it.
func previewMappings(path string, env mapping.Env, options mapping.Options, keepGoing bool) (*mapping.Set, []preview.Invalid, error) {
	set, _, err := mapping.LoadVars(nil, env, options)
	if path != "" {
		set, _, err = mapping.LoadFile(path, env, options)
	}
	if err == nil {
		return set, nil, nil
	}
	ends := &faultsError{about: "the mappings", faults: flatten(err)}
	faults, ok := errors.AsType[mapping.Faults](err)
	if !keepGoing || !ok {
		return nil, nil, ends
	}
	var invalid []preview.Invalid
	at := make(map[int]int) // where the mapping of a number stands in invalid
	for _, f := range faults {
		if f.Number == 0 {
			return nil, nil, ends
		}
		i, known := at[f.Number]
		if !known {
			i = len(invalid)
			at[f.Number] = i
			invalid = append(invalid, preview.Invalid{Mapping: cmp.Or(f.Mapping, fmt.Sprintf("mapping %d", f.Number))})
		}
		invalid[i].Faults = append(invalid[i].Faults, f.Error())
	}
	return set, invalid, nil
}

// lookup finds variables in an environment in the form of os.Environ.
func lookup(environ []string) func(name string) (string, bool) {
	all := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		all[name] = value
	}
	return func(name string) (string, bool) {
		value, set := all[name]
		return value, set
	}
}
