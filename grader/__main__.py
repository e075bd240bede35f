"""`python3 -m grader VERB …`: what the Makefile calls."""

import sys

from grader.cli import main

sys.exit(main(sys.argv[1:]))
