//go:build bench && linux

package bench

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/bench/limit"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// The test binary plays several parts, which this variable tells apart.
const (
	role          = "BENCH_ROLE"
	roleMeasuring = "measuring" // pinned to the second CPU
	roleLimit     = "limit"     // pinned to the first
	roleProfile   = "profile"   // the connector with a CPU profile, pinned to the first
)

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var err error
	switch os.Getenv(role) {
	case roleMeasuring:
		os.Exit(m.Run())
	case roleLimit:
		err = runLimit(ctx)
	case roleProfile:
		err = runProfiled(ctx)
	default:
		err = pin()
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pin starts this program again on the second CPU, with all that it will start there.
func pin() error {
	cpus, err := available()
	if err != nil {
		return err
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		return fmt.Errorf("the benchmark needs taskset (Debian: apt-get install util-linux): %w", err)
	}
	args := append([]string{"taskset", "-c", strconv.Itoa(cpus[1])}, os.Args...)
	return syscall.Exec(taskset, args, append(os.Environ(), role+"="+roleMeasuring, "BENCH_CPU="+strconv.Itoa(cpus[0])))
}

// available are the CPUs that this process may use, two at least.
func available() ([]int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err
	}
	var cpus []int
	for line := range strings.Lines(string(status)) {
		list, ok := strings.CutPrefix(line, "Cpus_allowed_list:")
		if !ok {
			continue
		}
		for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
			var low, high int
			if n, _ := fmt.Sscanf(part, "%d-%d", &low, &high); n == 1 {
				high = low
			}
			for c := low; c <= high; c++ {
				cpus = append(cpus, c)
			}
		}
	}
	if len(cpus) < 2 {
		return nil, errors.New("the benchmark needs two CPUs: one for the connector, one for all that it talks to")
	}
	return cpus, nil
}

func runLimit(ctx context.Context) error {
	o := limit.Options{
		Brokers: strings.Split(os.Getenv("LIMIT_BROKERS"), ","), Topic: os.Getenv("LIMIT_TOPIC"), Group: os.Getenv("LIMIT_GROUP"),
		Addr: os.Getenv("LIMIT_ADDR"), Path: "/m0", Secret: secret, Batch: 1,
	}
	if os.Getenv("LIMIT_BATCHES") != "" {
		o.Batch = 1000
	}
	if file := os.Getenv("LIMIT_CA"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		o.Secure = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
		o.Secure.RootCAs.AppendCertsFromPEM(pem)
	}
	return limit.Run(ctx, o)
}

// runProfiled is the connector's command as far as it matters, and a profile of it.
func runProfiled(ctx context.Context) error {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	set, _, err := mapping.LoadText("mappings.yaml", []byte(os.Getenv("CONNECTOR_MAPPINGS")), func(string) (string, bool) { return "", false }, mapping.Options{})
	if err != nil {
		return err
	}
	f, err := os.Create(os.Getenv("BENCH_PROFILE"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return connector.Run(ctx, cfg, set, connector.Options{Log: slog.New(slog.DiscardHandler)})
}

// command builds the connector once, the way it is released.
func command(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "connector")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "../cmd/connector")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the connector: %v\n%s", err, out)
	}
	return path
}

// process is what is measured, on the first CPU.
type process struct {
	command *exec.Cmd
	output  bytes.Buffer
	done    chan struct{}
	memory  int // the most that was resident so far, in MiB
}

func spawn(t testing.TB, path string, environment []string) *process {
	t.Helper()
	p := &process{command: exec.CommandContext(context.WithoutCancel(t.Context()), "taskset", "-c", os.Getenv("BENCH_CPU"), path), done: make(chan struct{})}
	p.command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, environment...)
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(t, p.command.Start())
	go func() {
		defer close(p.done)
		_ = p.command.Wait() // how it ended shows in what it has delivered
	}()
	return p
}

// stop ends it in good order, or after ten seconds otherwise.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.command.Process.Kill()
		<-p.done
	}
}

// ended says whether it is not there any more.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// cpu is the CPU time that the process has used, user and system.
func (p *process) cpu() (time.Duration, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0, false
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid)); err == nil {
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				if kib, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
					p.memory = max(p.memory, kib>>10)
				}
			}
		}
	}
	return time.Duration(user+system) * (time.Second / 100), true // the kernel counts hundredths for user space
}
