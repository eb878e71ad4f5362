package schemas

import (
	"embed"
	"io/fs"
)

//go:embed avro/*.avsc jsonschema/*.json
var files embed.FS

// Files gives the schemas of Segment's calls: avro/NAME.avsc and jsonschema/NAME.json, where NAME is identify, track, page, screen, group,
// alias, delete or event, which is any of them. Each file stands alone.
func Files() fs.FS { return files }
