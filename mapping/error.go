package mapping

import "errors"

// ResolveError says why one event could not be mapped. It concerns that event only.
type ResolveError struct {
	Path   string // where in the fields, as a slash path: "/data/total/@case"
	Reason string // what is wrong, as the end of a sentence that begins with the path
}

// Error returns the path and the reason. It holds no header value, no credentials and no query string.
func (e *ResolveError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + " " + e.Reason
}

func asResolveError(err error) *ResolveError {
	if resolve, ok := errors.AsType[*ResolveError](err); ok {
		return resolve
	}
	return &ResolveError{Reason: err.Error()}
}
