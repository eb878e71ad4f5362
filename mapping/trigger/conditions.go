package trigger

import "segment-webhooks/mapping/document"

// Conditions are those of several triggers, each once: fifty triggers that all begin with type = "track" ask it once an event. Build it while loading,
// with [Trigger.Compile]; it must not change while Answers of it are in use.
type Conditions struct {
	paths   *document.Paths
	list    []condition
	numbers map[condition]int32 // places in list
}

// condition is what is asked of one slot.
type condition struct {
	text string
	num  float64
	slot int32
	op   op
}

// NewConditions returns an empty set. What triggers read is added to paths; scanners must be made of paths after that.
func NewConditions(paths *document.Paths) *Conditions {
	return &Conditions{paths: paths, numbers: map[condition]int32{}}
}

// add returns the number of a condition; the same one gets the same number, but for comparisons with something that is no number.
func (c *Conditions) add(of cond) int32 {
	one := condition{slot: int32(c.paths.Add(of.path)), op: of.op}
	switch { // what the operator does not look at must not tell two conditions apart
	case of.op.numeric():
		one.num = of.num
	case !of.op.unary():
		one.text = of.text
	}
	n, ok := c.numbers[one]
	if !ok {
		n = int32(len(c.list))
		c.list = append(c.list, one)
		c.numbers[one] = n
	}
	return n
}

// Answers are what is known about one event: which of the conditions hold, as far as somebody has asked. It belongs to one goroutine.
type Answers struct {
	conditions *Conditions
	scanner    *document.Scanner
	known      []answer // by number of condition
}

type answer uint8

const (
	unasked answer = iota
	no
	yes
)

// NewAnswers returns Answers about the events that are read with Scan. Nothing else must scan with the scanner.
func (c *Conditions) NewAnswers(scanner *document.Scanner) *Answers {
	return &Answers{conditions: c, scanner: scanner, known: make([]answer, len(c.list))}
}

// Scan reads an event, as [document.Scanner.Scan] does, and forgets what was known about the one before.
func (a *Answers) Scan(event []byte) error {
	clear(a.known)
	return a.scanner.Scan(event)
}

// ask finds out whether a condition holds.
func (a *Answers) ask(number int32) answer {
	c := &a.conditions.list[number]
	got := no
	if c.holds(a.scanner.Slot(int(c.slot))) {
		got = yes
	}
	a.known[number] = got
	return got
}

// holds tells whether v meets the condition.
func (c *condition) holds(v *document.Slot) bool {
	switch c.op {
	case opIs:
		return v.Equal(c.text)
	case opIsNot:
		return !v.Equal(c.text)
	case opContains:
		return v.Contains(c.text)
	case opLacks:
		return v.Kind() == document.String && !v.Contains(c.text)
	case opStarts:
		return v.HasPrefix(c.text)
	case opStartsNot:
		return v.Kind() == document.String && !v.HasPrefix(c.text)
	case opEnds:
		return v.HasSuffix(c.text)
	case opEndsNot:
		return v.Kind() == document.String && !v.HasSuffix(c.text)
	case opExists:
		return v.Kind() != document.Missing && v.Kind() != document.Null
	case opAbsent:
		return v.Kind() == document.Missing || v.Kind() == document.Null
	case opTrue:
		return v.Bool()
	case opFalse:
		return v.Kind() == document.Bool && !v.Bool()
	}
	return v.Kind() == document.Number && c.compares(v.Number())
}

// compares tells whether the number f meets the condition.
func (c *condition) compares(f float64) bool {
	switch c.op {
	case opNumberIs:
		return f == c.num
	case opNumberIsNot:
		return f != c.num
	case opBelow:
		return f < c.num
	case opAtMost:
		return f <= c.num
	case opAbove:
		return f > c.num
	case opAtLeast:
		return f >= c.num
	}
	return false
}
