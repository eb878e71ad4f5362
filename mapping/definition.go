package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/spelling"
	"segment-webhooks/mapping/trigger"
)

// definition is one mapping as it stands in a source.
type definition struct {
	*loader
	number int
	path   string // slash path in the source
	name   string
	raw    document.Value
	own    bool // our own format, which knows its keys; a subscription has many that mean nothing here
	sound  bool
	used   map[string]string // what the environment gave, by the names of the variables
}

// The keys of a definition. The fields of a subscription are called settings or mapping, its trigger is also called
// subscribe.
func ownKeys() []string {
	return slices.Concat([]string{"name", "id", "enabled", "trigger", "start", "fields"}, deliveryKeys(), senderKeys())
}

// read loads one definition. It reports whether that is enabled, sound or not.
func (l *loader) read(d *definition) (enabled bool) {
	d.sound = true
	d.name, _ = d.text("name")
	if !d.enabled() {
		return false
	}
	if d.own {
		d.checkKeys("", d.raw, ownKeys())
	}
	m := &Mapping{Name: d.name, Number: d.number, ID: d.identity(), Enabled: true, Start: d.start()}
	m.Delivery = d.delivery()
	d.checkReserved()
	condition := d.trigger(m)
	d.fields(m)
	d.sender(m)
	if d.sound {
		l.set.mappings = append(l.set.mappings, m)
		l.set.triggers = append(l.set.triggers, condition)
	}
	return true
}

// fault notes a fault of the mapping. path is below the definition.
func (d *definition) fault(path, message string) { d.faultAt(d.valueAt(d.path+path), path, message) }

func (d *definition) faultAt(at place, path, message string) {
	d.sound = false
	d.faults = append(d.faults, &Fault{
		File: at.file, Line: at.line, Column: at.column, Mapping: d.name, Number: d.number, Path: path, Message: d.hide(message),
	})
}

// hide puts the names of variables where a message would show what they hold.
func (d *definition) hide(message string) string {
	const secret = 4 // characters; what is shorter is none
	for name, value := range d.used {
		if len(value) >= secret {
			message = strings.ReplaceAll(message, value, "${"+name+"}")
		}
	}
	return message
}

func (d *definition) warn(at place, path, message string) {
	d.warnings = append(d.warnings, Warning{
		File: at.file, Line: at.line, Column: at.column, Mapping: d.name, Number: d.number, Path: path, Message: d.hide(message),
	})
}

// checkKeys refuses keys that mean nothing, with the name that was probably meant.
func (d *definition) checkKeys(path string, object document.Value, known []string) {
	for _, member := range object.Members() {
		if !slices.Contains(known, member.Key) {
			d.faultAt(d.keyAt(d.path+path+"/"+member.Key), path, d.unknown(path, member.Key, known))
		}
	}
}

func (d *definition) unknown(path, key string, known []string) string {
	message := "has the unknown key " + strconv.Quote(key)
	switch near := spelling.Nearest(key, known); {
	case near != "":
		return message + "; did you mean " + strconv.Quote(near) + "?"
	case path == "" && slices.Contains(fieldNames(), key):
		return message + `; it belongs below "fields"`
	case path != "" && slices.Contains(ownKeys(), key):
		return message + `; it belongs beside "fields", not below`
	}
	return message + "; the keys are " + strings.Join(known, ", ")
}

// text returns an optional text. ok is false where it is absent or no text, which is a fault.
func (d *definition) text(key string) (text string, ok bool) {
	v := d.raw.Get(key)
	switch {
	case v.IsMissing(), v.IsNull():
		return "", false
	case v.Kind() != document.String:
		d.fault("/"+key, "needs a text, not "+describe(v)+"; put it in quotes")
		return "", false
	}
	if i := strings.IndexFunc(v.Str(), unicode.IsControl); i >= 0 && key != "trigger" {
		d.fault("/"+key, fmt.Sprintf("holds the control character %q", v.Str()[i:i+1]))
		return "", false
	}
	return v.Str(), true
}

func (d *definition) enabled() bool {
	switch v := d.raw.Get("enabled"); v.Kind() {
	case document.Missing, document.Null:
		return true
	case document.Bool:
		return v.Bool()
	default:
		d.fault("/enabled", "needs true or false, not "+describe(v))
		return true
	}
}

// identity returns the id or else the name, and refuses one that another enabled mapping has.
func (d *definition) identity() string {
	id, ok := d.text("id")
	id, key := strings.TrimSpace(id), "id"
	if !ok || id == "" {
		id, key = d.name, "name"
	}
	if strings.TrimSpace(id) == "" {
		if v := d.raw.Get("name"); v.IsMissing() || v.IsNull() || v.Kind() == document.String {
			d.fault("", `needs a "name": it is how lanes, metrics and dead letters call the mapping`)
		}
		return ""
	}
	if other := d.ids[id]; other != nil {
		d.fault("/"+key, fmt.Sprintf("is %s, as that of mapping %d in line %d; every enabled mapping needs its own",
			strconv.Quote(id), other.number, d.valueAt(other.path).line))
		return id
	}
	d.ids[id] = d
	return id
}

func (d *definition) start() string {
	start, ok := d.text("start")
	if !ok || start == "" || start == "earliest" || start == "latest" {
		return start
	}
	if _, err := time.Parse(time.RFC3339, start); err != nil {
		d.fault("/start", fmt.Sprintf("is %s; it can be earliest, latest or a time such as 2026-03-01T00:00:00Z", strconv.Quote(start)))
	}
	return start
}

// trigger parses the trigger into m.
func (d *definition) trigger(m *Mapping) *trigger.Trigger {
	key := "trigger"
	if !d.own && d.raw.Get(key).IsMissing() {
		key = "subscribe"
	}
	text, ok := d.text(key)
	if !ok || strings.TrimSpace(text) == "" {
		if v := d.raw.Get(key); v.IsMissing() || v.IsNull() || v.Kind() == document.String {
			d.fault("", `needs a "trigger": the condition on events, such as type = "track"`)
		}
		return nil
	}
	m.Trigger = text
	t, err := trigger.Parse(text)
	if err != nil {
		d.triggerFaults("/"+key, text, err)
		return nil
	}
	for _, note := range t.Notes() {
		message := "may surprise: " + note.Message
		if note.Reason.Class() == trigger.Difference {
			message = "means here what it says, other than at Segment: " + note.Message
		}
		d.warn(d.within(d.path+"/"+key, text, note.Pos.Offset), "/"+key, message)
	}
	return t
}

func (d *definition) triggerFaults(path, text string, err error) {
	var all trigger.Errors
	if !errors.As(err, &all) {
		d.fault(path, "cannot be read: "+err.Error())
		return
	}
	for _, e := range all {
		lines := strings.ReplaceAll(e.Caret(), "\n", "\n    ")
		d.faultAt(d.within(d.path+path, text, e.Pos.Offset), path, "cannot be used:\n    "+lines)
	}
}

// fields compiles the fields into m.
func (d *definition) fields(m *Mapping) {
	path, raw := d.fieldsOf()
	switch {
	case raw.IsMissing():
		d.fault("", "needs "+strconv.Quote(path[1:])+": url, method, headers, data")
		return
	case raw.Kind() != document.Object:
		d.fault(path, "needs an object with url, method, headers and data, not "+describe(raw))
		return
	}
	if !looksLikeDirective(raw) {
		raw = d.knownFields(path, raw)
	}
	var unset []string // fields that need a variable and do not get it
	d.used = map[string]string{}
	expander := expander{env: d.env, used: d.used, fault: func(at, message string) {
		d.fault(path+at, message)
		name, _, _ := strings.Cut(at[1:], "/")
		unset = append(unset, name)
	}}
	written := raw
	raw = expander.fields("", raw)
	m.confidential = confidentialParts(written, raw)
	out, faults, warnings := compileFields(raw, d.hosts, unset...)
	place := func(p problem) place {
		if p.text != "" {
			return d.within(d.path+path+p.path, p.text, p.offset)
		}
		return d.valueAt(d.path + path + p.path)
	}
	for _, p := range faults {
		d.faultAt(place(p), path+p.path, p.message)
	}
	for _, p := range warnings {
		d.warn(place(p), path+p.path, p.message)
	}
	m.program, m.Batch, m.BatchSize = out.program, out.batch, out.batchSize
}

func (d *definition) fieldsOf() (path string, raw document.Value) {
	if d.own {
		return "/fields", d.raw.Get("fields")
	}
	for _, key := range []string{"settings", "mapping"} {
		if raw := d.raw.Get(key); !raw.IsMissing() {
			return "/" + key, raw
		}
	}
	return "/settings", document.Value{}
}

// knownFields returns the fields that mean something here. Those of other actions are left out with a word; in our own
// format every other one is a fault.
func (d *definition) knownFields(path string, raw document.Value) document.Value {
	known := fieldNames()
	var kept []document.Member
	for _, member := range raw.Members() {
		at := d.keyAt(d.path + path + "/" + member.Key)
		switch {
		case slices.Contains(known, member.Key), member.Key == rootDirectiveKey:
			kept = append(kept, member)
		case member.Key == "batch_keys":
			d.warn(at, path+"/"+member.Key, "is ignored: batches always hold events of equal url, method and headers")
		case strings.HasPrefix(member.Key, "__segment_internal_"), !d.own:
			d.warn(at, path+"/"+member.Key, "is ignored: it is no field of a webhook")
		default:
			d.faultAt(at, path, d.unknown(path, member.Key, known))
		}
	}
	return document.ObjectValue(kept)
}
