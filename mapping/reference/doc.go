// Package reference is what Segment's own packages say, for the tests that compare with it: [Read] reads answers that
// were recorded, [Ask] has Node.js give new ones. What the recorded ones hold is said in
// mapping/testdata/vectors/README.md.
package reference
