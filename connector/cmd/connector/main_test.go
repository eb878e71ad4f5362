package main

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"kafka": startKafka},
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
