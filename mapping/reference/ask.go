package reference

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Ask runs a script with Node.js, which must be on the PATH, and returns the lines that it prints. The script reads
// lines; nil is none.
func Ask(ctx context.Context, lines [][]byte, script string, args ...string) ([][]byte, error) {
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...) //nolint:gosec // a test names its own script
	cmd.Stdin = bytes.NewReader(bytes.Join(lines, []byte("\n")))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running %s: %w", script, err)
	}
	return bytes.Split(bytes.TrimSuffix(out, []byte("\n")), []byte("\n")), nil
}
