package config

import (
	"crypto/tls"
	"encoding/base64"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// crossCheck looks at what no single variable can tell. It does not look at combinations of which a part has a fault
// already.
func (l *loader) crossCheck() {
	l.checkRequired()
	l.checkTLS()
	l.checkSASL()
	l.checkRegistry()
	l.checkMappings()
	l.checkClassic()
	l.checkSigning()
	l.checkRetries()
	l.checkDeadLetters()
	l.checkMemory()
}

func (l *loader) isSet(name string) bool {
	_, set := l.env[name]
	return set
}

func (l *loader) checkRequired() {
	if !l.isSet("KAFKA_BROKERS") {
		l.fault("KAFKA_BROKERS", "", "is not set", "give the brokers to start from, such as kafka-1:9092,kafka-2:9092")
	}
	if !l.isSet("KAFKA_TOPICS") {
		l.fault("KAFKA_TOPICS", "", "is not set", "give the topics to read, such as segment-events, or a regular expression such as ^segment-.*")
	}
}

func (l *loader) checkTLS() {
	k := &l.config.Kafka
	if !k.TLS && l.sound("KAFKA_TLS") {
		for _, name := range []string{"KAFKA_TLS_CA_FILE", "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"} {
			if l.isSet(name) {
				l.fault(name, l.env[name], "of no use without TLS", "set "+Prefix+"KAFKA_TLS=true, or remove it")
			}
		}
	}
	switch {
	case !l.sound("KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"):
	case k.CertFile != "" && k.KeyFile == "":
		l.fault("KAFKA_TLS_KEY_FILE", "", "is not set, but "+Prefix+"KAFKA_TLS_CERT_FILE is", "give the certificate's key, or remove the certificate")
	case k.CertFile == "" && k.KeyFile != "":
		l.fault("KAFKA_TLS_CERT_FILE", "", "is not set, but "+Prefix+"KAFKA_TLS_KEY_FILE is", "give the key's certificate, or remove the key")
	case k.CertFile != "":
		if _, err := tls.LoadX509KeyPair(k.CertFile, k.KeyFile); err != nil {
			l.fault("KAFKA_TLS_CERT_FILE", k.CertFile, "does not go with "+Prefix+"KAFKA_TLS_KEY_FILE ("+strings.TrimPrefix(cause(err), "tls: ")+")", "give a certificate and its key, both PEM")
		}
	}
}

func (l *loader) checkSASL() {
	s := &l.config.Kafka.SASL
	password := []string{"KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"}
	token := []string{"KAFKA_SASL_TOKEN"}
	needed, useless := password, token
	switch {
	case !l.sound("KAFKA_SASL_MECHANISM"):
		return
	case s.Mechanism == "":
		needed, useless = nil, append(password, token...)
	case s.Mechanism == "OAUTHBEARER":
		needed, useless = token, password
	}
	for _, name := range needed {
		if !l.isSet(name) && !l.isSet(name+"_FILE") {
			l.fault(name, "", "is not set", s.Mechanism+" needs it")
		}
	}
	for _, name := range useless {
		for _, name := range []string{name, name + "_FILE"} {
			switch {
			case !l.isSet(name):
			case s.Mechanism == "":
				l.fault(name, "", "is set, but "+Prefix+"KAFKA_SASL_MECHANISM is not", "choose a mechanism, or remove the credentials")
			default:
				l.fault(name, "", "is of no use with "+s.Mechanism, "remove it, or choose another "+Prefix+"KAFKA_SASL_MECHANISM")
			}
		}
	}
}

func (l *loader) checkRegistry() {
	r := &l.config.Events.Registry
	if !l.sound("SCHEMA_REGISTRY_URL") {
		return
	}
	password, token := l.secretName("SCHEMA_REGISTRY_PASSWORD"), l.secretName("SCHEMA_REGISTRY_TOKEN")
	for _, name := range []string{"SCHEMA_REGISTRY_USERNAME", password, token, "SCHEMA_REGISTRY_CA_FILE"} {
		if len(r.URLs) == 0 && name != "" && l.isSet(name) {
			l.fault(name, "", "is set, but "+Prefix+"SCHEMA_REGISTRY_URL is not", "give the registry's URL, or remove it")
		}
	}
	if len(r.URLs) == 0 {
		return
	}
	user := l.isSet("SCHEMA_REGISTRY_USERNAME")
	switch {
	case token != "" && (user || password != ""):
		l.fault(token, "", "is set, and so is a user or a password", "authenticate in one way: keep the token, or the user and the password")
	case user && password == "":
		l.fault("SCHEMA_REGISTRY_PASSWORD", "", "is not set, but "+Prefix+"SCHEMA_REGISTRY_USERNAME is", "give the user's password, or remove the user")
	case !user && password != "":
		l.fault("SCHEMA_REGISTRY_USERNAME", "", "is not set, but "+Prefix+password+" is", "give the user, or remove the password")
	}
	encrypted := false
	for _, text := range r.URLs {
		encrypted = encrypted || strings.HasPrefix(strings.ToLower(text), "https:")
		if strings.Contains(text, "@") {
			l.fault("SCHEMA_REGISTRY_URL", "", "holds a user or a password", "move them to "+Prefix+"SCHEMA_REGISTRY_USERNAME and "+Prefix+"SCHEMA_REGISTRY_PASSWORD")
		}
	}
	if !encrypted && l.isSet("SCHEMA_REGISTRY_CA_FILE") {
		l.fault("SCHEMA_REGISTRY_CA_FILE", l.env["SCHEMA_REGISTRY_CA_FILE"], "of no use with a registry over http", "give an https URL, or remove it")
	}
	if l.sound("EVENT_FORMAT") && l.config.Events.Format == "json" {
		l.fault("SCHEMA_REGISTRY_URL", "", "is of no use with "+Prefix+"EVENT_FORMAT=json", "remove it, or set the format to auto or avro")
	}
}

// secretName is how a secret is set: by its name or by that of its _FILE twin; "" where it is not.
func (l *loader) secretName(name string) string {
	for _, name := range []string{name, name + "_FILE"} {
		if l.isSet(name) {
			return name
		}
	}
	return ""
}

func (l *loader) checkMappings() {
	var sources []string
	for _, name := range []string{"MAPPINGS_FILE", "MAPPINGS"} {
		if l.isSet(name) {
			sources = append(sources, name)
		}
	}
	if vars := l.config.Mappings.Vars; len(vars) > 0 {
		first := slices.Sorted(maps.Keys(vars))[0]
		sources = append(sources, first)
	}
	switch len(sources) {
	case 0:
		if !l.hasClassic() {
			l.fault("MAPPINGS_FILE", "", "is not set", "give the path of a mappings file (or set "+Prefix+"MAPPINGS, "+Prefix+"MAPPING_1_NAME and so on, or "+Prefix+"WEBHOOK_URLS)")
		}
	case 1:
	default:
		l.fault(sources[0], "", "and "+Prefix+strings.Join(sources[1:], " and "+Prefix)+" are both set", "mappings have one source: keep one of them")
	}
}

func (l *loader) hasClassic() bool { return l.isSet("WEBHOOK_URLS") || l.isSet("WEBHOOK_URLS_FILE") }

// checkClassic refuses settings of a Classic destination that is not there.
func (l *loader) checkClassic() {
	if l.hasClassic() {
		return
	}
	for _, v := range new(Classic).variables() {
		for _, name := range []string{v.Name, v.Name + "_FILE"} {
			if l.isSet(name) && l.sound(name) {
				l.fault(name, "", "is set, but "+Prefix+"WEBHOOK_URLS is not", "give the URLs it is for, or remove it")
			}
		}
	}
}

func (l *loader) checkSigning() {
	d := &l.config.Delivery
	if d.PreviousSecret.IsSet() && !d.SharedSecret.IsSet() && l.sound("SHARED_SECRET") {
		l.fault("SHARED_SECRET_PREVIOUS", "", "is set, but "+Prefix+"SHARED_SECRET is not", "give the secret of today, or remove the one before")
	}
	if !l.sound("SIGNING") || !slices.Contains(d.Signing, "standard") {
		return
	}
	for _, s := range []struct {
		name  string
		value Secret
	}{{"SHARED_SECRET", d.SharedSecret}, {"SHARED_SECRET_PREVIOUS", d.PreviousSecret}} {
		encoded, is := strings.CutPrefix(s.value.Reveal(), "whsec_")
		if key, err := base64.StdEncoding.DecodeString(encoded); is && (err != nil || len(key) == 0) {
			l.fault(s.name, "", "begins with whsec_, and what follows is no standard base64", "give whsec_ and base64, or another text")
		}
	}
}

func (l *loader) checkRetries() {
	d := &l.config.Delivery
	if l.sound("RETRY_MAX", "RETRY_WINDOW") && d.RetryMax > d.RetryWindow {
		l.fault("RETRY_MAX", l.env["RETRY_MAX"], "longer than "+Prefix+"RETRY_WINDOW ("+FormatDuration(d.RetryWindow)+")", "shorten it, or lengthen the window")
	}
	if l.sound("RETRY_MIN", "RETRY_MAX") && d.RetryMin > d.RetryMax {
		l.fault("RETRY_MIN", l.env["RETRY_MIN"], "longer than "+Prefix+"RETRY_MAX ("+FormatDuration(d.RetryMax)+")", "shorten it, or lengthen "+Prefix+"RETRY_MAX")
	}
}

// checkDeadLetters sees to it that the connector never reads its own dead letters.
func (l *loader) checkDeadLetters() {
	topic := l.config.Delivery.DLQTopic
	if !l.sound("KAFKA_GROUP", "DLQ_TOPIC") {
		return
	}
	if !l.isSet("DLQ_TOPIC") {
		if problem := topicName(topic); problem != "" {
			l.fault("DLQ_TOPIC", "", "is not set, and its default "+quote(topic)+" "+problem, "name a topic")
			return
		}
	}
	if !l.sound("KAFKA_TOPICS") {
		return
	}
	for _, name := range l.config.Kafka.Topics {
		if name == topic {
			l.fault("DLQ_TOPIC", topic, "among "+Prefix+"KAFKA_TOPICS: the connector would read its own dead letters", "name another topic")
		}
		if pattern, err := regexp.Compile(name); strings.HasPrefix(name, "^") && err == nil && pattern.MatchString(topic) {
			l.fault("KAFKA_TOPICS", name, "matches the dead-letter topic "+quote(topic)+": the connector would read its own dead letters", "narrow the expression, or set "+Prefix+"DLQ_TOPIC to a name that it does not match")
		}
	}
}

func (l *loader) checkMemory() {
	const least = 4 // batches: one being built, one under way, and as much again being read
	budget, batch := l.config.MemoryBudget, l.config.Delivery.BatchMaxBytes
	if l.sound("MEMORY_BUDGET", "BATCH_MAX_BYTES") && budget < least*batch {
		l.fault("MEMORY_BUDGET", budget.String(), "less than four times "+Prefix+"BATCH_MAX_BYTES ("+batch.String()+")", "raise it to "+(least*batch).String()+" or more, or lower the size of a batch")
	}
}
