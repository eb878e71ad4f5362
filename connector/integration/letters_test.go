//go:build integration

package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"segment-webhooks/connector/kafkatest"
)

// dlq runs "connector dlq" and returns what it prints.
func (s *system) dlq(mappings string, args ...string) (stdout, stderr *bytes.Buffer, command *exec.Cmd) {
	s.t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	command = exec.CommandContext(context.WithoutCancel(s.t.Context()), binary(s.t), append([]string{"dlq"}, args...)...)
	command.Env = append(os.Environ(), s.environment(mappings)...)
	command.Stdout, command.Stderr = stdout, stderr
	return stdout, stderr, command
}

// want runs "connector dlq" and fails the test unless it ends with the code and prints all of the texts.
func (s *system) wantDLQ(mappings string, code int, args []string, texts ...string) string {
	s.t.Helper()
	stdout, stderr, command := s.dlq(mappings, args...)
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == code {
		err = nil
	}
	if err != nil || command.ProcessState.ExitCode() != code {
		s.t.Fatalf("connector dlq %s: %v, want code %d\n%s%s", strings.Join(args, " "), err, code, stdout, stderr)
	}
	for _, text := range texts {
		if !strings.Contains(stdout.String()+stderr.String(), text) {
			s.t.Errorf("connector dlq %s does not say %q:\n%s%s", strings.Join(args, " "), text, stdout, stderr)
		}
	}
	return stdout.String()
}

// Ten thousand dead letters of three mappings, which a connector wrote because the endpoints refused them, are listed, chosen and replayed, and the
// replay is killed in the middle. Each arrives, at the mapping it failed for, and at most what was in flight arrives twice. Another replay
// sends nothing.
func TestReplayIsKilledAndGoesOn(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 6)
	r := newReceiver(t)
	const n, inFlight = 5000, 16
	mappings := fmt.Sprintf(`
mappings:
  - name: orders
    trigger: type = "track" or type = "identify" or type = "page" or type = "screen"
    fields: {url: "%[1]s/orders?token=hidden", method: POST, data: {"@path": "$."}}
  - name: people
    trigger: type = "identify" or type = "group" or type = "alias" or type = "delete"
    fields: {url: "%[1]s/people", method: PUT, data: {"@path": "$."}}
  - name: lake
    trigger: type != ""
    fields: {url: "%[1]s/lake", method: POST, data: {"@path": "$."}, enable_batching: true, batch_size: 100}
`, r.url)
	paths := map[string][]string{"/orders": nil, "/people": nil, "/lake": nil}
	for path := range paths {
		r.answer(path, http.StatusForbidden)
	}
	for i := range n {
		kind := i % 7 // as event numbers them: track, identify, page, screen, group, alias, delete
		if kind <= 3 {
			paths["/orders"] = append(paths["/orders"], id(i))
		}
		if kind == 1 || kind >= 4 {
			paths["/people"] = append(paths["/people"], id(i))
		}
		paths["/lake"] = append(paths["/lake"], id(i))
	}
	letters := 0
	for _, ids := range paths {
		letters += len(ids)
	}
	stop := s.start(mappings, "CONNECTOR_COMMIT_INTERVAL=100ms")
	s.produce(all(n)...)
	r.await(t, "the dead letters", 2*time.Minute, func() bool {
		committed, end := s.committed()
		return end == n && committed == end
	})
	stop()
	if letters < 10_000 || s.endOf(s.deadLetters()) != int64(letters) {
		t.Fatalf("%d dead letters, want %d, at least 10000", s.endOf(s.deadLetters()), letters)
	}

	list := s.wantDLQ(mappings, 0, []string{"list"}, "rejected  orders", "rejected  people", "rejected  lake", "status 403", "and ")
	if strings.Contains(list, "hidden") || strings.Contains(list, "Order Completed") {
		t.Errorf("the list shows what it should not:\n%s", list)
	}
	t.Logf("the list:\n%s", list[strings.LastIndex(list, "\n\n"):])
	if got := strings.Count(s.wantDLQ(mappings, 0, []string{"list", "--json", "--mapping", "people", "--reason", "rejected", "--since", "1h", "--topic", s.topic}), "\n"); got != len(paths["/people"]) {
		t.Errorf("%d letters of people in JSON, want %d", got, len(paths["/people"]))
	}
	s.wantDLQ(mappings, 0, []string{"list", "--host", "elsewhere.example.com"}, "no dead letters")

	for path := range paths {
		r.answer(path, http.StatusOK)
	}
	args := []string{"replay", "--mapping", "orders", "--mapping", "people", "--mapping", "lake", "--in-flight", fmt.Sprint(inFlight)}
	_, stderr, command := s.dlq(mappings, append(args, "--rate", "1000")...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	third := func() bool { return r.distinct("/orders")+r.distinct("/people")+r.distinct("/lake") > letters/3 }
	r.await(t, "a third of the letters", time.Minute, third)
	s.wantDLQ(mappings, 1, args, "another replay of "+s.deadLetters()+" is running")
	_ = command.Process.Kill()
	_ = command.Wait()
	before := r.distinct("/orders") + r.distinct("/people") + r.distinct("/lake")
	t.Logf("killed after %d of %d letters %s", before, letters, stderr)
	if before >= letters {
		t.Fatal("the replay was done before it was killed")
	}
	begin := time.Now()
	report := s.wantDLQ(mappings, 0, args, "delivered before")
	t.Logf("in %v, of which Kafka takes ten seconds to miss the first replay:\n%s", time.Since(begin).Round(time.Millisecond), report)
	duplicates := 0
	for path, wanted := range paths {
		missing, twice := r.missing(path, wanted)
		if len(missing) > 0 {
			t.Errorf("%d events did not arrive at %s, such as %s", len(missing), path, missing[0])
		}
		duplicates += twice
		if path != "/lake" && twice > inFlight {
			t.Errorf("%d events arrived twice at %s with %d in flight", twice, path, inFlight)
		}
	}
	t.Logf("%d events arrived twice", duplicates)
	if duplicates > inFlight*100 {
		t.Errorf("%d events arrived twice, which is more than %d batches of 100", duplicates, inFlight)
	}
	asked := r.asked("/orders") + r.asked("/people") + r.asked("/lake")
	s.wantDLQ(mappings, 0, args, fmt.Sprintf("nothing to do: what was chosen, %s letters, has been delivered", thousands(letters)))
	if again := r.asked("/orders") + r.asked("/people") + r.asked("/lake"); again != asked {
		t.Errorf("another replay made %d requests", again-asked)
	}
	s.wantDLQ(mappings, 0, []string{"list", "--pending"}, "no dead letters")
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
