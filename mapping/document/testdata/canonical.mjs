// Writes what JavaScript makes of JSON texts, for the tests of this package.
//
//   node canonical.mjs vectors FILE   the events of mapping/testdata/vectors/events.jsonl.gz (FILE): one line each,
//                                     a JSON array of the event's id and JSON.stringify(JSON.parse(event)).
//                                     canonical.jsonl.gz holds its output.
//   node canonical.mjs random N SEED  N random texts, some of them malformed: one line each, in base64, the text and
//                                     behind a blank JSON.stringify(JSON.parse(text)), or - where that throws.
//   node canonical.mjs answers        reads one text in base64 a line and writes the second word of the above for each.
//
// Bytes become text as TextDecoder and fetch do it: UTF-8, malformed sequences as U+FFFD, one byte order mark dropped.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const decoder = new TextDecoder('utf-8')
const answer = (bytes) => {
  try { return Buffer.from(JSON.stringify(JSON.parse(decoder.decode(bytes)))).toString('base64') } catch { return '-' }
}
const lines = (text) => text.split('\n').filter((line) => line !== '')
const [mode, ...args] = process.argv.slice(2)

if (mode === 'vectors') {
  for (const line of lines(gunzipSync(readFileSync(args[0])).toString())) {
    const { id, event } = JSON.parse(line)
    console.log(JSON.stringify([id, JSON.stringify(JSON.parse(event))]))
  }
} else if (mode === 'answers') {
  process.stdout.write(lines(readFileSync(0, 'latin1')).map((line) => answer(Buffer.from(line, 'base64')) + '\n').join(''))
} else if (mode === 'random') {
  let state = 2n * BigInt(args[1]) + 1n
  const below = (n) => { // xorshift, so that a seed gives the same texts everywhere
    state ^= (state << 13n) & 0xffffffffffffffffn
    state ^= state >> 7n
    state ^= (state << 17n) & 0xffffffffffffffffn
    return Number((state >> 11n) % BigInt(n))
  }
  const pick = (list) => list[below(list.length)]
  const digits = (n) => { let s = ''; while (n-- > 0) s += below(10); return s }
  const number = () => pick([
    () => String(below(1e6)), () => String(below(1e6) / 100), () => `${below(1e6)}.${digits(1 + below(20))}`, () => `${1 + below(9)}${digits(below(25))}`,
    () => `${below(100)}e${below(60) - 30}`, () => `${below(10)}.${digits(5)}E+${below(330)}`, () => `1e-${below(330)}`, () => '-0', () => '0.0', () => '-0.0e5',
    () => `0.00000${below(999)}`, () => `0.000000${below(999)}`, () => `12345678901234${digits(below(8))}`, () => `-${below(10)}.50`, () => '1e400', () => '-1E+999',
    () => String((below(2 ** 30) * 2 ** 23 + below(2 ** 23)) * 10 ** (below(60) - 40)), () => '9007199254740993',
  ])()
  const character = () => pick(['a', 'b', 'é', '😀', '\\n', '\\/', '\\"', '\\\\', '\\u00e9', '\\u001f', '\\u001F', '\\u0000', '\\ud83d\\ude00', '\\uD83D\\uDE00', '\\ud83d', '\\uDC00', '\\udfff',
    ' ', '\u2028', '\\t', '\\b', '\\f', '\\r', '<', '\\u003c', '\\u0008', '\\u0022', '\\u005C', '\x7f', 'xyz0123456789', '日本', '\ufeff'])
  const string = () => { let s = ''; for (let i = below(12); i > 0; i--) s += character(); return `"${s}"` }
  const key = () => below(12) === 0
    ? pick(['"0"', '"12"', '"7"', '"4294967294"', '"4294967295"', '"01"', '"__proto__"', '"k\\u0041"', '"k1"', '"\\ud800"', '""', '"length"', string()])
    : `"k${below(60)}${pick(['', '', 'longer_key_name', 'é', '_another_key_that_is_long'])}"`
  const blank = (spaced) => spaced && below(4) === 0 ? pick([' ', '\n', '\t', '\r\n']) : ''
  const value = (depth, spaced) => {
    const kind = below(depth > 4 ? 5 : 9)
    if (kind < 2) return number()
    if (kind < 4) return string()
    if (kind === 4) return pick(['true', 'false', 'null'])
    const parts = []
    for (let i = below(40) === 0 ? 30 + below(20) : below(7); i > 0; i--) {
      parts.push(blank(spaced) + (kind < 8 ? key() + blank(spaced) + ':' + blank(spaced) : '') + value(depth + 1 + (i > 20), spaced) + blank(spaced))
    }
    const inner = parts.join(',') || blank(spaced)
    return kind < 8 ? `{${inner}}` : `[${inner}]`
  }
  const out = []
  for (let i = Number(args[0]); i > 0; i--) {
    const spaced = below(2) === 0
    let text = blank(spaced) + value(below(3), spaced) + blank(spaced)
    if (below(3) === 0) text = JSON.stringify(JSON.parse(text))
    let bytes = Buffer.from(text)
    if (below(6) === 0) { // an edit of bytes, which mostly spoils the text
      const at = below(bytes.length + 1)
      const edit = pick(['', '"', '}', '{', '[', ']', ',', ':', '1', '-', '.', 'e', '\\', '\\u', ' ', '\x01', '\x00', '\xff', '\xc3', '\xed\xa0\x80', '\xe2\x82', '\xf0\x9f\x98', '\xef\xbb\xbf'])
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(edit, 'latin1'), bytes.subarray(at + below(2))])
    }
    if (below(50) === 0) bytes = Buffer.concat([Buffer.from('\xef\xbb\xbf', 'latin1'), bytes])
    out.push(`${bytes.toString('base64')} ${answer(bytes)}\n`)
  }
  process.stdout.write(out.join(''))
} else {
  console.error('usage: node canonical.mjs vectors FILE | random N SEED | answers')
  process.exit(2)
}
