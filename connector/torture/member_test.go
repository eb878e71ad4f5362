//go:build torture && linux

package torture

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"segment-webhooks/connector/kafkatest"
)

// setup is what all connectors have in common.
type setup struct {
	binary  string
	folder  string // of mappings and logs
	cluster *kafkatest.Cluster
	topics  []string
	letters string
	group   string
}

// member is a connector, which may be started more than once.
type member struct {
	t       testing.TB
	setup   *setup
	name    string
	door    int // through which it reaches the cluster
	command *exec.Cmd
	done    chan struct{}
	starts  int
	since   time.Time // of the last start
	exits   []string  // how processes ended that nobody had told to
	ending  bool
}

// window is short, so that it ends in a run of minutes.
const (
	window  = 45 * time.Second
	session = 6 * time.Second
)

func (m *member) start() {
	m.t.Helper()
	m.starts++
	log, err := os.OpenFile(filepath.Join(m.setup.folder, m.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		m.t.Fatal(err)
	}
	defer log.Close()
	m.command = exec.CommandContext(context.WithoutCancel(m.t.Context()), m.setup.binary)
	m.command.Env = append(os.Environ(),
		"CONNECTOR_KAFKA_BROKERS="+strings.Join(m.setup.cluster.Door(m.door), ","),
		"CONNECTOR_KAFKA_TOPICS="+strings.Join(m.setup.topics, ","),
		"CONNECTOR_KAFKA_GROUP="+m.setup.group,
		"CONNECTOR_KAFKA_SESSION_TIMEOUT="+session.String(),
		"CONNECTOR_DLQ_TOPIC="+m.setup.letters,
		"CONNECTOR_MAPPINGS_FILE="+filepath.Join(m.setup.folder, "mappings.yaml"),
		"CONNECTOR_SHARED_SECRET="+secret,
		"CONNECTOR_REQUEST_TIMEOUT="+requestTimeout.String(),
		"CONNECTOR_RETRY_WINDOW="+window.String(),
		"CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=5s", "CONNECTOR_BATCH_LINGER=200ms",
		"CONNECTOR_HTTP_ADDR=127.0.0.1:0", "CONNECTOR_SHUTDOWN_GRACE=5s", "CONNECTOR_MEMORY_BUDGET=64MiB",
		fmt.Sprintf("CONNECTOR_USER_AGENT=%s.%d", m.name, m.starts),
	)
	m.command.Stdout, m.command.Stderr = log, log
	m.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.command.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.done, m.ending, m.since = make(chan struct{}), false, time.Now()
	go func(c *exec.Cmd, done chan struct{}) {
		defer close(done)
		_ = c.Wait()
	}(m.command, m.done)
}

// signal sends a signal to the process, if it is there.
func (m *member) signal(s syscall.Signal) { _ = m.command.Process.Signal(s) }

// alive says whether the process is there.
func (m *member) alive() bool {
	select {
	case <-m.done:
		return false
	default:
		return true
	}
}

// kill is kill -9.
func (m *member) kill() {
	m.ending = true
	m.signal(syscall.SIGKILL)
	<-m.done
}

// stop is SIGTERM. It reports a process that does not end within half a minute.
func (m *member) stop() {
	m.t.Helper()
	if !m.alive() {
		return
	}
	m.ending = true
	m.signal(syscall.SIGTERM)
	select {
	case <-m.done:
		if code := m.command.ProcessState.ExitCode(); code != 0 {
			m.exits = append(m.exits, fmt.Sprintf("%s.%d ended with code %d when it was told to stop", m.name, m.starts, code))
		}
	case <-time.After(30 * time.Second):
		m.t.Errorf("%s did not end within 30 s of SIGTERM", m.name)
		m.kill()
	}
}

// revive starts a process that has ended by itself, as an orchestrator would.
func (m *member) revive() {
	m.t.Helper()
	if m.alive() {
		return
	}
	if !m.ending {
		m.exits = append(m.exits, fmt.Sprintf("%s.%d ended by itself: %v", m.name, m.starts, m.command.ProcessState))
	}
	m.start()
}
