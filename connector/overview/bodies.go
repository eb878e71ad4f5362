package overview

import "sync"

const (
	bodiesLimit = 4 << 20 // bytes of bodies that all samples hold together
	bodiesCost  = 256     // of a sample beside them, so that empty ones are not without limit
)

// bodies knows which samples hold bodies, and takes them from the oldest when there are too many. Its lock guards Sample.Bodies once a
// sample is kept.
type bodies struct {
	mu    sync.Mutex
	held  []heldBodies // the oldest first
	bytes int
}

type heldBodies struct {
	sample *Sample
	bytes  int
}

func newBodies() *bodies { return &bodies{} }

// hold admits a sample's bodies, or takes them away where none are to be kept.
func (b *bodies) hold(s *Sample) *Sample {
	if b == nil || s.Bodies == nil {
		s.Bodies = nil
		return s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	size := bodiesCost + len(s.Bodies.Read.Text) + len(s.Bodies.Sent.Text) + len(s.Bodies.Answered.Text)
	b.held = append(b.held, heldBodies{s, size})
	b.bytes += size
	for b.bytes > bodiesLimit {
		b.bytes -= b.held[0].bytes
		b.held[0].sample.Bodies = nil
		b.held[0] = heldBodies{}
		b.held = b.held[1:]
	}
	return s
}

// copied returns a sample as it is now.
func (b *bodies) copied(s *Sample) Sample {
	if b != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
	}
	return *s
}
