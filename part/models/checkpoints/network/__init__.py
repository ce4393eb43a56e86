"""Network files of weaver-core, whose code is followed on its syntax tree and never executed."""
