package liquid

import "strings"

var (
	toEntities   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
	fromEntities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'")
)

func escapeHTML(s string) string { return toEntities.Replace(s) }

// escapeOnce escapes what is no entity yet.
func escapeOnce(s string) string { return escapeHTML(fromEntities.Replace(s)) }

// blocks are what strip_html removes, by opening and closing text. The first that is closed counts.
var blocks = [...][2]string{{"<script", "</script>"}, {"<style", "</style>"}, {"<!--", "-->"}, {"<", ">"}}

// stripHTML removes tags and comments, scripts and styles with what is in them.
func stripHTML(s string) string {
	var out strings.Builder
	var unclosed [len(blocks)]bool // no closing text of that kind in the rest of s
	for {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			break
		}
		out.WriteString(s[:at])
		s = s[at:]
		length := 0
		for i, b := range blocks {
			if unclosed[i] || !strings.HasPrefix(s, b[0]) {
				continue
			}
			if end := strings.Index(s[len(b[0]):], b[1]); end >= 0 {
				length = len(b[0]) + end + len(b[1])
				break
			}
			unclosed[i] = true
		}
		if length == 0 {
			break
		}
		s = s[length:]
	}
	out.WriteString(s)
	return out.String()
}
