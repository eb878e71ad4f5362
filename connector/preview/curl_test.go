package preview_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/preview"
)

// curlShim stands for curl: it prints its arguments, and its standard input where that is the body.
const curlShim = `curl() {
  for argument; do printf '<%s>\n' "$argument"; done
  case "$*" in *@-*) printf 'stdin <'; cat; printf '>\n';; esac
  echo end
}
`

// run gives what curl would be called with, by running the commands in a shell.
func run(t *testing.T, commands string) string {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "sh")
	shell.Stdin = strings.NewReader(curlShim + commands)
	var out, faults bytes.Buffer
	shell.Stdout, shell.Stderr = &out, &faults
	if err := shell.Run(); err != nil || faults.Len() > 0 {
		t.Fatalf("running\n%s\n%v\n%s", commands, err, faults.String())
	}
	return out.String()
}

func TestCurlSurvivesTheShell(t *testing.T) {
	const mappings = `
mappings:
  - name: "It's $(touch pwned) # one"
    trigger: type = "track"
    fields:
      url: {"@template": "https://erp.example.com/{{id}}?a=(b)&c='d'&{{{id}}}"}
      method: PUT
      headers: {X-Quoted: "it's \"$HOME\" ` + "`id`" + ` \\n 100%", X-Latin: "Ünï ' % \\ $HOME", X-Empty: ""}
      data: {"@path": "$.properties"}
  - name: Nothing to say
    trigger: type = "track"
    fields: {url: "https://ping.example.com/", method: POST, headers: {User-Agent: mine}}
`
	event := `{"type":"track","id":"$HOME;id","properties":{"a":"it's $(id) ` + "`id`" + ` \\ %s \u0000 é\ud800","b":"@x"}}`
	got := run(t, show(t, mappings, event+"\n"+`{"type":"page"}`, preview.Options{Output: "curl", Secret: []byte("s"), UserAgent: "Segment.io/1.0"}))
	want := `<--globoff>
<--request>
<PUT>
<https://erp.example.com/$HOME;id?a=(b)&c=%27d%27&$HOME;id>
<--header>
<Content-Type: application/json>
<--header>
<X-Empty;>
<--header>
<X-Latin: ` + "\xdcn\xef" + ` ' % \ $HOME>
<--header>
<X-Quoted: it's "$HOME" ` + "`id`" + ` \n 100%>
<--header>
<X-Signature: baeda0dba2d850ab762eb6114826d31be915aa34>
<--user-agent>
<Segment.io/1.0>
<--data-binary>
<{"a":"it's $(id) ` + "`id`" + ` \\ %s \u0000 é\ud800","b":"@x"}>
end
<--globoff>
<--request>
<POST>
<https://ping.example.com/>
<--header>
<User-Agent: mine>
<--header>
<Content-Length: 0>
end
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

// A body beyond what a shell can hand over as an argument goes through standard input, still byte for byte.
func TestCurlLongBody(t *testing.T) {
	body := `{"long":"` + strings.Repeat("it's %s ", 40_000) + `"}`
	mappings := `
mappings:
  - name: Long
    trigger: type = "track"
    fields: {url: "https://long.example.com/", method: POST, data: {"@path": "$.properties"}}
`
	got := run(t, show(t, mappings, `{"type":"track","properties":`+body+`}`, preview.Options{Output: "curl"}))
	if !strings.Contains(got, "<@->\n") || !strings.Contains(got, "stdin <"+body+">") {
		t.Errorf("got %d bytes that do not hold the body of %d on standard input", len(got), len(body))
	}
}
