#!/usr/bin/env node
// A webhook endpoint that checks all that a request can be signed with, in plain Node. The functions are those of the
// README's "Signing and authentication".
//
//   node verify-signing.mjs SCHEME SECRET     SCHEME is segment, sha256 or standard; the port is printed first
//
// Each request is answered 204, or 401 with the reason, and printed as a line of JSON.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const [scheme, secret] = process.argv.slice(2)

const same = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

// X-Signature: hex HMAC-SHA1 of the body, of a batch's first event; X-Signature-Previous by the secret before.
function segment(headers, body) {
  const json = JSON.parse(body)
  const signed = JSON.stringify(Array.isArray(json) ? json[0] : json)
  const want = createHmac('sha1', secret).update(signed).digest('hex')
  return ['x-signature', 'x-signature-previous'].some((name) => same(headers[name] ?? '', want))
}

// X-Signature-256: sha256= and the hex HMAC-SHA256 of the whole body; X-Signature-256-Previous likewise.
function sha256(headers, body) {
  const want = 'sha256=' + createHmac('sha256', secret).update(body).digest('hex')
  return ['x-signature-256', 'x-signature-256-previous'].some((name) => same(headers[name] ?? '', want))
}

// Standard Webhooks 1.0.0: webhook-signature is a list of "v1," and the base64 HMAC-SHA256 of id.timestamp.body.
function standard(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': list = '' } = headers
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return false // older than five minutes: a replay
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret
  const want = 'v1,' + createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64')
  return list.split(' ').some((signature) => same(signature, want))
}

const server = createServer((req, res) => {
  const chunks = []
  req.on('data', (c) => chunks.push(c))
  req.on('end', () => {
    let verified = false
    try {
      verified = { segment, sha256, standard }[scheme](req.headers, Buffer.concat(chunks))
    } catch {}
    res.writeHead(verified ? 204 : 401).end()
    process.stdout.write(JSON.stringify({ verified, id: req.headers['webhook-id'] ?? '' }) + '\n')
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(JSON.stringify({ listening: server.address().port }) + '\n'))
