//go:build unix

package sink

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// spongeEnv set to anything makes the test binary a server for [BenchmarkSend].
const spongeEnv = "SINK_BENCHMARK_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(spongeEnv) != "" {
		sponge()
		return
	}
	os.Exit(m.Run())
}

// sponge answers 200 to everything that ends as testPayload's data does and does nothing else. It
// prints its address and ends with its input.
func sponge() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			buffer := make([]byte, 64<<10)
			for {
				n, err := conn.Read(buffer)
				if err != nil {
					return
				}
				if !bytes.HasSuffix(buffer[:n], []byte(`"}}`)) {
					continue
				}
				if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
					return
				}
			}
		}()
	}
}

// startSponge runs the server in a process of its own, so that what is measured is the client.
func startSponge(b *testing.B) string {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0])
	command.Env = append(os.Environ(), spongeEnv+"=1")
	output, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := command.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed
	})
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(address)
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkSend is one request of 1 KB over loopback, with some in flight at all times. Its
// cpu-ns/op is the client's alone; compare the transports within one run, never two runs.
func BenchmarkSend(b *testing.B) {
	url := startSponge(b)
	for _, inFlight := range []int{1, 16, 64} {
		for _, transport := range transports {
			b.Run(fmt.Sprintf("%s/%d in flight", transport, inFlight), func(b *testing.B) {
				p := testPayload()
				p.URL = url
				c := newClient(b, Options{Transport: transport, UserAgent: "Segment.io/1.0"})
				r := single(b, p, NewSigner([]byte("s")), Header{"Idempotency-Key", "orders/0/7"})
				b.ReportAllocs()
				b.SetParallelism(max(1, inFlight/runtime.GOMAXPROCS(0)))
				before := cpuTime(b)
				if inFlight == 1 {
					for b.Loop() {
						sendForBenchmark(b, c, r)
					}
				} else {
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							sendForBenchmark(b, c, r)
						}
					})
				}
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

func sendForBenchmark(b *testing.B, c *Client, r *Request) {
	if a := c.Send(b.Context(), r); a.Class != Delivered {
		b.Errorf("got %v %v", a.Class, a.Err)
	}
}
