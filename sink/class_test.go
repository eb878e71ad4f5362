package sink

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
)

// wantClasses is what design and specification ask for, status by status.
func wantClasses() map[int][2]Class { // single, batch
	want := map[int][2]Class{}
	fill := func(from, to int, c Class) {
		for status := from; status <= to; status++ {
			want[status] = [2]Class{c, c}
		}
	}
	fill(100, 199, Retry)
	fill(200, 299, Delivered)
	fill(300, 499, Rejected)
	fill(500, 599, Retry)
	for _, status := range []int{408, 423, 425, 429} {
		want[status] = [2]Class{Retry, Retry}
	}
	for _, status := range []int{400, 413, 422} {
		want[status] = [2]Class{Rejected, Split}
	}
	return want
}

func TestClassifyEveryStatus(t *testing.T) {
	for status, want := range wantClasses() {
		if got := Classify(status, nil, false); got != want[0] {
			t.Errorf("status %d on a single event: got %v, want %v", status, got, want[0])
		}
		if got := Classify(status, nil, true); got != want[1] {
			t.Errorf("status %d on a batch: got %v, want %v", status, got, want[1])
		}
	}
}

func TestClassifyWithoutValidStatus(t *testing.T) {
	tests := []struct {
		name   string
		status int
		err    error
		want   Class
	}{
		{"nothing at all", 0, nil, Retry},
		{"below 100", 99, nil, Retry},
		{"above 599", 600, nil, Retry},
		{"three digits at most", 999, nil, Retry},
		{"negative", -1, nil, Retry},
		{"fault", 0, &Error{Kind: KindRefused}, Retry},
		{"fault after a status", 200, &Error{Kind: KindReset}, Retry},
		{"canceled", 0, &Error{Kind: KindCanceled}, Retry},
		{"blocked", 0, &Error{Kind: KindBlocked}, Rejected},
		{"blocked, wrapped", 0, fmt.Errorf("deliver: %w", &Error{Kind: KindBlocked}), Rejected},
		{"foreign error", 0, errors.New("x"), Retry},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, batch := range []bool{false, true} {
				if got := Classify(test.status, test.err, batch); got != test.want {
					t.Errorf("Classify(%d, %v, %v): got %v, want %v", test.status, test.err, batch, got, test.want)
				}
			}
		})
	}
}

func TestZeroClassIsNotDelivered(t *testing.T) {
	if (Answer{}).Class == Delivered {
		t.Error("a forgotten answer counts as delivered")
	}
}

// Every final status over a connection; the redirects would lead to success if they were followed.
func TestSendEveryStatus(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			status, err := strconv.Atoi(r.URL.Query().Get("status"))
			if err != nil {
				t.Errorf("followed to %s", r.URL)
				return
			}
			w.Header().Set("Location", "/followed")
			w.WriteHeader(status)
		})
		c := newClient(t, o)
		for status, want := range wantClasses() {
			if status < 200 {
				continue
			}
			target := url + "/?status=" + strconv.Itoa(status)
			for batch, r := range []*Request{single(t, Payload{URL: target, Data: []byte("{}")}, nil), pair(t, target)} {
				a := c.Send(t.Context(), r)
				if a.Status != status || a.Class != want[batch] || a.Err != nil || a.Requests != 1 {
					t.Errorf("status %d, %d events: got %v %d %v after %d requests, want %v", status, r.Events(), a.Class, a.Status, a.Err, a.Requests, want[batch])
				}
			}
		}
	})
}

// Every informational status, which is no answer: another must follow. Only a switch of protocols ends what HTTP can say.
func TestSendEveryInformationalStatus(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		for status := 100; status <= 199; status++ {
			head := "HTTP/1.1 " + strconv.Itoa(status) + " Wait\r\n\r\n"
			alone, followed := serveRaw(t, answering(head, hangUp)), serveRaw(t, answering(head+"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", hold))
			wantAlone, wantFollowed := Answer{Class: Retry}, Answer{Class: Delivered, Status: 204}
			if status == http.StatusSwitchingProtocols {
				wantAlone = Answer{Class: Retry, Status: 101}
				wantFollowed = wantAlone
			}
			c := newClient(t, o)
			for _, test := range []struct {
				url  string
				want Answer
			}{{alone, wantAlone}, {followed, wantFollowed}} {
				for _, r := range []*Request{single(t, Payload{URL: test.url, Data: []byte("{}")}, nil), pair(t, test.url)} {
					a := c.Send(t.Context(), r)
					if a.Class != test.want.Class || a.Status != test.want.Status || (a.Err == nil) != (a.Status != 0) {
						t.Errorf("status %d, %d events: got %v %d (%v), want %v %d", status, r.Events(), a.Class, a.Status, a.Err, test.want.Class, test.want.Status)
					}
				}
			}
		}
	})
}

func TestABatchOfOneIsNotSplit(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	r, err := Batch([]Payload{{URL: url, Method: "POST", Data: []byte("{}")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Reach = ReachPrivate
	if got := newClient(t, Options{}).Send(t.Context(), r).Class; got != Rejected {
		t.Errorf("400 on a batch of one: got %v, want %v", got, Rejected)
	}
}
