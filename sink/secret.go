package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Secret is a text that is never shown: Text, or what the file at Path holds without the end of
// its last line. A file may change while it is in use: it is looked at again when the secret is
// used, at most once a second, and at once when an endpoint refuses what it held.
type Secret struct{ Text, Path string }

// IsSet reports whether there is a secret.
func (s Secret) IsSet() bool { return s.Text != "" || s.Path != "" }

// String shows nothing of the secret but its file.
func (s Secret) String() string {
	if s.Path != "" {
		return "(secret in " + s.Path + ")"
	}
	return "(secret)"
}

// GoString is [Secret.String].
func (s Secret) GoString() string { return s.String() }

// watchSecret makes a value of a secret, and another whenever its file has changed.
func watchSecret[T any](s Secret, warn func(error), parse func(text string) (*T, error)) (*watched[T], error) {
	w := &watched[T]{warn: warn}
	if s.Path == "" {
		value, err := parse(s.Text)
		w.value.Store(value)
		return w, err
	}
	w.paths = []string{s.Path}
	w.parse = func(contents [][]byte) (*T, error) {
		text := strings.TrimSuffix(strings.TrimSuffix(string(contents[0]), "\n"), "\r")
		if text == "" {
			return nil, errors.New("the file holds no secret")
		}
		return parse(text)
	}
	return w, w.begin()
}

// watched is a value made of files, and made again when one of them has changed. It has no
// goroutine: whoever uses it looks, at most once every [lookInterval]. A file that is gone or
// makes no sense is told once to warn; the value made last stands meanwhile.
type watched[T any] struct {
	paths []string // none for a value that never changes
	parse func(contents [][]byte) (*T, error)
	warn  func(error) // nil for nobody
	drop  func(*T)    // takes leave of a value that was replaced; nil for nothing

	value atomic.Pointer[T]
	since time.Time    // the zero of due, on the clock that cannot be set
	due   atomic.Int64 // when the files are to be looked at again, in nanoseconds

	lock   sync.Mutex // covers what follows
	seen   []os.FileInfo
	broken string // the fault that was told
}

const lookInterval = time.Second

// begin makes the first value.
func (w *watched[T]) begin() error {
	w.since = time.Now()
	w.due.Store(int64(lookInterval))
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.read()
}

// get is the value as of now.
func (w *watched[T]) get() *T {
	if len(w.paths) > 0 {
		now := int64(time.Since(w.since))
		if due := w.due.Load(); now >= due && w.due.CompareAndSwap(due, now+int64(lookInterval)) {
			w.look()
		}
	}
	return w.value.Load()
}

// look makes the value again if a file has changed.
func (w *watched[T]) look() {
	if len(w.paths) == 0 {
		return
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	err := w.read()
	switch {
	case err == nil:
		w.broken = ""
	case err.Error() != w.broken:
		if w.broken = err.Error(); w.warn != nil {
			w.warn(err)
		}
	}
}

// read makes the value unless the files are those it was made of. The lock is held.
func (w *watched[T]) read() error {
	infos := make([]os.FileInfo, len(w.paths))
	for i, path := range w.paths { // before reading: what changes in between is read again next time
		var err error
		if infos[i], err = os.Stat(path); err != nil {
			return err
		}
	}
	if w.same(infos) {
		return nil
	}
	contents := make([][]byte, len(w.paths))
	for i, path := range w.paths {
		var err error
		if contents[i], err = readFile(path); err != nil {
			return err
		}
	}
	value, err := w.parse(contents)
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(w.paths, ", "), err)
	}
	w.seen = infos
	if old := w.value.Swap(value); old != nil && w.drop != nil {
		w.drop(old)
	}
	return nil
}

// same reports whether the files are those that were read last: a file that is replaced, as
// Kubernetes does it, is another, and one that is written over is younger.
func (w *watched[T]) same(infos []os.FileInfo) bool {
	if w.seen == nil {
		return false
	}
	for i, info := range infos {
		if !os.SameFile(info, w.seen[i]) || !info.ModTime().Equal(w.seen[i].ModTime()) || info.Size() != w.seen[i].Size() {
			return false
		}
	}
	return true
}

// readFile reads a file of at most 1 MiB.
func readFile(path string) ([]byte, error) {
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(content) > most {
		err = fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return content, err
}
