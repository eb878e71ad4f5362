package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// refuseUnknown reports every variable with the prefix that is not in the table.
func (l *loader) refuseUnknown() {
	known := l.knownNames()
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		if slices.Contains(known, name) || isNumbered(name) {
			continue
		}
		if l.kube && isServiceLink(name, l.env[name]) {
			continue
		}
		l.fault(name, "", "is unknown", l.advise(name, known))
	}
}

// isServiceLink tells whether a variable is one of those that a Kubernetes service called "connector", or
// "connector-something", puts into every pod of its namespace. Nobody set them, so they are no faults.
func isServiceLink(name, value string) bool {
	links := regexp.MustCompile(`(^|_)(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	bare := name == "PORT" || strings.HasSuffix(name, "_PORT")
	return links.MatchString(name) || bare && strings.Contains(value, "://")
}

// knownNames gives the names of all variables but the numbered ones, twins included.
func (l *loader) knownNames() []string {
	var names []string
	for _, v := range l.table {
		names = append(names, v.Name)
		if v.Secret {
			names = append(names, v.Name+"_FILE")
		}
	}
	return names
}

// advise says what whoever set an unknown variable may have meant.
func (l *loader) advise(name string, known []string) string {
	if regexp.MustCompile(`^WEBHOOK_\d+_HEADERS(_FILE)?$`).MatchString(name) {
		return "URLs are numbered from 1 to " + strconv.Itoa(maxWebhooks)
	}
	number, _, ok := cutNumber(name)
	if n, err := strconv.Atoi(number); ok && err == nil {
		if n < 1 || n > maxNumbered {
			return "mappings are numbered from 1 to " + strconv.Itoa(maxNumbered)
		}
		for _, v := range numbered() {
			known = append(known, "MAPPING_"+strconv.Itoa(n)+"_"+v.Name)
		}
	}
	if near := nearest(name, known); near != "" {
		return "did you mean " + Prefix + near + "?"
	}
	return `"connector config" lists those there are`
}

// nearest gives the name that is closest to a misspelt one, or "" if none is close. Leaving out words, as in BROKERS
// for KAFKA_BROKERS, is closer than any slip of the pen.
func nearest(name string, known []string) string {
	name = strings.ToUpper(name)
	best, least := "", len(name)/3+1
	for _, candidate := range known {
		distance := editDistance(name, candidate)
		if strings.HasSuffix(candidate, "_"+name) {
			distance = 0
		}
		if distance < least {
			best, least = candidate, distance
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or change on the way from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
