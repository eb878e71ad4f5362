// Writes templates with what liquidjs, configured as Segment's mapping kit does, makes of them, as JSON lines:
//
//   TZ=UTC node differential.mjs COUNT SEED > rows.jsonl     in a folder with liquidjs 10.27.2 in node_modules
//   go test ./mapping/liquid -run TestDifferential -args -rows rows.jsonl
//
// "make differential" does this, too.
// The first line holds the events. Every other line holds a template, the index of its event, and either the output or
// the error: first the templates of corners.txt, then COUNT generated ones, the same for the same SEED.
// testdata/differential.jsonl is COUNT 600, SEED 1.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const { Liquid } = createRequire(join(process.cwd(), 'x'))('liquidjs')
const [count, seed] = [Number(process.argv[2] ?? 600), Number(process.argv[3] ?? 1)]

// mulberry32
let state = seed >>> 0
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const below = n => Math.floor(random() * n)
const pick = list => list[below(list.length)]
const chance = p => random() < p
const some = (most, make) => Array.from({ length: below(most + 1) }, make)

const engine = new Liquid({ renderLimit: 5000, parseLimit: 1000, memoryLimit: 1e8 })
for (const name of ['case', 'for', 'include', 'layout', 'render', 'tablerow']) {
  const refuse = () => { throw new Error(`tag "${name}" is disabled`) }
  engine.registerTag(name, { parse: refuse, render: refuse })
}
const disabled = ['array_to_sentence_string', 'concat', 'find', 'find_exp', 'find_index', 'find_index_exp', 'group_by',
  'group_by_exp', 'has', 'has_exp', 'map', 'newline_to_br', 'reject', 'reject_exp', 'reverse', 'sort', 'sort_natural',
  'uniq', 'where_exp', 'type']
for (const name of disabled) engine.registerFilter(name, () => { throw new Error(`filter "${name}" is disabled`) })

const events = [
  {
    type: 'track', event: 'Order Completed', userId: 'u-1', n: 5, z: 0, neg: -7.5, f: false, t: true, nul: null, es: '',
    sp: ' \t', a: { b: { c: 1 }, 'x.y': 2, size: 'own', length: 3, 1: 'one' }, o: {}, l: [],
    arr: [{ id: 1, name: 'p', price: 10 }, { id: 2, name: 'q', tags: ['x', 'y'] }, { id: '1', ok: false, nul: null }],
    nums: [3, 1, 2, '4', null], mixed: [{ id: 1 }, 's', null, 7, [1, [2, 3]], true], 'dash-key': 'd', 'sp ace': 's',
    s: 'Straße ΑΣ İıx', long: 'a-b-c-a  long  text, with words', html: '<b class="x">bold & \'q\'</b><!-- c --><script>x</script>',
    emoji: 'a😀b👩‍👩‍👧c', date: '2020-01-31T13:04:05.678Z', ts: 1577836800, digits: '1577836800', big: 1e21,
    small: 1e-7, url: 'https://x.test/a b?q=é&r=1+2', b64: 'aGVsbG8=', cjk: '你好 world こんにちは', num: ' 12.50 ', hex: '0x1f',
  },
  { event: '', size: 4, first: 'f', empty: [], nil: 'x', date: '31 Jan 2021 10:11:12 +0200', n: '7', s: 'x\ny\r\nz', arr: 'text', nums: 5, a: [[1, 2], [3]], t: 'true' },
  {},
]

const names = [...Object.keys(events[0]), 'x', 'y', 'missing', 'size', 'first', 'block', 'constructor', '1e3', 'n-1']
const steps = ['b', 'c', 'size', 'first', 'last', 'length', 'id', 'name', '0', 'tags', 'missing', 'nul', 'ok']
const texts = ['', 'a', 'b', ',', ' ', '-', 'x', 'Order', 'ab', 'é', '😀', '\\ud83d', '\\u00e9\\n', '\\101', '\\"', 'a b  c', '1', '0', '5', '-3',
  'null', 'undefined', 'true', 'id', 'a.b', 'name', 'b.c', 'tags[0]', '<br/>', '&amp;', '%41+%20', '%zz', 'b', 'ß', 'ΑΣ', 'YWJj', 'YQ==YQ', '_-8',
  '0x10', '1e3', ' 7 ', 'cjk', 'auto', 'ordinal', 'US', 'raw', 'pretty', 'ascii', 'latin', 'default', 'none', '...', 'Infinity', '$&', 'é à Œ']
const numbers = ['0', '1', '2', '3', '5', '-1', '-2', '7', '10', '2.5', '-0.5', '1.005', '1000000', '0.1', '+3', '1.', '007', '20.567']
const filters = ['append', 'capitalize', 'downcase', 'lstrip', 'normalize_whitespace', 'number_of_words', 'prepend', 'remove', 'remove_first',
  'remove_last', 'replace', 'replace_first', 'replace_last', 'rstrip', 'split', 'strip', 'strip_newlines', 'truncate', 'truncatewords', 'upcase',
  'escape', 'escape_once', 'strip_html', 'xml_escape', 'cgi_escape', 'slugify', 'uri_escape', 'url_decode', 'url_encode', 'base64_decode',
  'base64_encode', 'hmac_sha256', 'sha256', 'abs', 'at_least', 'at_most', 'ceil', 'divided_by', 'floor', 'minus', 'modulo', 'plus', 'round', 'times',
  'to_integer', 'compact', 'first', 'join', 'last', 'pop', 'push', 'shift', 'size', 'slice', 'sum', 'unshift', 'where', 'date', 'date_to_long_string',
  'date_to_rfc822', 'date_to_string', 'date_to_xmlschema', 'default', 'inspect', 'json', 'jsonify', 'raw']

const text = () => chance(0.5) ? `"${pick(texts)}"` : `'${pick(texts).replace(/\\"/, "\\'")}'`
const variable = depth => {
  let v = chance(0.05) ? `["${pick(names)}"]` : pick(names)
  while (chance(0.35)) v += pick([() => '.' + pick(steps), () => `[${operand(depth + 1)}]`, () => `[${pick(numbers)}]`, () => `["${pick(steps)}"]`])()
  return v
}
const operand = (depth = 0) => {
  if (depth > 3) return pick(names)
  const r = random()
  if (r < 0.5) return variable(depth)
  if (r < 0.7) return text()
  if (r < 0.88) return pick(numbers)
  if (r < 0.95) return pick(['true', 'false', 'nil', 'null', 'empty', 'blank'])
  return `(${operand(depth + 1)}..${chance(0.7) ? pick(['3', '5', 'n']) : operand(depth + 1)})`
}
const blank = () => chance(0.9) ? ' ' : pick(['', '  ', '\t', '\n', '\u00a0'])
const condition = () => {
  let c = (chance(0.1) ? 'not ' : '') + operand()
  if (chance(0.7)) c += ` ${pick(['==', '!=', '>', '<', '>=', '<=', 'contains'])} ${operand()}`
  while (chance(0.25)) c += ` ${pick(['and', 'or', 'and not'])} ${operand()}${chance(0.4) ? ` ${pick(['==', '!=', '<', 'contains'])} ${operand()}` : ''}`
  return c
}
// Literals go into arrays and named arguments as what they stand for; see doc.go.
const plain = () => { for (;;) { const o = operand(); if (!/nil|null|empty|blank/.test(o)) return o } }
const wanted = {
  append: 1, prepend: 1, remove: 1, remove_first: 1, remove_last: 1, replace: 2, replace_first: 2, replace_last: 2, split: 1, truncate: 2,
  truncatewords: 2, hmac_sha256: 1, at_least: 1, at_most: 1, divided_by: 1, minus: 1, modulo: 1, plus: 1, round: 1, times: 1, join: 1, push: 1,
  slice: 2, unshift: 1, where: 2, date: 1, default: 1,
}
const format = () => some(4, () => pick(['%', '%', '%', 'x']) + some(1, () => pick(['-', '_', '0', '^', '#', ':', '^_'])).join('') +
  some(1, () => pick(['2', '3', '6', '10', '0'])).join('') + some(1, () => pick(['', '', 'E', 'O'])).join('') +
  pick([...'aAbBcCdeHIjklLmMNpPqsSuUwWxXyYzZtnh%fQ7é \\n'])).join('')
const filter = () => {
  const name = chance(0.02) ? pick(disabled) : chance(0.02) ? pick(['nope', 'sort_by', 'Upcase']) : pick(filters)
  const argument = /^(push|unshift)$/.test(name) ? plain : operand
  const most = wanted[name] ?? 0
  let args = Array.from({ length: chance(0.85) ? most : below(4) }, () => argument())
  if (name === 'date' && chance(0.8)) args = [`"${format()}"`, ...some(1, () => pick(['360', '-90', '"UTC"', '"America/New_York"', '"Asia/Kolkata"', '"Nowhere/X"', 'missing', 'n', '0']))]
  if (name === 'default' && chance(0.3)) args.push(`allow_false: ${plain()}`)
  else if (chance(0.02)) args.push(`${pick(names)}: ${plain()}`)
  return `${blank()}|${blank()}${name}${args.length ? `:${blank()}${args.join(`,${blank()}`)}` : ''}`
}
const pipe = () => (chance(0.12) ? condition() : operand()) + some(3, filter).join('')
const left = () => chance(0.85) ? '' : '-'
const tag = inside => `{%${left()}${blank()}${inside}${chance(0.95) ? ' ' : ''}${left()}%}`
const line = () => pick([
  () => `echo ${pipe()}`, () => `assign x = ${pipe()}`, () => '# remark', () => `increment y`, () => `cycle 1, 2, 3`, () => `if ${condition()}\necho 1\nelse\necho 2\nendif`,
])()
const part = depth => {
  const r = random()
  if (r < 0.5) return `{{${left()}${blank()}${pipe()}${blank()}${left()}}}`
  if (r < 0.6) return pick(['text', ' ', '\n', ' \n x ', '}', '{', '%}', '}}', 'é', '{ {', '😀'])
  if (depth > 2) return 'deep'
  const body = () => some(3, () => part(depth + 1)).join('')
  return pick([
    () => tag(`assign ${pick(['x', 'y', 'n', 'size', 'x-y'])} = ${pipe()}`),
    () => tag(`capture ${pick(['x', 'y', '"q r"'])}`) + body() + tag('endcapture') + '{{ x }}',
    () => tag(`if ${condition()}`) + body() + (chance(0.3) ? tag(`elsif ${condition()}`) + body() : '') + (chance(0.5) ? tag('else') + body() : '') + tag('endif'),
    () => tag(`unless ${condition()}`) + body() + (chance(0.2) ? tag(`elsif ${condition()}`) + body() : '') + (chance(0.4) ? tag('else') + body() : '') + tag('endunless'),
    () => tag('comment') + body() + tag('endcomment'),
    () => tag('raw') + body() + pick(['{% endraw %}', '{% endraw -%}', '{%endraw%}']),
    () => tag(`${pick(['increment', 'decrement'])} ${pick(['i', 'i', 'n', 's', 'x'])}`),
    () => tag(`cycle ${chance(0.3) ? `${operand()}: ` : ''}${[operand(), ...some(2, operand)].join(', ')}`).repeat(1 + below(3)),
    () => tag(`echo ${pipe()}`),
    () => tag(`liquid\n${[line(), ...some(3, line)].join('\n')}`),
    () => tag(pick(['# remark', '# a\n # b', '# a\n b'])),
    () => tag('block b') + body() + tag('endblock'),
    () => chance(0.3) ? tag(pick(['break', 'continue'])) : '',
    () => chance(0.15) ? tag(pick(['for i in nums', 'case n', 'include "x"', 'nope', 'else', 'endif', 'end', ''])) : '',
  ])()
}
const spoil = s => {
  for (let n = 1 + below(3); n > 0; n--) {
    const at = below(s.length + 1)
    s = pick([
      () => s.slice(0, at) + s.slice(at + 1),
      () => s.slice(0, at) + pick([...'{}%|:,."\'[]()-=# \n\\a1']) + s.slice(at),
      () => s.slice(0, at) + s.slice(at + below(8)),
      () => s.slice(0, at) + s.slice(below(s.length)),
    ])()
  }
  return s
}
const pad = n => String(n).padStart(2, '0')
const dateText = () => {
  const [y, m, d] = [pick([2020, 1999, 0, 5, 49, 50, 99, 2024, 10000, 1970]), 1 + below(13), 1 + below(32)]
  const month = pick(['Jan', 'february', 'MAR', 'Sept', 'Decembers', 'Foo'])
  const time = pick(['', '', ` ${below(26)}:${pad(below(61))}`, `T${pad(below(25))}:${pad(below(60))}`, ` ${pad(below(13))}:${pad(below(60))}:${pad(below(60))} ${pick(['am', 'PM', ''])}`,
    `T${pad(below(24))}:${pad(below(60))}:${pad(below(60))}.${below(10 ** below(11))}`, ' 10:11:12.5', ' 10::12', ' 24:00'])
  const zone = pick(['', '', 'Z', '+02:00', '-0330', ' GMT', ' EST', ' UTC+3', ' (CET)', ' +5', '+12345', ' utc-1:30'])
  const day = pick([`${y}-${pad(m)}-${pad(d)}`, `${y}-${m}-${d}`, `${m}/${d}/${y}`, `${d} ${month} ${y}`, `${month} ${d}, ${y}`, `${month} ${y}`, `${y}`, `${y}/${m}/${d}`,
    `Mon, ${d} ${month} ${y}`, `${d}-${month}-${y}`, `${month}-${d}-${y}`, `+0${10000 + y}-${pad(m)}-${pad(d)}`, `-00${1000 + m}-01-01`, `${y}${pad(m)}${pad(d)}`, `x${y}`, `${d}.${m}.${y}`])
  const s = day + time + zone
  return chance(0.15) ? spoil(s).replace(/["\\]/g, '') : s
}
const families = [
  [60, () => some(4, () => part(0)).join('') || part(0)],
  [12, () => spoil(part(0) + part(0))],
  [14, () => `{{ "${dateText()}" | date: "${chance(0.7) ? '%Y-%m-%dT%H:%M:%S.%L %s' : format()}" }}`],
  [4, () => `{{ ${pick(['date', 'ts', 'digits', 'n', 'small', 's', 't', 'nums', 'nul', '-1', '1e15', '-99999999999'])} | date: "${format()}" }}`],
  [10, () => { const f = pick(filters); return `{{ ${operand()} | ${f}${wanted[f] ? `: ${Array.from({ length: wanted[f] }, /^(push|unshift)$/.test(f) ? plain : operand).join(', ')}` : ''} | json }}` }],
]
const total = families.reduce((sum, [weight]) => sum + weight, 0)
const template = () => {
  let at = random() * total
  for (const [weight, make] of families) if ((at -= weight) < 0) return make()
  return part(0)
}

// liquidjs reaches JavaScript's own members through these, prints block as its own object, and reads the clock.
const left_out = /(nil|null|empty|blank)[.[]|\bblock\b[^%]*[|.[=<>]|contains block|now|today|__proto__/
process.stdout.write(JSON.stringify({ events }) + '\n')
const record = (source, event) => {
  const row = { template: source, event }
  try {
    row.output = source === '' ? '' : engine.parseAndRenderSync(source, structuredClone(events[event]))
  } catch (e) {
    row.error = String(e.message)
  }
  process.stdout.write(JSON.stringify(row) + '\n')
}
for (const source of readFileSync(new URL('corners.txt', import.meta.url), 'utf8').trimEnd().split(/\n(?=\{\{|\{%|[ax])/)) record(source, 0)
for (let made = 0; made < count;) {
  const source = template()
  if (source.length > 1010 || left_out.test(source)) continue
  made++
  record(source, chance(0.8) ? 0 : 1 + below(events.length - 1))
}
