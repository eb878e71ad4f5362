package schemas

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// Why goavro is not given data that nobody has looked at. If these tests fail, it has become more careful: then it may be time to let it decode.

// A few bytes make goavro set aside memory for as many elements as they claim to hold, up to 2^31-1.
func TestGoavroTrustsCounts(t *testing.T) {
	const claimed = 1 << 21
	codec := goavroCodec(t, `{"type":"record","name":"R","fields":[{"name":"v","type":{"type":"array","items":"long"}}]}`)
	data := []byte{0x80, 0x80, 0x80, 0x02, 0x02} // 2^21 elements, of which one is there
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := codec.NativeFromBinary(data); err == nil {
		t.Fatal("decoded")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took < claimed*8 {
		t.Errorf("goavro took %d bytes for %d, no longer what they claim", took, len(data))
	}
}

// Data that is nested deep enough ends the process: a stack that overflows cannot be recovered from. It is tried in a process of its own, with a stack
// smaller than the usual gigabyte.
func TestGoavroRecursionEndsTheProcess(t *testing.T) {
	const child = "SCHEMAS_TEST_RECURSION"
	if os.Getenv(child) != "" {
		debug.SetMaxStack(8 << 20)
		codec := goavroCodec(t, `{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}`)
		_, _, err := codec.NativeFromBinary([]byte(strings.Repeat("\x02", 1<<20)))
		t.Skipf("survived: %v", err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGoavroRecursionEndsTheProcess$")
	command.Env = append(os.Environ(), child+"=1")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "stack overflow") {
		t.Errorf("goavro survives recursion: %v\n%.500s", err, out)
	}
}

func goavroCodec(t *testing.T, schema string) *goavro.Codec {
	t.Helper()
	codec, err := goavro.NewCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	return codec
}
