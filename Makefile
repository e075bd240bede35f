# syslabs: `make` prints its verbs.  The work is done by `python3 -m grader`,
# which takes what is given here (LAB=epoll) as an option (--lab epoll).
PYTHON := /usr/bin/python3
SETUP  := sh grader/setup.sh
VERBS  := grade watch hint replay trace compare list pack plot release
CLASS  := batch image
OURS   := selftest soak new handouts
GIVEN  := LAB SRC TRACK PART CHECK SEED JSON JUNIT JOBS UNDER OUTPUT RUNS MUTANTS ONLY ROUNDS CSV TITLE LABEL IN OUT ENGINE
FLAGS  := TIMINGS CONCEPTS UPDATE
lower   = $(shell echo $1 | tr A-Z a-z)
options = $(foreach name,$(GIVEN),$(if $($(name)),--$(call lower,$(name)) "$($(name))")) \
          $(foreach name,$(FLAGS),$(if $($(name)),--$(call lower,$(name)))) \
          $(if $(DRY),--dry-run) $(if $(NO_CONTAINER),--no-container)

help:
	@echo 'make grade LAB=epoll [SRC=folder] [TRACK=go] [PART=net] [CHECK=echo.order] [SEED=n] [JSON=file]'
	@echo 'make watch LAB=epoll                       grade again whenever you save'
	@echo 'make hint LAB=epoll CHECK=echo.order       three steps, one more each time'
	@echo 'make replay LAB=epoll CHECK=… SEED=n [UNDER=strace|gdb]   one check again'
	@echo 'make trace LAB=epoll                       what your program asks of the kernel'
	@echo 'make compare LAB=epoll                     the C program and its Go twin, call by call'
	@echo 'make list [CONCEPTS=1] · doctor            labs and marks · what this machine lacks'
	@echo 'make pack LAB=epoll                        the archive to hand in'
	@echo 'make plot CSV=file OUTPUT=file.svg         measurements as a picture'
	@echo 'make batch LAB=epoll IN=folder OUT=results [ONLY=failed|ungraded|changed] [DRY=1] · image'
	@echo 'make test [LAB=epoll] [WHOLE=1]            all tests of this repository (WHOLE: an hour)'
	@echo 'make selftest [LAB=epoll]                  prove the checks with right and wrong programs'
	@echo 'make new LAB=name                          begin a lab'
	@echo 'make handouts [LAB=epoll] [UPDATE=1]       the handouts as pages; play their sessions again'
	@echo 'make bench [LAB=epoll] [ONLY=echo]         how fast model code and grader are, against others'
	@echo 'make soak LAB=epoll · lint · release · clean'

$(VERBS):
	@$(SETUP)
	@$(PYTHON) -m grader $@ $(options)

$(CLASS):
	@$(SETUP) $(if $(NO_CONTAINER),grade,$@)
	@$(PYTHON) -m grader $@ $(options)

$(OURS):
	@$(SETUP) test
	@$(PYTHON) -m grader $@ $(options)

doctor clean:
	@$(PYTHON) -m grader $@

test:
	@$(SETUP) test
	@$(PYTHON) -m pytest -n auto grader/selftest $(if $(LAB),--lab "$(LAB)") $(if $(WHOLE),--whole)

bench:
	@$(SETUP)
	@$(PYTHON) -m bench $(options)

lint:
	@$(SETUP) test
	@$(PYTHON) -m pytest -q grader/selftest/test_style.py

.PHONY: help $(VERBS) $(CLASS) $(OURS) doctor clean test bench lint
