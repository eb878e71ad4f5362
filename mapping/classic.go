package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

// MaxWebhooks is how many URLs a Webhooks (Classic) destination can have, as in Segment's app.
const MaxWebhooks = 5

// Classic is a Webhooks (Classic) destination: a few URLs that get every event, whatever its type, as it is and by POST.
// Its fields hold environment variables as they were found. The zero value is no destination.
//
// It becomes mappings like any other, behind those of the source. Their names and identities are "classic" or, where
// each URL is on its own, "classic-1" to "classic-5" by the URL's place; the source cannot have mappings of these names
// beside them.
type Classic struct {
	// URLs is CONNECTOR_WEBHOOK_URLS: 1 to 5 URLs between commas. A place between commas may be empty, so that the
	// URLs behind it keep their numbers.
	URLs string
	// Headers is CONNECTOR_WEBHOOK_HEADERS: the headers that all URLs get, a JSON object.
	Headers string
	// Own are CONNECTOR_WEBHOOK_1_HEADERS and so on: the headers of a single URL, which win over those for all.
	Own [MaxWebhooks]string
	// All makes each URL a mapping of its own. Without it they are the Alternatives of one.
	All bool
}

const (
	classicName = "classic"
	// everyEvent holds for all events, those without a type too.
	everyEvent = `type = "" or type != ""`
)

func classicNames() []string {
	names := []string{classicName}
	for i := range MaxWebhooks {
		names = append(names, classicName+"-"+strconv.Itoa(i+1))
	}
	return names
}

// checkReserved refuses a mapping that is called like one of the Classic destination's, where there is one.
func (d *definition) checkReserved() {
	for _, key := range []string{"name", "id"} {
		if text := strings.TrimSpace(d.raw.Get(key).Str()); slices.Contains(d.reserved, text) {
			d.fault("/"+key, fmt.Sprintf("is %q, which CONNECTOR_WEBHOOK_URLS has taken; choose another", text))
		}
	}
}

// classic adds the mappings of the Classic destination to the set.
func (l *loader) classic(c Classic) {
	if c.URLs == "" {
		return
	}
	w := webhooks{Classic: c, source: newSource(variablePrefix+"WEBHOOK_URLS", nil), env: l.env}
	all := w.read()
	l.faults = append(l.faults, w.faults...)
	l.warnings = append(l.warnings, w.warnings...)
	condition, err := trigger.Parse(everyEvent)
	if len(w.faults) > 0 || err != nil {
		return
	}
	if !c.All && len(all) > 1 {
		anyOf := *all[0]
		anyOf.Alternatives = all
		anyOf.program.endpoint = "" // there are several
		all = []*Mapping{&anyOf}
	}
	for _, m := range all {
		l.set.mappings = append(l.set.mappings, m)
		l.set.triggers = append(l.set.triggers, condition)
	}
}

// webhooks makes mappings of the variables.
type webhooks struct {
	Classic
	*source
	env Env
}

// read returns the mapping of each URL.
func (w *webhooks) read() []*Mapping {
	places := strings.Split(strings.TrimRight(w.URLs, ", \t\r\n"), ",")
	if len(places) > MaxWebhooks {
		w.fault(w.valueAt(""), fmt.Sprintf("has %d places between commas, and there can be %d URLs; remove some, use mappings, or write a comma "+
			"within a URL as %%2C", len(places), MaxWebhooks))
		return nil
	}
	places = append(places, make([]string, MaxWebhooks-len(places))...)
	common := w.headers("WEBHOOK_HEADERS", w.Headers)
	var all []*Mapping
	first := map[string]int{} // by target, the number of its URL
	for i, url := range places {
		number, url := i+1, strings.TrimSpace(url)
		variable := "WEBHOOK_" + strconv.Itoa(number) + "_HEADERS"
		own := w.headers(variable, w.Own[i])
		if url == "" {
			if w.Own[i] != "" {
				w.fault(place{file: variablePrefix + variable}, fmt.Sprintf(
					"is for URL %d, and CONNECTOR_WEBHOOK_URLS has none in that place; correct the number, or remove it", number))
			}
			continue
		}
		m := w.mapping(number, url, common, own)
		all = append(all, m)
		target := m.program.constant.target()
		if first[target] > 0 {
			w.fault(w.at(number), fmt.Sprintf("is the same as URL %d; give each once", first[target]))
		} else if target != "" {
			first[target] = number
		}
	}
	if len(all) == 0 && len(w.faults) == 0 {
		w.fault(w.valueAt(""), fmt.Sprintf("names no URL; give 1 to %d, separated by commas", MaxWebhooks))
	}
	return all
}

// at is how messages call a URL, which they do not quote.
func (w *webhooks) at(number int) place { return place{file: w.file + ", URL " + strconv.Itoa(number)} }

// headers reads a variable that holds headers.
func (w *webhooks) headers(variable, text string) *source {
	s := newSource(variablePrefix+variable, nil)
	if text == "" {
		return s
	}
	s = parseJSON(s.file, []byte(text))
	if !s.broken && s.value.Kind() != document.Object {
		s.fault(s.valueAt(""), `needs a JSON object such as {"X-Api-Key": "…"}, not `+describe(s.value))
	}
	for _, header := range s.value.Members() {
		switch header.Value.Kind() {
		case document.String, document.Number, document.Bool:
		default:
			s.fault(s.valueAt("/"+header.Key), fmt.Sprintf("the header %q needs a text, not %s", header.Key, describe(header.Value)))
		}
	}
	w.take(s)
	return s
}

// mapping makes the mapping of one URL, one that anybody could have written.
func (w *webhooks) mapping(number int, url string, common, own *source) *Mapping {
	m := &Mapping{Name: classicName, Number: number, Enabled: true, Trigger: everyEvent, Classic: true}
	if w.All {
		m.Name = classicNames()[number]
	}
	m.ID = m.Name
	s := newSource(w.at(number).file, nil)
	var headers []document.Member
	for _, in := range []*source{common, own} {
		for _, header := range in.value.Members() {
			headers = slices.DeleteFunc(headers, func(h document.Member) bool { return strings.EqualFold(h.Key, header.Key) })
			headers = append(headers, header)
			s.values["/fields/headers/"+header.Key] = in.valueAt("/" + header.Key)
		}
	}
	d := &definition{loader: &loader{source: s, env: w.env}, own: true, sound: true}
	d.raw = document.ObjectValue([]document.Member{{Key: "fields", Value: document.ObjectValue([]document.Member{
		{Key: "url", Value: document.StringValue(url)},
		{Key: "method", Value: document.StringValue("POST")},
		{Key: "headers", Value: document.ObjectValue(headers)},
		{Key: "data", Value: document.ObjectValue([]document.Member{{Key: "@path", Value: document.StringValue("$.")}})},
	})}})
	d.fields(m)
	m.program.verbatim = true
	for _, f := range s.faults {
		f.Path = strings.TrimPrefix(f.Path, "/fields")
	}
	w.take(s)
	return m
}

// take takes over what there is to say of a part. What concerns the headers of all URLs comes with each, and is said once.
func (w *webhooks) take(s *source) {
	for _, f := range s.faults {
		if !slices.ContainsFunc(w.faults, func(known *Fault) bool { return *known == *f }) {
			w.faults = append(w.faults, f)
		}
	}
	w.warnings = append(w.warnings, s.warnings...)
}

// target is what is the same for two URLs that lead to the same place; "" for one that cannot be called.
func (p *Payload) target() string {
	u, err := parseURL(p.URL)
	if err != nil {
		return ""
	}
	u.Fragment = ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}
