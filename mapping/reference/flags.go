package reference

import "flag"

// Flags are what "make differential" says to the tests that compare with new answers.
type Flags struct {
	Packages string // the folder in which Segment's packages are installed
	Seed     uint64
	Cases    int
}

// DefineFlags defines the flags -packages, -seed and -cases.
func DefineFlags() *Flags {
	f := &Flags{}
	flag.StringVar(&f.Packages, "packages", "", "the folder in which Segment's packages are installed")
	flag.Uint64Var(&f.Seed, "seed", 1, "seed of the random cases")
	flag.IntVar(&f.Cases, "cases", 10_000, "how many random cases to compare")
	return f
}
