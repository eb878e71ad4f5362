#!/usr/bin/env node
// A webhook endpoint that checks X-Signature the way a receiver is told to: parse the JSON
// body, take its first element if it is an array, JSON.stringify that, and compare the
// hex HMAC-SHA1 of the text, keyed by the shared secret, with the header.
//
//   node verify-signature.mjs [--host 127.0.0.1] [--port 8090] [--secret S] [--status 200]
//                             [--fail-first N] [--fail-status 500] [--delay-ms 0]
//
//   --host         address to listen on; 0.0.0.0 in a container
//   --port         port there; 0 picks a free one
//   --secret       the shared secret; without it nothing is checked and every request passes
//   --status       what a request that passes is answered (default 200)
//   --fail-first   answer the first N requests with --fail-status whatever they hold
//   --fail-status  default 500
//   --delay-ms     wait this long before each answer
//
// A request that does not verify is answered 401. Standard output has one JSON line when the
// server is ready, {"listening":PORT}, and one for each request, in the order answered:
//   n          running number, from 1, in the order requests arrived
//   method, path, bytes, content_type, user_agent
//   events     elements of the body if it is an array, else 1; null if it is not JSON
//   signature  the header as sent, or null
//   expected   the digest computed here, or null where there is nothing to sign or no secret
//   verified   true, false, or null where no secret was given
//   reason     only where verified is false
//   forced     only on requests failed by --fail-first
//   status     the answer's status
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const options = { host: '127.0.0.1', port: '8090', secret: undefined, status: '200', 'fail-first': '0', 'fail-status': '500', 'delay-ms': '0' }
const args = process.argv.slice(2)
for (let i = 0; i < args.length; i++) {
  const m = /^--([a-z-]+)(?:=([\s\S]*))?$/.exec(args[i])
  if (!m || !(m[1] in options)) usage(`unknown argument ${args[i]}`)
  const value = m[2] ?? args[++i]
  if (value === undefined) usage(`--${m[1]} needs a value`)
  options[m[1]] = value
}
function usage(problem) {
  console.error(`${problem}\nusage: verify-signature.mjs [--host H] [--port P] [--secret S] [--status N] [--fail-first N] [--fail-status N] [--delay-ms N]`)
  process.exit(2)
}
function whole(name, min, max) {
  const n = Number(options[name])
  if (!Number.isInteger(n) || n < min || n > max) usage(`--${name} must be a whole number from ${min} to ${max}`)
  return n
}
const port = whole('port', 0, 65535)
const okStatus = whole('status', 200, 599)
const failFirst = whole('fail-first', 0, 1e9)
const failStatus = whole('fail-status', 200, 599)
const delay = whole('delay-ms', 0, 600000)
const { secret } = options

const same = (a, b) => {
  const x = Buffer.from(a, 'utf8')
  const y = Buffer.from(b, 'utf8')
  return x.length === y.length && timingSafeEqual(x, y)
}

function judge(bytes, signature) {
  const out = { events: null, expected: null, verified: secret === undefined ? null : false }
  let body
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch {
    if (secret !== undefined) out.reason = 'body is not JSON'
    return out
  }
  out.events = Array.isArray(body) ? body.length : 1
  if (secret === undefined) return out
  const text = JSON.stringify(Array.isArray(body) ? body[0] : body)
  if (text === undefined) {
    out.reason = 'no first event to verify'
    return out
  }
  out.expected = createHmac('sha1', secret).update(text, 'utf8').digest('hex')
  if (signature === null) out.reason = 'no X-Signature header'
  else if (!same(signature, out.expected)) out.reason = 'signature does not match'
  else out.verified = true
  return out
}

let count = 0
const server = createServer((req, res) => {
  const n = ++count
  const chunks = []
  req.on('data', (c) => chunks.push(c))
  req.on('error', () => {})
  req.on('end', () => {
    const bytes = Buffer.concat(chunks)
    const signature = req.headers['x-signature'] ?? null
    const verdict = judge(bytes, signature)
    const forced = n <= failFirst
    const status = forced ? failStatus : verdict.verified === false ? 401 : okStatus
    setTimeout(() => {
      const line = { n, method: req.method, path: req.url, bytes: bytes.length, content_type: req.headers['content-type'] ?? null, user_agent: req.headers['user-agent'] ?? null, events: verdict.events, signature, expected: verdict.expected, verified: verdict.verified }
      if (verdict.reason) line.reason = verdict.reason
      if (forced) line.forced = true
      line.status = status
      process.stdout.write(JSON.stringify(line) + '\n')
      const noBody = status === 204 || status === 205 || status === 304
      const answer = noBody ? '' : JSON.stringify({ verified: verdict.verified, ...(verdict.reason ? { reason: verdict.reason } : {}) })
      res.writeHead(status, noBody ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
      res.end(answer)
    }, delay)
  })
})
server.on('error', (e) => {
  console.error(e.message)
  process.exit(1)
})
server.listen(port, options.host, () => process.stdout.write(JSON.stringify({ listening: server.address().port }) + '\n'))
const stop = () => {
  server.close(() => process.exit(0))
  server.closeAllConnections()
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
