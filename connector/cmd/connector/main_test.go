package main

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"connector": main})
}

// The scripts drive the command as a user does. $EXAMPLES is the folder of the example files.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../../deploy/examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"kafka": startKafka, "registry": startRegistry, "letters": writeLetters, "endpoint": startEndpoint,
		},
	})
}

// startKafka is the command "kafka TOPIC RECORDS GROUP OFFSET": a broker with one topic of two partitions, so many records in each, and what a group
// has committed for the first. It ends with the script.
func startKafka(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: kafka TOPIC RECORDS GROUP OFFSET")
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		ts.Check(err)
		return n
	}
	topic, records, group, offset := args[0], number(args[1]), args[2], number(args[3])
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, topic))
	ts.Check(err)
	ts.Defer(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	ts.Check(err)
	defer client.Close()
	ctx := context.Background()
	for i := range 2 * records {
		ts.Check(client.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: int32(i % 2), Value: []byte(`{"type":"track"}`)}).FirstErr())
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, int64(offset), -1)
	ts.Check(kadm.NewClient(client).CommitAllOffsets(ctx, group, offsets))
	ts.Setenv("CONNECTOR_KAFKA_BROKERS", cluster.ListenAddrs()[0])
}

// startRegistry is the command "registry USER:PASSWORD ID FILE": a schema registry that knows the schema in a file by that id. It ends with
// the script.
func startRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: registry USER:PASSWORD ID FILE")
	}
	id, err := strconv.Atoi(args[1])
	ts.Check(err)
	fake := srfake.New(srfake.WithAuth("Basic " + base64.StdEncoding.EncodeToString([]byte(args[0]))))
	ts.Defer(fake.Close)
	fake.SeedSchema("events-value", 1, id, sr.Schema{Schema: ts.ReadFile(args[2])})
	ts.Setenv("CONNECTOR_SCHEMA_REGISTRY_URL", fake.URL())
}

// writeLetters is the command "letters TOPIC MAPPING REASON NUMBER": so many dead letters of one mapping, in a topic that is created if need be.
func writeLetters(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: letters TOPIC MAPPING REASON NUMBER")
	}
	n, err := strconv.Atoi(args[3])
	ts.Check(err)
	client, err := kgo.NewClient(kgo.SeedBrokers(ts.Getenv("CONNECTOR_KAFKA_BROKERS")), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	ts.Check(err)
	defer client.Close()
	ctx := context.Background()
	_, err = kadm.NewClient(client).CreateTopics(ctx, 2, 1, nil, args[0])
	ts.Check(err)
	for i := range n {
		r := &kgo.Record{Topic: args[0], Partition: int32(i % 2), Value: []byte(`{"type":"track","userId":"somebody"}`)}
		for name, value := range map[string]string{
			"reason": args[2], "mapping": args[1], "topic": "events", "partition": "0", "offset": strconv.Itoa(i),
			"url": "https://erp.example.com/hooks", "method": "POST", "status": "401",
		} {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: "dlq." + name, Value: []byte(value)})
		}
		ts.Check(client.ProduceSync(ctx, r).FirstErr())
	}
}

// startEndpoint is the command "endpoint": a server at $ENDPOINT that answers 200, and 401 to what is sent to /refused.
func startEndpoint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: endpoint")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/refused" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("ENDPOINT", server.URL)
}
