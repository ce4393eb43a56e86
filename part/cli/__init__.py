"""The command line: `python -m part COMMAND`, one module a command, each with add_arguments and run."""
