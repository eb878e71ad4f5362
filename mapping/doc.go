// Package mapping turns events into requests: it holds the mappings of a destination, decides which of them an event is
// for, and resolves their fields against it. It follows Segment's "Webhooks (Actions)" destination byte for byte; where
// it does not, that is said below. It starts no goroutine, reads no clock, and touches no file but the one it loads,
// and those that this names, to see that they can be read.
//
// # A destination
//
// [LoadFile], [LoadText] and [LoadVars] make a [Set]; [Reader.Read] checks an event and says which mappings it is for;
// [Mapping.Resolve] gives the [Payload] of one of them.
//
//	mappings:
//	  - name: Orders to ERP            # identity of the mapping, unless it has an id
//	    enabled: true                  # the default
//	    start: latest                  # where a new mapping begins: earliest, latest or a time; optional
//	    ordering: none                 # none, key or partition: which events wait for each other; see [Delivery]
//	    rate_limit: 50/s               # requests a second (s), minute (m) or hour (h); optional
//	    max_in_flight: 64              # requests at once, up to 10000; optional
//	    compression: none              # none or gzip; optional
//	    trigger: type = "track" and event = "Order Completed"
//	    fields:
//	      url: https://erp.example.com/hooks
//	      method: POST                 # POST, PUT or PATCH
//	      headers: {X-Api-Key: "${ERP_KEY}"}
//	      data: {"@path": "$."}        # an object, or nothing for a request without body
//	      enable_batching: true        # false where it is absent
//	      batch_size: 500              # 1 to 4000; 1000 where it is absent or 0
//
// Beside the fields a definition may say how its requests are signed and prove who sends them ([Signing], [Auth], [TLS]):
//
//	signing: [segment, sha256, standard]    # or one of them; [] for none
//	secret: ${ERP_SECRET}                   # or secret_file; previous_secret and previous_secret_file while it changes
//	auth: {bearer: {token: …}}              # or token_file
//	auth: {basic: {username: …, password: …}}
//	auth: {oauth2: {token_url: …, client_id: …, client_secret: …, client_auth: basic, scopes: [...], parameters: {...}}}
//	tls: {ca_file: …, cert_file: …, key_file: …}
//
// The same can be JSON. An export of Segment's Public API, {"data": {"subscriptions": [...]}}, or a list of
// subscriptions is taken as it is: the trigger may be called subscribe there, the fields settings or mapping. At most
// 50 mappings can be enabled; disabled ones are not looked at. Keys that begin with "x-" at the top of a file are the
// author's own, for YAML anchors.
//
// ${NAME} in url, headers, secrets, auth and tls is read from the environment while loading, $${ is a plain ${. In data and triggers it has
// no meaning.
//
// Everything that is wrong with a file is reported at once, as [Faults] with their places. What only some events meet
// fails those events, with a [ResolveError]; where that can be foreseen it is a [Warning].
//
// # The mapping language
//
// A field is plain JSON, or a directive: an object whose only key begins with "@". Directives may stand anywhere inside
// objects and lists. The key _metadata beside a directive is ignored.
//
//	{"@path": P}          the value at a path, as it is
//	{"@template": T}      text with {{path}} placeholders
//	{"@literal": V}       V, in which directives still work
//	{"@if": {"exists": C, "then": A, "else": B}}      A if C is neither missing nor null, else B
//	{"@if": {"blank": C, "then": A, "else": B}}       A if C is none of these and not "", 0, false or [] either, else B
//	{"@case": {"operator": "lower", "value": V}}      text in lower or upper case; other values as they are
//	{"@replace": {"value": V, "pattern": T, "replacement": T, "global": true, "ignorecase": false,
//	              "pattern2": T, "replacement2": T}}  literal texts replaced in text, a number or a boolean
//	{"@arrayPath": [P, S]}                            S resolved for each element of the list at P
//	{"@merge": {"objects": [...], "direction": "right"}}        one object; the last one wins, or with left the first
//	{"@transform": {"apply": M, "mapping": N}}        N resolved against what M gives
//	{"@flatten": {"value": V, "separator": ".", "omitArrays": false}}   one level of members with joined keys
//	{"@json": {"mode": "encode", "value": V}}         JSON text of a value, or with decode the reverse
//	{"@excludeWhenNull": V}                           V without null members; missing if V is null
//	{"@liquid": T}                                    a Liquid template, see package liquid
//
// There are three states of a value: present, null, and missing, which is what a path to nothing gives. A missing
// member of an object is dropped, a missing element of a list becomes null.
//
// Paths. "$." in front may be left out, "$." alone is the whole event. Dots and brackets separate: $.products[0].sku,
// products.0.sku and products['0']["sku"] are the same. A key that holds a dot or a quote cannot be named. Walking stops
// at the first null, false, 0 or "" and yields that. length of a list or a text works.
//
// Templates. {{path}} has no "$." and prints missing and null as nothing, an object as [object Object], a list with
// commas. {{{path}}} is filled first, and placeholders in the text that it brings are filled after that.
//
// @if. A false, 0, "" or null written as else counts as none; wrap it in @literal. "blank" reads like its opposite,
// but this is what it does.
//
// @case, @replace, @json. A false, 0, "" or null written as value counts as none.
//
// @replace. Patterns are plain text of 1 to 10 UTF-16 units, replacements of at most 10. In a replacement $& is what
// was found, $` and $' what stands before and behind it, $$ a dollar. Values that are neither text, number nor boolean
// give "".
//
// @arrayPath. In S the element is the input; the event around it is out of reach. Without S the value at P is given as
// it is.
//
// @merge copies the members of the top level only. Texts and lists contribute their elements under the keys 0, 1, 2.
//
// @transform needs an object as its input, which inside @arrayPath is the element.
//
// @flatten drops empty objects and lists.
//
// A mapping can be a directive as a whole, and the key __segment_internal_directive wraps all other fields in one.
//
// # What a request may be
//
// url must be an absolute http or https URL by RFC 3986. Link-local addresses and the metadata services of clouds are
// never called. Where scheme and host are written out, followed by "/", "?" or the end, any other host will do; a
// host that comes from the event has to be in [Options].AllowedHosts, which is checked for every event.
//
// headers must be an object; names are tokens, values become text (null the word null) and must exist in Latin-1. Names
// that differ by case only are joined with a comma. The value "undefined" removes a header. data must be an object.
//
// # Webhooks (Classic)
//
// [Options].Classic adds Segment's older destination to the mappings: up to five URLs that get every event as it is, by
// POST, with fixed headers. It is made of mappings such as anybody could write,
//
//	trigger: type = "" or type != ""
//	fields: {url: …, method: POST, headers: {…}, data: {"@path": "$."}}
//
// but that its data is the event to the byte, "__proto__" included, and that the URLs may be [Mapping].Alternatives of
// one mapping.
//
// # Differences from Segment
//
//   - Names that JavaScript objects inherit, such as constructor, are missing.
//   - An event that a directive fails on does not fail the batch it is in.
//   - batch_size and enable_batching are fixed, and checked when loading; batch_keys are ignored, because batches always
//     hold events of equal url, method and headers.
//   - What cannot work for any event, and a URL that cannot be called, is refused when loading.
//   - The host of a URL is restricted as said above.
//   - @case and ignorecase know the letters of Unicode 15, and not those that were added later.
//   - Events are brought into canonical form before they are mapped: what mappings see of a number beyond the range of a
//     double, such as 1e400, is null and not Infinity.
//   - "now" in @liquid is the event's receivedAt, or else its timestamp, so that an event always gives the same request.
//     Package liquid lists what else differs there.
//   - __segment_internal_directive with a list in it, which never gives fields, is refused when loading.
package mapping
