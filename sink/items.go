package sink

import (
	"bytes"
	encoding "encoding/json"
	"net/http"
)

// maxItemsBytes is how much of an answer with a result for each event is read.
const maxItemsBytes = 1 << 20

// Item is what became of one event of a batch.
type Item struct {
	Class  Class  // by its status, as for a single request
	Status int    // 100 to 599
	Error  string // what the endpoint says was wrong; its own words, at most 1 KiB
	Body   []byte // the element, as it was sent, at most 1 KiB
}

// hasItems reports an answer whose body may hold a result for each event.
func (r *Request) hasItems(status int) bool { return r.array && status == http.StatusMultiStatus }

// parseItems reads the body of a 207 answer to n events: an array of as many objects in the order of the events, each with a "status" and,
// if it likes, an "error":
//
//	[{"status":200},{"status":400,"error":"no such customer"},{"status":503}]
//
// Anything else gives nil: 207 is then a success like any other.
func parseItems(body []byte, n int) []Item {
	var elements []encoding.RawMessage
	if encoding.Unmarshal(body, &elements) != nil || len(elements) != n {
		return nil
	}
	items := make([]Item, n)
	for i, element := range elements {
		var it struct {
			Status int                 `json:"status"`
			Error  encoding.RawMessage `json:"error"`
		}
		if encoding.Unmarshal(element, &it) != nil || it.Status < 100 || it.Status > 599 {
			return nil
		}
		items[i] = Item{Class: Classify(it.Status, nil, false), Status: it.Status}
		if items[i].Class == Delivered {
			continue
		}
		items[i].Body = bytes.Clone(element[:min(len(element), keptBytes)])
		if text := ""; it.Error != nil && encoding.Unmarshal(it.Error, &text) == nil {
			items[i].Error = text[:min(len(text), keptBytes)]
		}
	}
	return items
}
