package config

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Load reads the configuration from an environment in the form of os.Environ; of a repeated name the last counts. Its
// error joins every fault, each a *Fault. Load reads the files that variables name, to see that they can be read, and
// nothing else.
func Load(environ []string) (*Config, error) {
	l := newLoader(environ)
	l.readAll(nil)
	l.readNumbered()
	l.readDefaults()
	l.crossCheck()
	l.refuseUnknown()
	if len(l.faults) > 0 {
		return nil, errors.Join(l.faults...)
	}
	return l.config, nil
}

// LoadRequests reads only what shapes a request: Events, Classic, and Delivery's Signing, secrets, AllowedHosts and UserAgent. It is
// for commands that work without Kafka. Other variables are not looked at, except that unknown ones are faults as in
// Load.
func LoadRequests(environ []string) (*Config, error) {
	l := newLoader(environ)
	names := []string{"SIGNING", "SHARED_SECRET", "SHARED_SECRET_PREVIOUS", "ALLOWED_HOSTS", "USER_AGENT"}
	for _, v := range slices.Concat(l.config.Events.variables(), l.config.Classic.variables()) {
		names = append(names, v.Name)
	}
	l.readAll(names)
	l.checkRegistry()
	l.checkClassic()
	l.checkSigning()
	l.refuseUnknown()
	if len(l.faults) > 0 {
		return nil, errors.Join(l.faults...)
	}
	return l.config, nil
}

// loader fills a Config and gathers faults.
type loader struct {
	config *Config
	table  []variable
	env    map[string]string // by names without the prefix; what is set to nothing is left out
	kube   bool              // the environment is a Kubernetes pod's
	bad    map[string]bool   // names of variables with a fault: what depends on them is not checked
	faults []error
}

func newLoader(environ []string) *loader {
	c := new(Config)
	l := &loader{config: c, table: c.variables(), env: make(map[string]string), bad: make(map[string]bool)}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if name == "KUBERNETES_SERVICE_HOST" {
			l.kube = true
		}
		if name, ours := strings.CutPrefix(name, Prefix); ours {
			l.env[name] = value
		}
	}
	maps.DeleteFunc(l.env, func(_, value string) bool { return strings.TrimSpace(value) == "" })
	return l
}

// fault notes what is wrong with a variable, named without the prefix.
func (l *loader) fault(name, found, problem, fix string) {
	l.bad[name] = true
	l.faults = append(l.faults, &Fault{Variable: Prefix + name, Found: found, Problem: problem, Fix: fix})
}

// sound tells whether none of the variables has a fault so far.
func (l *loader) sound(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return l.bad[name] })
}

// readAll fills the fields of the named variables, or of all.
func (l *loader) readAll(names []string) {
	for i := range l.table {
		v := &l.table[i]
		if names != nil && !slices.Contains(names, v.Name) {
			continue
		}
		if v.Secret {
			l.readSecret(v)
			continue
		}
		value, set := l.env[v.Name]
		if !set {
			value = v.Default
		}
		if value == "" {
			continue
		}
		if problem := v.decode(value); problem != "" {
			l.fault(v.Name, value, problem, "give "+v.Allowed)
		}
	}
}

// readSecret fills the field of a secret from its variable or from the file that its _FILE twin names.
func (l *loader) readSecret(v *variable) {
	twin := v.Name + "_FILE"
	value, direct := l.env[v.Name]
	path, fromFile := l.env[twin]
	switch {
	case direct && fromFile:
		l.fault(v.Name, "", "and "+Prefix+twin+" are both set", "keep one of them")
		return
	case direct:
	case fromFile:
		content, err := readSecretFile(path)
		if err != nil {
			l.bad[v.Name] = true
			l.fault(twin, path, cause(err), "give the path of a file that holds the secret and nothing else")
			return
		}
		if v.path != nil {
			*v.path = path
			return
		}
		if value = content; v.kept != nil {
			*v.kept = path
		}
	default:
		return
	}
	if problem := v.decode(value); problem != "" {
		l.fault(v.Name, "", problem, "give "+v.Allowed)
	}
}

// readSecretFile gives the text of a file without the line end that editors and echo leave behind.
func readSecretFile(path string) (string, error) {
	const most = 64 << 10
	content, err := head(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case text == "":
		return "", errors.New("the file holds only a line end")
	case len(text) > most:
		return "", errors.New("the file is larger than 64 KiB")
	}
	return text, nil
}

// readNumbered keeps the numbered variables as they are.
func (l *loader) readNumbered() {
	for name, value := range l.env {
		if !isNumbered(name) {
			continue
		}
		if l.config.Mappings.Vars == nil {
			l.config.Mappings.Vars = make(map[string]string)
		}
		l.config.Mappings.Vars[name] = value
	}
}

// isNumbered tells whether name is MAPPING_, a number from 1 to 50 without leading zeros, and a known end.
func isNumbered(name string) bool {
	number, end, ok := cutNumber(name)
	n, err := strconv.Atoi(number)
	return ok && err == nil && n >= 1 && n <= maxNumbered && strconv.Itoa(n) == number &&
		slices.ContainsFunc(numbered(), func(v Variable) bool { return v.Name == end })
}

// cutNumber takes the name of a numbered variable apart: "MAPPING_12_URL" into "12" and "URL".
func cutNumber(name string) (number, end string, ok bool) {
	rest, ours := strings.CutPrefix(name, "MAPPING_")
	if !ours {
		return "", "", false
	}
	return strings.Cut(rest, "_")
}

// readDefaults sets what depends on other variables and was not set itself.
func (l *loader) readDefaults() {
	d := &l.config.Delivery
	if _, set := l.env["DLQ_TOPIC"]; !set {
		d.DLQTopic = l.config.Kafka.Group + ".dlq"
	}
	if _, set := l.env["RETRY_MAX"]; !set && l.sound("RETRY_WINDOW") {
		d.RetryMax = min(d.RetryMax, d.RetryWindow)
	}
	if _, set := l.env["RETRY_MIN"]; !set && l.sound("RETRY_MAX") {
		d.RetryMin = min(d.RetryMin, d.RetryMax)
	}
}
