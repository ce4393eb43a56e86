"""The training of taggers: choices, jets, Lightning and the runs in between.

`config` holds the choices of a run (within `limits`), `recipes` the published ones, and `arguments` writes and reads
them as words of a command line. `data_config` has the content of a user's own data config, `architecture` the model for
its inputs, and `preparation` finds out what both leave open. `trainer.train` carries a run out: it builds the
`lightning_module` (with `initial_weights`, `micro_batches` and `optimizer`) and the data module of `data`, and attaches
`callbacks`, which write the run's folder (its card by `provenance`). `runs` reads such folders and starts, resumes and
stops runs, without torch. `dry_run`, `lr_find` and `qat` train for a few steps on the same parts. `requirements` checks
that Lightning is installed. The package imports from `part.jets`, `part.models`, `part.inference` and
`part.analysis.statistics`.
"""
