# syslabs: `make` prints its verbs.  The work is done by `python3 -m grader`,
# which takes what is given here (LAB=epoll) as an option (--lab epoll).
PYTHON := /usr/bin/python3
SETUP  := sh grader/setup.sh
VERBS  := grade watch hint replay trace list pack plot release
OURS   := selftest soak new
GIVEN  := LAB SRC PART CHECK SEED JSON JUNIT JOBS UNDER OUTPUT RUNS MUTANTS ONLY ROUNDS CSV TITLE LABEL
lower   = $(shell echo $1 | tr A-Z a-z)
options = $(foreach name,$(GIVEN),$(if $($(name)),--$(call lower,$(name)) "$($(name))")) \
          $(if $(TIMINGS),--timings) $(if $(CONCEPTS),--concepts)

help:
	@echo 'make grade LAB=epoll [SRC=folder] [PART=net] [CHECK=echo.order] [SEED=n] [JSON=file]'
	@echo 'make watch LAB=epoll                       grade again whenever you save'
	@echo 'make hint LAB=epoll CHECK=echo.order       three steps, one more each time'
	@echo 'make replay LAB=epoll CHECK=… SEED=n [UNDER=strace|gdb]   one check again'
	@echo 'make trace LAB=epoll                       what your program asks of the kernel'
	@echo 'make list [CONCEPTS=1] · doctor            labs and marks · what this machine lacks'
	@echo 'make pack LAB=epoll                        the archive to hand in'
	@echo 'make plot CSV=file OUTPUT=file.svg         measurements as a picture'
	@echo 'make test [LAB=epoll]                      all tests of this repository'
	@echo 'make selftest [LAB=epoll]                  prove the checks with right and wrong programs'
	@echo 'make new LAB=name                          begin a lab'
	@echo 'make bench [LAB=epoll] [ONLY=echo]         how fast model code and grader are, against others'
	@echo 'make soak LAB=epoll · lint · release · clean'

$(VERBS):
	@$(SETUP)
	@$(PYTHON) -m grader $@ $(options)

$(OURS):
	@$(SETUP) test
	@$(PYTHON) -m grader $@ $(options)

doctor clean:
	@$(PYTHON) -m grader $@

test:
	@$(SETUP) test
	@$(PYTHON) -m pytest -n auto grader/selftest $(if $(LAB),--lab "$(LAB)")

bench:
	@$(SETUP)
	@$(PYTHON) -m bench $(options)

lint:
	@$(SETUP) test
	@$(PYTHON) -m pytest -q grader/selftest/test_style.py

.PHONY: help $(VERBS) $(OURS) doctor clean test bench lint
