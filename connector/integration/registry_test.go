//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// apicurio is the registry of this test process, a real one. It ends with the process: the script that runs it waits for the end of its
// standard input.
var apicurio struct {
	once sync.Once
	url  string
	err  error
	held io.Closer
}

// startRegistry gives the URL of Confluent's API of a running registry.
func startRegistry(t *testing.T) string {
	t.Helper()
	apicurio.once.Do(func() { apicurio.err = launchRegistry(context.WithoutCancel(t.Context())) })
	if apicurio.err != nil {
		t.Fatalf("starting the schema registry: %v", apicurio.err)
	}
	return apicurio.url
}

func launchRegistry(ctx context.Context) error {
	free, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	var output bytes.Buffer
	command := exec.CommandContext(ctx, "../../deploy/registry/registry", "run", fmt.Sprint(port))
	command.Stdout, command.Stderr = &output, &output
	if apicurio.held, err = command.StdinPipe(); err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	apicurio.url = fmt.Sprintf("http://127.0.0.1:%d/apis/ccompat/v7", port)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, apicurio.url+"/subjects", http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended: %w: %s", err, output.Bytes())
		case <-ctx.Done():
			return fmt.Errorf("not ready after 2 minutes")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// register puts a schema into the registry and gives its id. The type is "" for Avro.
func register(t *testing.T, registry, subject, schema, typ string) uint32 {
	t.Helper()
	told := map[string]string{"schema": schema}
	if typ != "" {
		told["schemaType"] = typ
	}
	body, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, registry+"/subjects/"+url.PathEscape(subject)+"/versions", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var registered struct{ ID uint32 }
	if err := json.Unmarshal(answer, &registered); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("registering %s: status %d: %s", subject, response.StatusCode, answer)
	}
	return registered.ID
}

// producePython writes events with Confluent's client and its Avro serializer, which registers the schema.
func (s *system) producePython(registry, schema string, events ...string) {
	s.t.Helper()
	python, err := filepath.Abs("../../.kafka/python/bin/python")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		s.t.Fatal(`there is no Python with Confluent's client: run "make registry" once`)
	}
	command := exec.CommandContext(s.t.Context(), python, "testdata/produce.py", strings.Join(s.cluster.Brokers(), ","), registry, s.topic, schema)
	command.Stdin = strings.NewReader(strings.Join(events, "\n"))
	if out, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("producing with Python: %v\n%s", err, out)
	}
}

// door stands before a registry and can be shut.
type door struct {
	url  string
	shut atomic.Bool
	seen atomic.Int32 // requests
}

func newDoor(t *testing.T, registry string) *door {
	t.Helper()
	target, err := url.Parse(registry)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	d := &door{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.seen.Add(1)
		if d.shut.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// bodies is a webhook endpoint that keeps what it gets, in the order in which it comes.
type bodies struct {
	receiver *receiver // judges signatures

	mu   sync.Mutex
	got  []string
	more chan struct{}
	url  string
}

func newBodies(t *testing.T) *bodies {
	t.Helper()
	b := &bodies{receiver: newReceiver(t), more: make(chan struct{})}
	b.receiver.withNode(t)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *bodies) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if !b.receiver.signed(r, body, body) {
		body = append([]byte("NOT SIGNED: "), body...)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, string(body))
	close(b.more)
	b.more = make(chan struct{})
	w.WriteHeader(http.StatusOK)
}

// await waits until n requests have come and gives their bodies.
func (b *bodies) await(t *testing.T, n int, patience time.Duration) []string {
	t.Helper()
	late := time.After(patience)
	for {
		b.mu.Lock()
		got, more := append([]string(nil), b.got...), b.more
		b.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%d of %d requests within %v", len(got), n, patience)
		}
	}
}
