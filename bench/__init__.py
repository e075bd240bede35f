"""How fast it is: the reference programs and the grader itself, each against a peer, in alternating rounds.

    /usr/bin/python3 -m bench [--lab epoll] [--rounds 9] [--only NAME]

These are no tests: they judge against targets, print both sides and the ratio, and fail nobody. A lab's
rows are in the package `bench.<lab>`, beside the C and Go programs that are its peers; what is measured of
every lab, its grading, is in `bench.grading`. A new lab adds its package, and no list names it.
"""
