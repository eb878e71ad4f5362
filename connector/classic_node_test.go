package connector

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// The events of Segment's page about Webhooks (Classic), through the connector's own steps to a receiver that checks the signature as
// that page says, in JavaScript. The body is what JavaScript makes of the event: JSON.stringify(JSON.parse(text)).
func TestClassicExamplesInNode(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not on PATH; the receiver is a JavaScript program")
	}
	files, err := filepath.Glob("testdata/classic/*.json")
	if err != nil || len(files) != 7 {
		t.Fatalf("%d events, want the seven of the page (%v)", len(files), err)
	}
	const secret = "a sécret"
	url, judge := nodeReceiver(t, secret)
	set, _, err := mapping.LoadVars(nil, nil, mapping.Options{Classic: mapping.Classic{URLs: url, Headers: `{"X-Team":"orders"}`}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := sink.NewClient(sink.Options{UserAgent: "Segment.io/1.0"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	signer, reader, m := sink.NewSigner([]byte(secret)), set.NewReader(), set.Mappings()[0]
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		event, match, err := reader.Read(text)
		if err != nil || match != 1 {
			t.Fatalf("%s: match %b, %v", file, match, err)
		}
		resolved, err := m.Resolve(event)
		if err != nil {
			t.Fatal(err)
		}
		p := payload(resolved)
		r, err := sink.Single(&p, signer)
		if err != nil {
			t.Fatal(err)
		}
		if want := stringified(t, text); string(r.Body()) != want {
			t.Errorf("%s: body\n%s\nwant\n%s", file, r.Body(), want)
		}
		r.Reach = sink.ReachPrivate
		a := client.Send(t.Context(), r)
		got := judge()
		if a.Class != sink.Delivered || !got.Verified || got.Method != http.MethodPost || got.Agent != "Segment.io/1.0" || got.Type != "application/json" {
			t.Errorf("%s: %v (%d, %v); the receiver says %+v", file, a.Class, a.Status, a.Err, got)
		}
	}
}

// verdict is what the receiver says of a request.
type verdict struct {
	Method   string
	Verified bool
	Agent    string `json:"user_agent"`
	Type     string `json:"content_type"`
	Reason   string
}

// nodeReceiver starts the receiver that the sink's tests use; next waits for what it says of a request.
func nodeReceiver(t *testing.T, secret string) (url string, next func() verdict) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", "../sink/testdata/verify-signature.mjs", "--port", "0", "--secret", secret)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = command.Wait() // killed
	})
	lines := bufio.NewScanner(out)
	read := func(v any) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the receiver ended: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), v); err != nil {
			t.Fatalf("the receiver wrote %q: %v", lines.Text(), err)
		}
	}
	var ready struct{ Listening int }
	read(&ready)
	return fmt.Sprintf("http://127.0.0.1:%d/x", ready.Listening), func() (v verdict) {
		t.Helper()
		read(&v)
		return v
	}
}

// stringified is what JavaScript makes of a JSON text.
func stringified(t *testing.T, text []byte) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", "-e", `process.stdout.write(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8"))))`)
	command.Stdin = bytes.NewReader(text)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("running node: %v", err)
	}
	return string(out)
}
