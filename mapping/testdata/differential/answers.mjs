// Answers for Segment: reads one JSON object a line and writes one back.
//
//   node answers.mjs FOLDER triggers   {"fql","event"}: {"valid","match"}; with {"parts"}, conditions, also the match of
//                                      each of them. A condition that throws does not match.
//   node answers.mjs FOLDER mappings   {"mapping","event"}: {"ok":true,"output"}, JSON text or null for nothing, or
//                                      {"ok":false,"error"}
//
// FOLDER is where package.json beside this file was installed. event and mapping are JSON text.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const [folder, kind] = process.argv.slice(2)
const load = createRequire(join(resolve(folder), 'x'))

const triggers = () => {
  const { parseFql, validate } = load('@segment/destination-subscriptions')
  const answer = (fql, event) => {
    const condition = parseFql(fql)
    if (condition.error) return { valid: false, match: false }
    try { return { valid: true, match: validate(condition, event) } } catch { return { valid: true, match: false } }
  }
  return ({ fql, event, parts = [] }) => {
    const input = JSON.parse(event)
    return { ...answer(fql, input), parts: parts.map((part) => answer(part, input).match) }
  }
}

const mappings = () => {
  const { transform } = load('@segment/actions-core/mapping-kit')
  return ({ mapping, event }) => {
    try {
      return { ok: true, output: JSON.stringify(transform(JSON.parse(mapping), JSON.parse(event))) ?? null }
    } catch (error) {
      return { ok: false, error: String(error.message) }
    }
  }
}

const answer = { triggers, mappings }[kind]()
for (const line of readFileSync(0, 'utf8').trimEnd().split('\n')) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n')
}
