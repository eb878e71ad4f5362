// Package document reads, holds and prints JSON exactly as JavaScript does, because the bytes that leave the
// connector are signed and must be the ones that JSON.stringify(JSON.parse(event)) gives.
//
// There are two ways into an event, and they always agree:
//
//   - [Parse] gives a [Value], an immutable ordered tree. It is what directives, templates and everything that
//     computes work on.
//   - A [Scanner] reads an event once, checks it, notes where the values of the wanted [Paths] lie and knows
//     whether the bytes already are JavaScript's own. It allocates nothing and is what every event goes through.
//
// What JavaScript does to text, whoever asks for it, is here as well: case ([Upper]), white space ([TrimBlanks]) and the
// UTF-16 units by which it measures and searches ([ToUTF16], [SplitPairs]).
//
// What "exactly" means:
//
//   - Members are kept in JavaScript's order: array-index keys (canonical decimal 0 to 4294967294) first and
//     ascending, the others as they were inserted. Of a repeated key the last value counts, at the first one's place.
//   - Numbers are IEEE doubles and print in JavaScript's shortest form; 1e400 is Infinity inside and null when
//     printed, -0 prints as 0.
//   - Text is WTF-8: UTF-8 that also holds unpaired surrogates, each as three bytes. They print as \udxxx.
//   - Input bytes are read as the WHATWG UTF-8 decoder reads them, as TextDecoder and fetch do: one leading byte
//     order mark is dropped and each malformed sequence becomes U+FFFD.
//   - Missing, JavaScript's undefined, is a value of its own and not null.
//
// The one deliberate difference is that names inherited from JavaScript's base objects (toString, constructor)
// are missing from every value; length of strings and arrays is not.
package document
