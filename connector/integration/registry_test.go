//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// apicurio is the registry of this test process, a real one that can be killed and started again. It ends with the process: the script that runs it
// waits for the end of its standard input.
var apicurio registryProcess

type registryProcess struct {
	once sync.Once
	err  error
	url  string // of Confluent's API
	port int
	data string
	held io.Closer
	done chan string // how it ended
}

// startRegistry gives the running registry.
func startRegistry(t *testing.T) *registryProcess {
	t.Helper()
	apicurio.once.Do(func() { apicurio.err = apicurio.prepare(context.WithoutCancel(t.Context())) })
	if apicurio.err != nil {
		t.Fatalf("preparing the schema registry: %v", apicurio.err)
	}
	if apicurio.held == nil {
		apicurio.start(t)
	}
	return &apicurio
}

// prepare finds a port and a place for the data.
func (r *registryProcess) prepare(ctx context.Context) error {
	free, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.port = free.Addr().(*net.TCPAddr).Port
	r.url = fmt.Sprintf("http://127.0.0.1:%d/apis/ccompat/v7", r.port)
	if err := free.Close(); err != nil {
		return err
	}
	r.data, err = os.MkdirTemp("", "registry-")
	return err
}

// start starts the registry with what it had stored, and waits until it answers.
func (r *registryProcess) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	var output bytes.Buffer
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "../../deploy/registry/registry", "run", strconv.Itoa(r.port), r.data)
	command.Stdout, command.Stderr = &output, &output
	held, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	r.held, r.done = held, make(chan string, 1)
	go func() { r.done <- fmt.Sprint(command.Wait()) }()
	for !r.answers(ctx) {
		select {
		case how := <-r.done:
			t.Fatalf("the schema registry ended: %s: %s", how, output.Bytes())
		case <-ctx.Done():
			t.Fatal("the schema registry is not ready after 2 minutes")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r *registryProcess) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/subjects", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// kill is kill -9.
func (r *registryProcess) kill() {
	if r.held != nil {
		_ = r.held.Close()
		<-r.done
		r.held = nil
	}
}

// end kills it for good.
func (r *registryProcess) end() {
	r.kill()
	if r.data != "" {
		_ = os.RemoveAll(r.data)
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
	s.python(".", strings.Join(events, "\n"), "testdata/produce.py", strings.Join(s.cluster.Brokers(), ","), registry, s.topic, schema)
}

// python runs the Python that has Confluent's client, in a folder and with that input.
func (s *system) python(folder, input string, args ...string) {
	s.t.Helper()
	python, err := filepath.Abs("../../.kafka/python/bin/python")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		s.t.Fatal(`there is no Python with Confluent's client: run "make registry" once`)
	}
	command := exec.CommandContext(s.t.Context(), python, args...)
	command.Dir, command.Stdin = folder, strings.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("producing with Python: %v\n%s", err, out)
	}
}

// guarded gives the URL of a door to a registry that takes HTTPS alone, by a certificate of its own authority, and lets only ada in; and a file
// with the authority's certificate.
func guarded(t *testing.T, registry string) (address, authority string) {
	t.Helper()
	target, err := url.Parse(registry)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ada" || password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	authority = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, authority
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
