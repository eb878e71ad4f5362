# Licences of what is in the binary

Written by `make licences`. The connector itself is under the Apache License 2.0.

| package | licence |
|---|---|
{{range .}}{{if ne .Name "segment-webhooks"}}| {{.Name}} | {{.LicenseName}} |
{{end}}{{end}}
The two under the Mozilla Public License 2.0 are used as they are published; their source is at the address that is their name.
