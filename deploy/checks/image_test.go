package checks

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The image's build stage, up to what needs an engine: the command that the Dockerfile runs is run here, and what it makes has to be what
// the final stage, which holds nothing else, can start: static, small, and telling its version. That the stages fit together, and that
// the base images are there, only an engine tells.
func TestImageBinary(t *testing.T) {
	dockerfile := string(read(t, "deploy/Dockerfile"))
	build := regexp.MustCompile(`(?s)\n    (CGO_ENABLED=0 [^\n]*\\\n[^\n]*)\n`).FindStringSubmatch(dockerfile)
	if build == nil {
		t.Fatal("deploy/Dockerfile builds no binary the way this test knows")
	}
	binary := filepath.Join(t.TempDir(), "connector")
	command := strings.NewReplacer("\\\n", " ", "/out/connector", binary, "$TARGETOS", "linux", "$TARGETARCH", runtime.GOARCH, "$VERSION", "v1.2.3").Replace(build[1])
	run := exec.CommandContext(t.Context(), "sh", "-ec", command)
	run.Dir = "../.."
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	const most = 29_500_000 // the image has to stay below 30 MB; beside the binary it holds certificates of a quarter of one
	if info.Size() > most {
		t.Errorf("the binary has %d bytes, want at most %d", info.Size(), most)
	}
	t.Logf("the binary has %.1f MB", float64(info.Size())/1e6)
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is not static: it asks for a loader that the image does not have")
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	out, err := exec.CommandContext(t.Context(), binary, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "connector v1.2.3") {
		t.Errorf("connector version prints %q, %v", out, err)
	}
}
