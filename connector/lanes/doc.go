// Package lanes shows how far each mapping has come on each partition, and edits it while no connector runs. It reads and writes what the
// connector commits: an offset for each partition and, in the commit's metadata, the progress of every mapping.
//
// Showing works at any time; it shows what is committed, which is a second old or so while connectors run. Editing needs a group without
// members: a member would commit over it, and the broker refuses commits from outside as long as there are any.
package lanes
