//go:build unix

package kafkatest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// nodes are the broker processes of one cluster.
//
// They are a process group, and a shell, the guard, waits for the end of its standard input to kill that group and remove
// its data. The other end of that pipe is held by this process alone, so no broker outlives it: not after a panic, a
// test time-out or a kill. The same road ends them when all is well.
type nodes struct {
	script string
	dir    string // holds one folder a node
	id     string // of the cluster, 22 characters
	pipe   io.Closer
	leader *exec.Cmd
	guard  *exec.Cmd

	mu  sync.Mutex // guards what follows
	all []*node
}

type node struct {
	id, port, controller int
	cmd                  *exec.Cmd
	doors                []*door       // further listeners, each behind a proxy
	log                  string        // path of what the process writes
	done                 chan struct{} // closed when the process has ended
}

func startNodes(ctx context.Context, n, doors int) (_ *nodes, err error) {
	if n < 1 || n > 9 {
		return nil, fmt.Errorf("%d nodes asked for, 1 to 9 are possible", n)
	}
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, ".kafka", "libs", "pom.xml")); err != nil {
		return nil, errors.New(`there are no Kafka jars: run "make kafka-jars" once, or set KAFKA_BROKERS to use a running cluster`)
	}
	ports, err := freePorts(ctx, (2+doors)*n)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 11)
	rand.Read(id)
	ns := &nodes{script: filepath.Join(root, "deploy", "kafka", "broker"), id: hex.EncodeToString(id)}
	if ns.dir, err = os.MkdirTemp("", "kafkatest-"); err != nil {
		return nil, err
	}
	if err := ns.startGuard(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(ns.dir))
	}
	for i := range n {
		nd := &node{id: i + 1, port: ports[2*i], controller: ports[2*i+1]}
		ns.all = append(ns.all, nd)
		for k := range doors {
			d, err := hang(ctx, ports[2*n+doors*i+k])
			if err != nil {
				ns.end()
				return nil, err
			}
			nd.doors = append(nd.doors, d)
		}
	}
	for _, nd := range ns.all {
		if err := ns.start(ctx, nd); err != nil {
			ns.end()
			return nil, err
		}
	}
	return ns, nil
}

// startGuard starts the leader, which does nothing but lend its process id to the group of the brokers, and the guard.
func (ns *nodes) startGuard(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	ns.pipe = w
	own := &syscall.SysProcAttr{Setpgid: true} // out of reach of the terminal's Ctrl-C
	ns.leader = exec.CommandContext(ctx, "cat")
	ns.leader.Stdin, ns.leader.SysProcAttr = r, own
	if err := ns.leader.Start(); err != nil {
		return errors.Join(err, w.Close())
	}
	//nolint:gosec // a constant script; its arguments are a number and a folder of our own
	ns.guard = exec.CommandContext(ctx, "/bin/sh", "-c", `cat; kill -KILL "-$1"; rm -rf "$2"`, "guard", strconv.Itoa(ns.leader.Process.Pid), ns.dir)
	ns.guard.Stdin, ns.guard.SysProcAttr = r, own
	if err := ns.guard.Start(); err != nil {
		return errors.Join(err, w.Close(), ns.leader.Wait())
	}
	return nil
}

// start runs a node that is not running. It does not wait until the node serves.
func (ns *nodes) start(ctx context.Context, nd *node) error {
	var list []string
	for _, o := range ns.all {
		list = append(list, fmt.Sprintf("%d:%d:%d%s", o.id, o.port, o.controller, doorways(o.doors)))
	}
	nd.log = filepath.Join(ns.dir, strconv.Itoa(nd.id)+".log")
	out, err := os.OpenFile(nd.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	//nolint:gosec // our own script, from our own tree
	nd.cmd = exec.CommandContext(ctx, ns.script, "run", filepath.Join(ns.dir, strconv.Itoa(nd.id)), ns.id, strconv.Itoa(nd.id), strings.Join(list, ","))
	nd.cmd.Stdout, nd.cmd.Stderr = out, out
	nd.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: ns.leader.Process.Pid}
	if err := nd.cmd.Start(); err != nil {
		return fmt.Errorf("starting node %d: %w", nd.id, err)
	}
	nd.done = make(chan struct{})
	go func() {
		defer close(nd.done)
		_ = nd.cmd.Wait() // how it ended is in its log
	}()
	return nil
}

// end stops every node at once, whatever state it is in, and removes their data.
func (ns *nodes) end() {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	_ = ns.pipe.Close()
	for _, nd := range ns.all {
		for _, d := range nd.doors {
			d.remove()
		}
		if nd.done != nil {
			<-nd.done
		}
	}
	_ = ns.leader.Wait() // killed
	_ = ns.guard.Wait()
}

// alive names a node that has ended by itself.
func (ns *nodes) alive() error {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	for _, nd := range ns.all {
		select {
		case <-nd.done:
			return fmt.Errorf("node %d ended: %v", nd.id, nd.cmd.ProcessState)
		default:
		}
	}
	return nil
}

func (ns *nodes) addresses() []string {
	var list []string
	for _, nd := range ns.all {
		list = append(list, net.JoinHostPort("127.0.0.1", strconv.Itoa(nd.port)))
	}
	return list
}

func (ns *nodes) logs() string {
	var b strings.Builder
	for _, nd := range ns.all {
		text, err := os.ReadFile(nd.log)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "node %d:\n%s\n", nd.id, text[max(0, len(text)-8<<10):])
	}
	return b.String()
}

// Stop freezes nodes with SIGSTOP, all of them when no id is given: connections stay open and nothing answers. What is
// still frozen when the test ends goes on then.
func (c *Cluster) Stop(t testing.TB, ids ...int) {
	t.Helper()
	c.signal(t, syscall.SIGSTOP, ids)
	t.Cleanup(func() { c.signal(t, syscall.SIGCONT, ids) })
}

// Cont lets frozen nodes go on.
func (c *Cluster) Cont(t testing.TB, ids ...int) {
	t.Helper()
	c.signal(t, syscall.SIGCONT, ids)
}

// Kill ends nodes with SIGKILL, all of them when no id is given, and returns when they are gone. [Cluster.Restart]
// brings them back with their data.
func (c *Cluster) Kill(t testing.TB, ids ...int) {
	t.Helper()
	for _, nd := range c.signal(t, syscall.SIGKILL, ids) {
		<-nd.done
	}
}

// Restart stops nodes in good order, all of them when no id is given, starts them again with their data on the same
// ports, and returns when the whole cluster answers. Not for use by two tests at once.
func (c *Cluster) Restart(t testing.TB, ids ...int) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	down := c.signal(t, syscall.SIGTERM, ids)
	for _, nd := range down {
		select {
		case <-nd.done:
		case <-time.After(answerTimeout):
			t.Fatalf("node %d did not stop within %v of SIGTERM", nd.id, answerTimeout)
		}
	}
	c.nodes.mu.Lock()
	for _, nd := range down {
		if err := c.nodes.start(ctx, nd); err != nil {
			c.nodes.mu.Unlock()
			t.Fatal(err)
		}
	}
	c.nodes.mu.Unlock()
	if err := c.wait(ctx, len(c.nodes.all), c.nodes.alive); err != nil {
		t.Fatalf("restarting Kafka: %v\n%s", err, c.nodes.logs())
	}
}

// Pid is the process id of a node.
func (c *Cluster) Pid(id int) int {
	c.nodes.mu.Lock()
	defer c.nodes.mu.Unlock()
	return c.nodes.all[id-1].cmd.Process.Pid
}

// Ended says whether a node's process is gone.
func (c *Cluster) Ended(id int) bool {
	c.nodes.mu.Lock()
	defer c.nodes.mu.Unlock()
	select {
	case <-c.nodes.all[id-1].done:
		return true
	default:
		return false
	}
}

// signal sends one signal to the nodes and returns them.
func (c *Cluster) signal(t testing.TB, sig syscall.Signal, ids []int) []*node {
	t.Helper()
	if c.nodes == nil {
		t.Fatal("KAFKA_BROKERS names a cluster that is not ours to stop: take one from StartNodes")
	}
	c.nodes.mu.Lock()
	defer c.nodes.mu.Unlock()
	if len(ids) == 0 {
		for _, nd := range c.nodes.all {
			ids = append(ids, nd.id)
		}
	}
	var hit []*node
	for _, id := range ids {
		if id < 1 || id > len(c.nodes.all) {
			t.Fatalf("there is no node %d: ids go from 1 to %d", id, len(c.nodes.all))
		}
		nd := c.nodes.all[id-1]
		if err := nd.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatalf("sending %v to node %d: %v", sig, id, err)
		}
		hit = append(hit, nd)
	}
	return hit
}

// freePorts finds n ports of loopback that nothing listens on. They lie below the range that outgoing connections are
// given theirs from, which leaves little that could take one before the broker does.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	var listen net.ListenConfig
	for range 1000 {
		port := 10_000 + mathrand.IntN(20_000) //nolint:gosec // any port will do
		l, err := listen.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer l.Close() // held until all are found, so that they differ
		ports = append(ports, port)
		if len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("found %d of %d free ports on 127.0.0.1", len(ports), n)
}

// moduleRoot is the nearest folder at or above the working directory that holds go.mod.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod at or above %s", start)
		}
	}
}
