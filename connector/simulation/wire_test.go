//go:build simulation && synctests

package simulation

import (
	"encoding/binary"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// kafkaTap reads Kafka's protocol off one connection of a process: what was asked, in the moment it leaves, and what was answered, in the
// moment the process reads it. What the oracle knows of Kafka it knows from here, so it needs to trust neither the engine nor the broker.
type kafkaTap struct {
	process *process
	see     func(p *process, request kmsg.Request, response kmsg.Response) // response is nil when the request is sent

	mu        sync.Mutex
	requests  splitter
	responses splitter
	waiting   map[int32]kmsg.Request // by correlation id
	verdict   verdict
}

func newKafkaTap(p *process, see func(*process, kmsg.Request, kmsg.Response)) *kafkaTap {
	t := &kafkaTap{process: p, see: see, waiting: map[int32]kmsg.Request{}}
	t.requests = splitter{head: 12, want: t.wantRequest, frame: t.requestFrame}
	t.responses = splitter{head: 8, want: t.wantResponse, frame: t.responseFrame}
	return t
}

func (t *kafkaTap) request(b []byte) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdict = pass
	t.requests.feed(b)
	return t.verdict
}

func (t *kafkaTap) response(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.responses.feed(b)
}

func (t *kafkaTap) closed() {}

// wantRequest looks at size, key, version and correlation id.
func (t *kafkaTap) wantRequest(head []byte) bool {
	key := int16(binary.BigEndian.Uint16(head[4:]))
	if v := t.process.trapped(key); v != pass {
		t.verdict = v
	}
	switch kmsg.Key(key) { //nolint:exhaustive // the others tell nothing
	case kmsg.Produce, kmsg.Fetch, kmsg.OffsetCommit, kmsg.OffsetFetch:
		return true
	}
	return false
}

func (t *kafkaTap) requestFrame(b []byte) {
	key, version := int16(binary.BigEndian.Uint16(b[4:])), int16(binary.BigEndian.Uint16(b[6:]))
	correlation := int32(binary.BigEndian.Uint32(b[8:]))
	request := kmsg.RequestForKey(key)
	request.SetVersion(version)
	b = b[12:]
	if n := int16(binary.BigEndian.Uint16(b)); n >= 0 { // client id
		b = b[n:]
	}
	b = b[2:]
	if request.IsFlexible() {
		b = skipTags(b)
	}
	if err := request.ReadFrom(b); err != nil {
		panic("a request on the wire cannot be read: " + err.Error())
	}
	if fetch, ok := request.(*kmsg.FetchRequest); !ok {
		t.waiting[correlation] = request
	} else if fetch.SessionEpoch == -1 {
		return // a slice that is read back
	}
	if t.verdict != cutBefore {
		t.see(t.process, request, nil)
	}
}

func (t *kafkaTap) wantResponse(head []byte) bool {
	_, ok := t.waiting[int32(binary.BigEndian.Uint32(head[4:]))]
	return ok
}

func (t *kafkaTap) responseFrame(b []byte) {
	correlation := int32(binary.BigEndian.Uint32(b[4:]))
	request := t.waiting[correlation]
	delete(t.waiting, correlation)
	response := request.ResponseKind()
	b = b[8:]
	if request.IsFlexible() {
		b = skipTags(b)
	}
	if err := response.ReadFrom(b); err != nil {
		panic("a response on the wire cannot be read: " + err.Error())
	}
	t.see(t.process, request, response)
}

func skipTags(b []byte) []byte {
	n, w := binary.Uvarint(b)
	b = b[w:]
	for range n {
		_, w := binary.Uvarint(b)
		b = b[w:]
		size, w := binary.Uvarint(b)
		b = b[w+int(size):]
	}
	return b
}

// splitter cuts a stream into frames, each of which begins with its size, and copies only those that somebody wants.
type splitter struct {
	head  int // bytes that want looks at
	want  func(head []byte) bool
	frame func([]byte)

	buffer []byte
	wanted bool
	skip   int
}

func (s *splitter) feed(b []byte) {
	for len(b) > 0 {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			continue
		}
		need := s.head
		if s.wanted {
			need = 4 + int(binary.BigEndian.Uint32(s.buffer))
		}
		n := min(need-len(s.buffer), len(b))
		s.buffer = append(s.buffer, b[:n]...)
		b = b[n:]
		if len(s.buffer) < need {
			return
		}
		if !s.wanted {
			size := 4 + int(binary.BigEndian.Uint32(s.buffer))
			if !s.want(s.buffer) {
				s.skip = size - len(s.buffer)
				s.buffer = s.buffer[:0]
				continue
			}
			s.wanted = true
			if size > len(s.buffer) {
				continue
			}
		}
		s.frame(s.buffer)
		s.buffer, s.wanted = nil, false
	}
}

// endpointTap notices when a process sends a request to an endpoint, and which answers it has read.
type endpointTap struct {
	process *process
	now     func() int64 // sequence numbers

	mu      sync.Mutex
	asking  bool  // a request was sent, and nothing of its answer was read
	sent    int64 // when the latest request was sent
	read    int64
	pending []pendingAnswer
}

// pendingAnswer is an answer that begins at a position of the stream and was not read yet.
type pendingAnswer struct {
	at   int64
	seen func()
}

func (t *endpointTap) request([]byte) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.asking {
		t.asking, t.sent = true, t.now()
	}
	return t.process.trapped(trapEndpoint)
}

func (t *endpointTap) response(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asking = false
	t.read += int64(len(b))
	for len(t.pending) > 0 && t.pending[0].at < t.read {
		t.pending[0].seen()
		t.pending = t.pending[1:]
	}
}

func (t *endpointTap) closed() {}

// began returns when the request was sent that the endpoint is treating.
func (t *endpointTap) began() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent
}

// expect calls seen once the process has read the beginning of the answer that starts at position at.
func (t *endpointTap) expect(at int64, seen func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = append(t.pending, pendingAnswer{at, seen})
}
