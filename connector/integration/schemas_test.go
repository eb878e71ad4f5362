//go:build integration

package integration

import (
	"bufio"
	"bytes"
	"compress/gzip"
	wire "encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

// everything sends each event to a webhook as it is, one after the other.
func everything(url string) string {
	return fmt.Sprintf(`
mappings:
  - name: everything
    trigger: type != "nothing"
    fields: {url: "%s/hook", method: POST, data: {"@path": "$."}}
`, url)
}

// oneByOne keeps the order of a partition's events.
const oneByOne = "CONNECTOR_MAX_IN_FLIGHT=1"

// Records that a company writes with Confluent's Python client, with a schema of this repository and with one of its own, between records in
// JSON: each arrives as the JSON that it means, signed.
func TestAvroFromAnotherVendor(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	b := newBodies(t)
	registry := startRegistry(t).url
	door, authority := guarded(t, registry)
	s.start(everything(b.url), "CONNECTOR_SCHEMA_REGISTRY_URL="+door, "CONNECTOR_SCHEMA_REGISTRY_CA_FILE="+authority,
		"CONNECTOR_SCHEMA_REGISTRY_USERNAME=ada", "CONNECTOR_SCHEMA_REGISTRY_PASSWORD=hunter2", "CONNECTOR_FIELD_NAMES=camel", oneByOne)

	s.producePython(registry, "../../schemas/avro/track.avsc",
		`{"type":"track","event":"Order Completed","userId":"u-1","messageId":"m-1","timestamp":"2026-01-31T08:00:00.123Z","properties":{"total":25.5,"paid":true,"coupon":null,"products":[{"sku":"A","price":19},{"sku":"B","price":3}]},"context":{"ip":"8.8.8.8","app":{"name":"Shop"}}}`)
	s.produce(`{"type":"identify", "userId":"u-1"}`)
	s.producePython(registry, "testdata/order.avsc",
		`{"event":"OrderPlaced","message_id":"4e1ddb9c-1b2b-4f6c-9a57-4d9d6f3f5d11","user_id":"u-2","sent_at":{"$timestamp":"2026-01-31T08:00:00.123456Z"},"properties":{"order_id":9007199254740993,"total":{"$decimal":"19.90"},"delivery_date":{"$date":"2026-02-03"},"digest":{"$bytes":"AAH/"},"weight":0.1,"labels":{"b":"2","a":"é"},"lines":[{"sku":"A","gift":null},{"sku":"B","gift":true}],"coupon":"X"}}`)
	s.producePython(registry, "../../schemas/avro/event.avsc",
		`{"type":"alias","previousId":"p","userId":"u-1","oddity":{"a":[1]}}`,
		`{"type":"page","anonymousId":"a","name":"Home","properties":{"10":1,"9":2}}`)

	want := []string{
		`{"type":"track","messageId":"m-1","userId":"u-1","event":"Order Completed","properties":{"coupon":null,"paid":true,"products":[{"price":19,"sku":"A"},{"price":3,"sku":"B"}],"total":25.5},"context":{"app":{"name":"Shop"},"ip":"8.8.8.8"},"timestamp":"2026-01-31T08:00:00.123Z"}`,
		`{"type":"identify","userId":"u-1"}`,
		`{"type":"track","event":"OrderPlaced","messageId":"4e1ddb9c-1b2b-4f6c-9a57-4d9d6f3f5d11","userId":"u-2","sentAt":"2026-01-31T08:00:00.123Z","properties":{"orderId":"9007199254740993","total":19.9,"deliveryDate":"2026-02-03","digest":"AAH/","weight":0.1,"labels":{"a":"é","b":"2"},"lines":[{"sku":"A"},{"sku":"B","gift":true}],"coupon":"X"}}`,
		`{"type":"alias","userId":"u-1","previousId":"p","oddity":{"a":[1]}}`,
		`{"type":"page","anonymousId":"a","name":"Home","properties":{"9":2,"10":1}}`,
	}
	got := b.await(t, len(want), time.Minute)
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("record %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

// The example of schemas/README.md does what is said there.
func TestREADMEOfSchemas(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	b := newBodies(t)
	registry := startRegistry(t).url
	readme, err := os.ReadFile("../../schemas/README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(language string) string {
		_, rest, _ := strings.Cut(string(readme), "\n```"+language+"\n")
		text, _, ok := strings.Cut(rest, "\n```\n")
		if !ok {
			t.Fatalf("there is no block of %s", language)
		}
		return text
	}
	program := strings.NewReplacer("http://localhost:8081", registry, "localhost:9092", strings.Join(s.cluster.Brokers(), ","), "segment-events", s.topic).Replace(block("python"))
	s.python("../..", program, "-")
	s.start(everything(b.url), "CONNECTOR_SCHEMA_REGISTRY_URL="+registry)
	sometime := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	got := sometime.ReplaceAllString(b.await(t, 1, time.Minute)[0], "T")
	if want := sometime.ReplaceAllString(block("json"), "T"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// recorded is one of Segment's recorded events.
type recorded struct{ ID, Name, Event string }

// heldEvents are the recorded events that the schemas can hold; schemas' tests say why they cannot hold the others.
func heldEvents(t *testing.T) (held []recorded) {
	t.Helper()
	unheld := map[string]bool{}
	lines(t, "../../schemas/testdata/unheld.jsonl", func(r recorded) { unheld[r.ID] = true })
	lines(t, "../../mapping/testdata/vectors/events.jsonl.gz", func(r recorded) {
		if !unheld[r.ID] {
			held = append(held, r)
		}
	})
	return held
}

func lines(t *testing.T, file string, f func(recorded)) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(bytes.NewReader(content))
	if strings.HasSuffix(file, ".gz") {
		unzipped, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		scanner = bufio.NewScanner(unzipped)
	}
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		var r recorded
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		f(r)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
}

// From JSON to Avro, by Python, through Kafka and the connector to the webhook: the event is the same, but for the order of its members.
func TestRoundTripOfRecordedEvents(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	b := newBodies(t)
	registry := startRegistry(t).url
	held := heldEvents(t)
	events := make([]string, len(held))
	for i, r := range held {
		var one bytes.Buffer // of lines
		if err := json.Compact(&one, []byte(r.Event)); err != nil {
			t.Fatal(err)
		}
		events[i] = one.String()
	}
	s.producePython(registry, "../../schemas/avro/event.avsc", events...)
	s.start(everything(b.url), "CONNECTOR_SCHEMA_REGISTRY_URL="+registry, "CONNECTOR_EVENT_FORMAT=avro", oneByOne)
	got := b.await(t, len(held), 2*time.Minute)
	for i, r := range held {
		if want := doubles(t, r.Event); !reflect.DeepEqual(doubles(t, got[i]), want) {
			t.Errorf("%s (%s):\n got %s\nwant %s", r.Name, r.ID, got[i], r.Event)
		}
	}
	t.Logf("%d events came back as they were", len(held))
}

// doubles reads JSON as the connector writes it: a number that is too large for a double is null, and __proto__ is no member, as with Segment.
func doubles(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case json.Number:
			f, err := v.Float64()
			if err != nil {
				return nil
			}
			return f + 0 // -0 is 0
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			delete(v, "__proto__")
			for k := range v {
				v[k] = walk(v[k])
			}
		}
		return v
	}
	return walk(v)
}

// poison is a file of schemas/testdata/poison; the README there says what is in it.
type poison struct {
	name       string
	Null       bool
	Schema     string
	SchemaType string
	Single     string
	Value      []string
	Reason     string
}

func readPoison(t *testing.T) (all []*poison) {
	t.Helper()
	files, err := filepath.Glob("../../schemas/testdata/poison/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := &poison{name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(text, p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, p)
	}
	return all
}

// value is the record's value. trackFingerprint begins the single objects of the corpus.
func (p *poison) value(t *testing.T, registry string) []byte {
	t.Helper()
	if p.Null {
		return nil
	}
	out := []byte{}
	switch {
	case p.Schema != "":
		id := register(t, registry, "poison-"+p.name+"-"+strconv.Itoa(int(time.Now().UnixNano())), p.Schema, p.SchemaType)
		out = wire.BigEndian.AppendUint32([]byte{0}, id)
	case p.Single == "track":
		out = wire.LittleEndian.AppendUint64([]byte{0xC3, 1}, trackFingerprint)
	}
	for _, piece := range p.Value {
		digits, times, _ := strings.Cut(piece, "*")
		b, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		if times != "" {
			if n, err = strconv.Atoi(times); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, strings.Repeat(string(b), n)...)
	}
	return out
}

const trackFingerprint = 0xcfe16a38774d2161

// Whatever is in a topic, what is good arrives, and what is not is in the dead-letter topic with a reason.
func TestPoisonBetweenGoodRecords(t *testing.T) {
	large := new("80000000")
	s := newSystem(t, kafkatest.Start(t), 1)
	if _, err := s.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: large}}, s.topic); err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.CreateTopic(t.Context(), 1, 1, map[string]*string{"max.message.bytes": large}, s.deadLetters()); err != nil {
		t.Fatal(err)
	}
	registry := startRegistry(t).url
	corpus := readPoison(t)
	producer := s.cluster.Client(t, kgo.DefaultProduceTopic(s.topic), kgo.ProducerBatchMaxBytes(80_000_000), kgo.MaxBufferedBytes(200_000_000))
	values := map[string][]byte{} // by key
	for i, p := range corpus {
		values[p.name] = p.value(t, registry)
		if err := producer.ProduceSync(t.Context(), &kgo.Record{Key: []byte(p.name), Value: values[p.name]}, &kgo.Record{Value: []byte(event(i))}).FirstErr(); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	b := newBodies(t)
	s.start(everything(b.url), "CONNECTOR_SCHEMA_REGISTRY_URL="+registry, "CONNECTOR_COMMIT_INTERVAL=100ms", oneByOne)
	for i, got := range b.await(t, len(corpus), 2*time.Minute) {
		if doubles(t, got) == nil || !reflect.DeepEqual(doubles(t, got), doubles(t, event(i))) {
			t.Errorf("good record %d: got %s, want %s", i, got, event(i))
		}
	}
	b.receiver.await(t, "the commit", time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
	found := map[string]bool{}
	for _, l := range s.letters() {
		headers := map[string]string{}
		for _, h := range l.Headers {
			headers[h.Key] = string(h.Value)
		}
		name := string(l.Key)
		i := slices.IndexFunc(corpus, func(p *poison) bool { return p.name == name })
		if i < 0 {
			t.Errorf("a dead letter for %q", name)
			continue
		}
		found[name] = true
		if headers["dlq.reason"] != "undecodable" || headers["dlq.error"] == "" || !strings.Contains(headers["dlq.error"], corpus[i].Reason) {
			t.Errorf("%s: dead letter %q: %q, want undecodable: %s", name, headers["dlq.reason"], headers["dlq.error"], corpus[i].Reason)
		}
		const whole = 1 << 20 // larger values may be shortened
		if !bytes.Equal(l.Value, values[name]) && (len(l.Value) < whole || !bytes.HasPrefix(values[name], l.Value)) {
			t.Errorf("%s: the value changed: %d bytes, want %d", name, len(l.Value), len(values[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !found[name] {
			t.Errorf("%s: there is no dead letter", name)
		}
	}
}

// The registry is killed and started again while the connector runs. Meanwhile the partition that needs it waits and says so, the other goes on, nothing
// becomes a dead letter; afterwards all of it is delivered, once and in order.
func TestRegistryGoesDownAndComesBack(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 2)
	b := newBodies(t)
	registry := startRegistry(t)
	id := register(t, registry.url, s.topic+"-value", `{"type":"record","name":"E","fields":[{"name":"type","type":"string"},{"name":"n","type":"int"}]}`, "")
	other := register(t, registry.url, s.topic+"-other", `{"type":"record","name":"E","fields":[{"name":"type","type":"string"},{"name":"m","type":"int"}]}`, "")
	avro := func(id uint32, n int) []byte {
		return append(append(wire.BigEndian.AppendUint32([]byte{0}, id), "\x0atrack"...), byte(2*n))
	}
	producer := s.cluster.Client(t, kgo.DefaultProduceTopic(s.topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	send := func(partition int32, values ...[]byte) {
		t.Helper()
		for _, v := range values {
			if err := producer.ProduceSync(t.Context(), &kgo.Record{Partition: partition, Value: v}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	probe := freeAddress(t)
	s.start(everything(b.url), "CONNECTOR_SCHEMA_REGISTRY_URL="+registry.url, "CONNECTOR_COMMIT_INTERVAL=100ms", "CONNECTOR_HTTP_ADDR="+probe, oneByOne)
	send(0, avro(id, 1))
	b.await(t, 1, time.Minute)

	registry.kill()
	send(0, avro(id, 2), []byte(`{"type":"track","n":3}`), avro(other, 4), []byte(`{"type":"track","n":5}`)) // id is known already
	b.await(t, 3, time.Minute)
	send(1, []byte(`{"type":"track","n":10}`))
	b.await(t, 4, time.Minute)
	b.receiver.await(t, "the reason why it is not ready", time.Minute, func() bool {
		status, text := get(t, "http://"+probe+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "wait for the schema registry") && strings.Contains(text, "connection refused")
	})
	if _, text := get(t, "http://"+probe+"/metrics"); !strings.Contains(text, "\nconnector_registry_waiting_partitions 1\n") {
		t.Error("the metrics do not say that one partition waits")
	}
	send(1, avro(id, 11), []byte(`{"type":"track","n":12}`))
	got := b.await(t, 6, time.Minute)
	if want := []string{
		`{"type":"track","n":1}`, `{"type":"track","n":2}`, `{"type":"track","n":3}`,
		`{"type":"track","n":10}`, `{"type":"track","n":11}`, `{"type":"track","n":12}`,
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	b.receiver.await(t, "the commit of what comes before", time.Minute, func() bool {
		committed, _ := s.committed()
		return committed == 6
	})

	registry.start(t)
	got = b.await(t, 8, time.Minute)[6:]
	if want := []string{`{"type":"track","m":4}`, `{"type":"track","n":5}`}; !slices.Equal(got, want) {
		t.Errorf("afterwards: got %q, want %q", got, want)
	}
	b.receiver.await(t, "the commit", time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
	b.receiver.await(t, "that it is ready", time.Minute, func() bool {
		status, _ := get(t, "http://"+probe+"/readyz")
		return status == http.StatusOK
	})
	if letters := s.letters(); len(letters) > 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// Validation is the operator's choice: an event that breaks Segment's specification arrives, or is a dead letter with the reason.
func TestValidation(t *testing.T) {
	for _, validate := range []string{"warn", "dead-letter"} {
		t.Run(validate, func(t *testing.T) {
			s := newSystem(t, kafkatest.Start(t), 1)
			b := newBodies(t)
			s.start(everything(b.url), "CONNECTOR_VALIDATE="+validate, "CONNECTOR_COMMIT_INTERVAL=100ms", oneByOne)
			s.produce(`{"type":"track","userId":"u"}`, `{"type":"page","userId":"u"}`)
			want := []string{`{"type":"track","userId":"u"}`, `{"type":"page","userId":"u"}`}
			if validate == "dead-letter" {
				want = want[1:]
			}
			if got := b.await(t, len(want), time.Minute); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			b.receiver.await(t, "the commit", time.Minute, func() bool {
				committed, end := s.committed()
				return committed == end
			})
			letters := s.letters()
			if len(letters) != 2-len(want) {
				t.Fatalf("%d dead letters, want %d", len(letters), 2-len(want))
			}
			for _, l := range letters {
				reason := ""
				for _, h := range l.Headers {
					if h.Key == "dlq.error" {
						reason = string(h.Value)
					}
				}
				if !strings.Contains(reason, "event is missing, which every track has") {
					t.Errorf("the reason is %q", reason)
				}
			}
		})
	}
}
