"""The verbs of the command line: each module has `run(args) -> int`, its exit status."""
