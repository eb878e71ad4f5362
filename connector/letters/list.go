package letters

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"segment-webhooks/connector/kafka"
)

// View is how letters are listed.
type View struct {
	JSON   bool // one object a line, of every letter
	Limit  int  // of the table: how many letters it shows beside the counts; below 0 for all
	Values bool // show keys, values and answers, which hold what events hold
}

// Entry is a letter in the list in JSON.
type Entry struct {
	Partition    int32      `json:"partition"`
	Offset       int64      `json:"offset"`
	Written      time.Time  `json:"written"`
	Delivered    bool       `json:"delivered"` // by a replay
	Reason       string     `json:"reason"`
	Mapping      string     `json:"mapping,omitempty"`
	MappingID    string     `json:"mapping_id,omitempty"`
	Original     Original   `json:"original"`
	Method       string     `json:"method,omitempty"`
	URL          string     `json:"url,omitempty"`
	Status       int        `json:"status,omitempty"`
	Error        string     `json:"error,omitempty"`
	Attempts     int        `json:"attempts,omitempty"`
	FirstAttempt *time.Time `json:"first_attempt,omitempty"`
	LastAttempt  *time.Time `json:"last_attempt,omitempty"`
	Connector    string     `json:"connector,omitempty"`
	Bytes        int        `json:"bytes"` // of the original's value
	Truncated    bool       `json:"truncated,omitempty"`
	Response     *string    `json:"response,omitempty"` // these three where they are asked for; what is no UTF-8 in them is replaced
	Key          *string    `json:"key,omitempty"`
	Value        *string    `json:"value,omitempty"`
}

// Original is the record that a letter is about.
type Original struct {
	Topic     string     `json:"topic"`
	Partition int32      `json:"partition"`
	Offset    int64      `json:"offset"`
	Timestamp *time.Time `json:"timestamp,omitempty"`
}

// List shows the letters that a filter chooses: as a table with their counts by reason and mapping below, or as JSON.
func (t *Tool) List(ctx context.Context, f Filter, v View) error {
	parts, _, err := t.choose(ctx, &f)
	if err != nil {
		return t.noTopic(err)
	}
	counts := counts{}
	foreign := 0
	show := t.tableOf(v)
	if v.JSON {
		out := json.NewEncoder(t.Out)
		out.SetEscapeHTML(false)
		show = func(l *Letter, delivered bool) error { return out.Encode(entry(l, delivered, v.Values)) }
	}
	for _, p := range parts {
		foreign += p.foreign
		if f.Pending {
			p.letters.remove(&p.settled)
		}
		err := t.each(ctx, p, func(l *Letter) error {
			delivered := p.settled.has(l.Offset)
			counts.add(l, delivered)
			return show(l, delivered)
		})
		if err != nil {
			return fmt.Errorf("listing the dead letters: %w", err)
		}
	}
	if v.JSON {
		return nil
	}
	if err := show(nil, false); err != nil {
		return fmt.Errorf("listing the dead letters: %w", err)
	}
	return t.summary(counts, v, foreign)
}

// noTopic says what it means that the topic does not exist.
func (t *Tool) noTopic(err error) error {
	if errors.Is(err, kafka.ErrNoTopic) {
		return fmt.Errorf("there is no dead-letter topic %s: no connector with this CONNECTOR_DLQ_TOPIC (or CONNECTOR_KAFKA_GROUP) has started yet", t.Topic)
	}
	return err
}

// tableOf returns a function that adds a letter to the table as far as the limit goes, and ends the table with nil.
func (t *Tool) tableOf(v View) func(l *Letter, delivered bool) error {
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	shown, head := 0, false
	const flush = 500 // rows that are laid out together
	return func(l *Letter, delivered bool) error {
		if l == nil {
			return table.Flush()
		}
		if v.Limit >= 0 && shown >= v.Limit {
			return nil
		}
		if !head {
			head = true
			fmt.Fprintln(table, "LETTER\tWRITTEN\tREASON\tMAPPING\tORIGINAL\tSENT TO\tWHAT CAME\tREPLAYED")
		}
		fmt.Fprintln(table, strings.Join([]string{
			l.where(), l.Written.UTC().Format(time.DateTime), plain(l.Reason, 20), dash(plain(l.Mapping, 40)), plain(l.original(), 60),
			dash(plain(strings.TrimSpace(l.Method+" "+l.URL), 60)), dash(plain(l.outcome(), 60)), choose(delivered, "yes", "-"),
		}, "\t"))
		if shown++; shown%flush == 0 || v.Values {
			if err := table.Flush(); err != nil {
				return err
			}
		}
		if v.Values {
			return contents(t.Out, l)
		}
		return nil
	}
}

// outcome is what the endpoint answered, or what went wrong.
func (l *Letter) outcome() string {
	switch {
	case l.Status != 0 && l.Error == "":
		return "status " + strconv.Itoa(l.Status)
	case l.Status != 0:
		return "status " + strconv.Itoa(l.Status) + ": " + l.Error
	}
	return l.Error
}

func contents(w io.Writer, l *Letter) error {
	var b strings.Builder
	for _, x := range []struct{ name, text string }{{"key", string(l.record.Key)}, {"value", string(l.record.Value)}, {"answer", l.Response}} {
		if x.text != "" {
			fmt.Fprintf(&b, "    %s: %s\n", x.name, plain(x.text, 0))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plain makes a text of somebody else fit for a line on a terminal, and cuts it; 0 for no limit.
func plain(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) && r != ' ' {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit-1]) + "…"
	}
	return s
}

func dash(s string) string { return cmp.Or(s, "-") }

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

func entry(l *Letter, delivered, values bool) Entry {
	e := Entry{
		Partition: l.Partition, Offset: l.Offset, Written: l.Written.UTC(), Delivered: delivered,
		Reason: l.Reason, Mapping: l.Mapping, MappingID: l.MappingID,
		Original: Original{Topic: l.Topic, Partition: l.SourcePartition, Offset: l.SourceOffset, Timestamp: known(l.Timestamp)},
		Method:   l.Method, URL: l.URL, Status: l.Status, Error: l.Error, Attempts: l.Attempts,
		FirstAttempt: known(l.FirstAttempt), LastAttempt: known(l.LastAttempt), Connector: l.Connector,
		Bytes: len(l.record.Value), Truncated: l.truncatedFrom > 0,
	}
	if e.Truncated {
		e.Bytes = l.truncatedFrom
	}
	if values {
		e.Response, e.Key, e.Value = &l.Response, new(string(l.record.Key)), new(string(l.record.Value))
	}
	return e
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// counts are letters by reason and mapping.
type counts map[[2]string]*count

type count struct{ letters, delivered int }

func (c counts) add(l *Letter, delivered bool) {
	k := [2]string{l.Reason, l.Mapping}
	if c[k] == nil {
		c[k] = &count{}
	}
	c[k].letters++
	if delivered {
		c[k].delivered++
	}
}

func (t *Tool) summary(all counts, v View, foreign int) error {
	sum := count{}
	for _, c := range all {
		sum.letters += c.letters
		sum.delivered += c.delivered
	}
	if sum.letters == 0 {
		fmt.Fprintf(t.Out, "%s: no dead letters%s\n", t.Topic, others(foreign))
		return nil
	}
	if v.Limit >= 0 && v.Limit < sum.letters {
		if v.Limit > 0 {
			fmt.Fprintf(t.Out, "and %s more\n\n", number(sum.letters-v.Limit))
		}
	} else {
		fmt.Fprintln(t.Out)
	}
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REASON\tMAPPING\tLETTERS\tREPLAYED\tPENDING")
	row := func(reason, mapping string, c *count) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", reason, mapping, number(c.letters), number(c.delivered), number(c.letters-c.delivered))
	}
	for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		row(plain(k[0], 20), dash(plain(k[1], 40)), all[k])
	}
	row("all", "", &sum)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the counts: %w", err)
	}
	if text := others(foreign); text != "" {
		fmt.Fprintf(t.Out, "%s\n", strings.TrimPrefix(text, "; "))
	}
	return nil
}

func others(foreign int) string {
	if foreign == 0 {
		return ""
	}
	return "; " + number(foreign) + " records of the topic are no dead letters"
}

// number writes a count with its thousands apart.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
