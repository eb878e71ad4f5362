package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"segment-webhooks/connector/overview"
)

// tone says how much somebody should care.
type tone string

const (
	calm tone = ""
	good tone = "good"
	warn tone = "warn"
	bad  tone = "bad"
)

// overviewView is what the template of the Delivery Overview shows: texts, ready to be read.
type overviewView struct {
	Name       string
	Title      string // of the window
	Tone       tone
	Headline   string
	Detail     string
	Problems   []string
	Spans      []spanLink
	Within     string // such as "the last 10 minutes"
	At         stamp
	Up         string
	Figures    []figure
	Rows       []row
	Failures   []failure
	Bodies     bool
	DeadTopic  string
	Window     string
	Memory     meter
	Partitions []partition
}

type spanLink struct {
	Name, Href string
	Current    bool
}

// stamp is a time, for people and for machines.
type stamp struct{ Text, Machine string }

func stampOf(t, now time.Time) stamp {
	t = t.UTC()
	layout := "15:04:05"
	if now.Sub(t) > 20*time.Hour {
		layout = "Jan 2, 15:04"
	}
	return stamp{t.Format(layout), t.Format(time.RFC3339)}
}

// figure is one of the large numbers.
type figure struct {
	Label, Value, Note string
	Tone               tone
}

// row is the pipeline of one mapping.
type row struct {
	ID                                        string
	Name, Trigger, Endpoint                   string
	State, StateNote                          string
	Tone                                      tone
	Received, ReceivedRate, Filtered, Matched string
	Waiting, InFlight, Failed, Delivered      string
	DeliveredRate                             string
	WaitingTone, FailedTone                   tone
	Delay, Answer                             string
	Lag                                       string
	Expires                                   string
	ExpiresTone                               tone
	Chart                                     chart
}

// failure is a reason and its samples.
type failure struct {
	ID               string
	Mapping, Why     string
	Then             string
	Tone             tone
	Count, CountUnit string
	Last             stamp
	LastAnswer       string
	Samples          []sample
}

type sample struct {
	At             stamp
	Place, Written string
	Attempts       int
	Answer         string
	Bodies         *overview.Bodies
}

type meter struct {
	Used, Budget string
	Percent      int
	Tone         tone
}

type partition struct {
	Topic          string
	Number         int32
	Head, InFlight string
	State          string
	Tone           tone
}

func spanName(s overview.Span) string {
	return map[overview.Span]string{overview.TenMinutes: "10 minutes", overview.Hour: "1 hour", overview.Day: "24 hours"}[s]
}

func newOverviewView(n Now, r *overview.Report) *overviewView {
	v := &overviewView{
		Name: n.Name, Problems: n.Problems, At: stampOf(n.At, n.At), Up: duration(n.At.Sub(n.Started).Truncate(time.Second)),
		Within: "the last " + spanName(r.Span), Bodies: n.Bodies, DeadTopic: n.DeadLetters, Window: duration(n.Window),
		Memory: newMeter(n.MemoryUsed, n.MemoryBudget),
	}
	if r.Covered < r.Span.Duration() {
		v.Within = "the " + duration(r.Covered.Truncate(time.Second)) + " since the start"
	}
	for _, s := range overview.Spans() {
		v.Spans = append(v.Spans, spanLink{Name: spanName(s), Href: "./?span=" + s.String(), Current: s == r.Span})
	}
	pairs := pair(n, r)
	for i := range pairs {
		m, l := pairs[i].now, pairs[i].then
		if m.Name != "" {
			v.Rows = append(v.Rows, newRow(i, n, m, l, r))
		}
		for j := range l.Reasons {
			v.Failures = append(v.Failures, newFailure(i, m, &l.Reasons[j], n.At))
		}
	}
	slices.SortStableFunc(v.Rows, func(a, b row) int { return cmp.Compare(rank(a.Tone), rank(b.Tone)) })
	for _, p := range n.Partitions {
		v.Partitions = append(v.Partitions, newPartition(p))
	}
	v.headline(n, r)
	v.figures(pairs, r)
	return v
}

// paired is how a mapping stands and what has happened to its events.
type paired struct {
	now  *Mapping
	then *overview.Mapping
}

// pair brings both together. A mapping that has come or gone between the two looks is left out.
func pair(n Now, r *overview.Report) []paired {
	known := map[string]*overview.Mapping{}
	for i := range r.Mappings {
		known[r.Mappings[i].ID] = &r.Mappings[i]
	}
	var all []paired
	for i := range n.Mappings {
		if then := known[n.Mappings[i].ID]; then != nil {
			all = append(all, paired{&n.Mappings[i], then})
		}
	}
	return all
}

func rank(t tone) int { return slices.Index([]tone{bad, warn, good, calm}, t) }

// headline says in a sentence whether somebody has to care, and the title too, for the tab.
func (v *overviewView) headline(n Now, r *overview.Report) {
	var failing []string
	mappings := 0
	since := n.At
	for _, m := range n.Mappings {
		if m.Name == "" {
			continue
		}
		mappings++
		if m.Failing {
			failing = append(failing, m.Name)
			if m.Since.Before(since) {
				since = m.Since
			}
		}
	}
	failed := uint64(0)
	for i := range r.Mappings {
		failed += r.Mappings[i].Failed
	}
	switch {
	case len(failing) > 0:
		v.Tone = bad
		v.Headline = fmt.Sprintf("%d of %s %s failing", len(failing), count(mappings, "mapping", "mappings"), isOrAre(len(failing)))
		v.Detail = fmt.Sprintf("%s: nothing has got through for %s. Its events wait and the others go on.", list(failing), duration(n.At.Sub(since).Truncate(time.Second)))
		if len(failing) > 1 {
			v.Detail = fmt.Sprintf("%s: the longest for %s. Their events wait and the others go on.", list(failing), duration(n.At.Sub(since).Truncate(time.Second)))
		}
	case len(n.Problems) > 0:
		v.Tone, v.Headline = bad, "Needs attention"
	case len(n.Partitions) == 0:
		v.Tone, v.Headline, v.Detail = calm, "Nothing to read yet", "No partition is assigned to this process: it is joining the group, or others have them all."
	case failed > 0:
		v.Tone, v.Headline = warn, "Delivering, and some events were given up"
		v.Detail = fmt.Sprintf("%s in %s went to the dead-letter topic %s.", count(int(failed), "event", "events"), v.Within, n.DeadLetters)
	default:
		v.Tone, v.Headline = good, "Everything is being delivered"
	}
	v.Title = v.Headline + " · " + n.Name
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// list names up to three, and how many there are besides.
func list(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + count(len(names)-most, "more", "more")
	}
	return strings.Join(names, ", ")
}

func (v *overviewView) figures(pairs []paired, r *overview.Report) {
	var delivered, failed, retried uint64
	waiting, inFlight := 0, 0
	var slowest time.Duration
	slow := ""
	for _, p := range pairs {
		m, l := p.now, p.then
		delivered, failed, retried = delivered+l.Delivered, failed+l.Failed, retried+l.Retried
		waiting, inFlight = waiting+m.Waiting, inFlight+m.InFlight
		if l.Delay > slowest {
			slowest, slow = l.Delay, m.Name
		}
	}
	v.Figures = []figure{
		{Label: "Received", Value: number(r.Records), Note: rate(r.Records, r.Covered)},
		{Label: "Delivered", Value: number(delivered), Note: rate(delivered, r.Covered)},
		{Label: "Waiting for retry", Value: number(uint64(waiting)), Note: count(inFlight, "in flight", "in flight"), Tone: when(waiting > 0, warn)},
		{Label: "Failed", Value: number(failed), Note: none, Tone: when(failed > 0, bad)},
		{Label: "P95 delivery", Value: latency(slowest), Note: slow},
	}
	if failed > 0 || retried > 0 {
		v.Figures[3].Note = count(int(retried), "failed attempt", "failed attempts")
	}
	for i := range v.Figures {
		if v.Figures[i].Note == "" {
			v.Figures[i].Note = none
		}
	}
}

func when(yes bool, t tone) tone {
	if yes {
		return t
	}
	return calm
}

func latency(d time.Duration) string {
	if d == 0 {
		return none
	}
	return about(d)
}

// What is young is not shown as nearing its end.
const (
	settling   = 15 * time.Second // an event that is no older is on its way
	halfWay    = .5
	nearTheEnd = .8
)

func newRow(i int, n Now, m *Mapping, l *overview.Mapping, r *overview.Report) row {
	out := row{
		ID: "mapping-" + strconv.Itoa(i), Name: m.Name, Trigger: m.Trigger, Endpoint: cmp.Or(m.Endpoint, "several URLs"),
		Received: number(l.Received), ReceivedRate: rate(l.Received, r.Covered), Filtered: number(l.Filtered()), Matched: number(l.Matched),
		Waiting: number(uint64(m.Waiting)), InFlight: count(m.InFlight, "in flight", "in flight"),
		Failed: number(l.Failed), Delivered: number(l.Delivered), DeliveredRate: rate(l.Delivered, r.Covered),
		WaitingTone: when(m.Waiting > 0, warn), FailedTone: when(l.Failed > 0, bad),
		Delay: latency(l.Delay), Answer: latency(l.Answer),
		Lag: number(uint64(max(0, m.Lag))), Expires: none,
	}
	if m.Batched {
		out.Endpoint += ", in batches"
	}
	switch {
	case m.Failing:
		out.State, out.Tone = "Failing", bad
		out.StateNote = "for " + duration(n.At.Sub(m.Since).Truncate(time.Second)) + ", since " + stampOf(m.Since, n.At).Text
		if wait := m.NextProbe.Sub(n.At); wait > time.Second {
			out.StateNote += "; next try in " + duration(wait.Truncate(time.Second))
		}
	case m.Recovering:
		out.State, out.Tone = "Recovering", warn
	case l.Retried > 0 && l.Delivered == 0 && m.Waiting > 0:
		out.State, out.Tone = "Not delivering yet", warn
	case l.Failed > 0 && l.Delivered == 0:
		out.State, out.Tone = "Giving up", bad
	case l.Failed > 0:
		out.State, out.Tone = "Some given up", warn
	case l.Delivered > 0:
		out.State, out.Tone = "Delivering", good
	default:
		out.State = "Idle"
	}
	if !m.Oldest.IsZero() {
		if age := n.At.Sub(m.Oldest); age > settling || m.Failing {
			out.Expires = duration((n.Window - age).Truncate(time.Second))
			used := float64(age) / float64(n.Window)
			out.ExpiresTone = cmp.Or(when(used >= nearTheEnd, bad), when(used >= halfWay, warn))
			if age > n.Window {
				out.Expires = "over"
			}
		}
	}
	var failures [overview.Steps]uint32
	for k := range failures {
		failures[k] = l.FailedBy[k] + l.RetriedBy[k]
	}
	out.Chart = newChart("delivered", r.Span, &l.DeliveredBy, &failures)
	return out
}

func newFailure(i int, m *Mapping, f *overview.Failure, now time.Time) failure {
	out := failure{
		ID:      fmt.Sprintf("failure-%d-%s-%d", i, cmp.Or(f.Why, "answer"), f.Status),
		Mapping: cmp.Or(m.Name, "any mapping"), Why: why(f.Reason),
		Then: "tried again", Tone: warn, Count: number(f.Count), CountUnit: "attempts",
		Last: stampOf(f.Last.At, now), LastAnswer: answerText(f.Last.Status, f.Last.Error),
	}
	if f.GivenUp {
		out.Then, out.Tone, out.CountUnit = "given up", bad, "events"
		out.ID += "-dead"
	}
	if f.Count == 1 {
		out.CountUnit = strings.TrimSuffix(out.CountUnit, "s")
	}
	for _, s := range f.Samples {
		out.Samples = append(out.Samples, sample{
			At: stampOf(s.At, now), Place: fmt.Sprintf("%s / %d / %d", s.Topic, s.Partition, s.Offset), Written: s.Timestamp.UTC().Format("2006-01-02 15:04:05"),
			Attempts: s.Attempts, Answer: answerText(s.Status, s.Error), Bodies: s.Bodies,
		})
	}
	return out
}

func answerText(code int, fault string) string {
	switch {
	case code != 0 && fault != "":
		return status(code) + "; " + fault
	case code != 0:
		return status(code)
	case fault != "":
		return fault
	}
	return none
}

func newMeter(used, budget int) meter {
	m := meter{Used: size(used), Budget: size(budget)}
	if budget > 0 {
		m.Percent = min(100, used*100/budget)
	}
	m.Tone = cmp.Or(when(m.Percent >= 95, bad), when(m.Percent >= 80, warn), good)
	return m
}

func newPartition(p Partition) partition {
	out := partition{Topic: p.Topic, Number: p.Number, Head: strconv.FormatInt(p.Head, 10), InFlight: number(uint64(p.InFlight)), State: "Reading", Tone: good}
	switch {
	case p.Closing:
		out.State, out.Tone = "Moving to another member", warn
	case p.Paused:
		out.State, out.Tone = "Paused for want of memory", warn
	}
	return out
}
