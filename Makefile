# syslabs: `make` prints its verbs.  The work is done by `python3 -m grader`.
PYTHON := /usr/bin/python3 -m grader
SETUP  := sh grader/setup.sh
opt     = $(if $($1),--$2 "$($1)")
common  = --lab "$(LAB)" $(call opt,SRC,src)

help:
	@echo 'make grade LAB=epoll [SRC=folder] [PART=project] [CHECK=echo.order] [SEED=n] [JSON=file]'
	@echo 'make hint LAB=epoll CHECK=echo.order       three steps, one more each time'
	@echo 'make replay LAB=epoll CHECK=… SEED=n [UNDER=strace|gdb]   one check again'
	@echo 'make list · doctor                         labs and marks · what this machine lacks'
	@echo 'make pack LAB=epoll                        the archive to hand in'
	@echo 'make test [LAB=epoll]                      all tests of this repository'
	@echo 'make selftest [LAB=epoll]                  prove the checks with right and wrong programs'
	@echo 'make soak LAB=epoll · lint · release · clean'

grade:
	@$(SETUP)
	@$(PYTHON) grade $(common) $(call opt,PART,part) $(call opt,CHECK,check) $(call opt,SEED,seed) \
	  $(call opt,JSON,json) $(call opt,JUNIT,junit) $(call opt,JOBS,jobs) $(if $(TIMINGS),--timings)

replay:
	@$(SETUP)
	@$(PYTHON) replay $(common) --check "$(CHECK)" $(call opt,SEED,seed) $(call opt,UNDER,under)

hint:
	@$(SETUP)
	@$(PYTHON) hint --lab "$(LAB)" --check "$(CHECK)"

pack:
	@$(SETUP)
	@$(PYTHON) pack $(common) $(call opt,OUTPUT,output)

soak:
	@$(SETUP) test
	@$(PYTHON) soak --lab "$(LAB)" $(call opt,RUNS,runs) $(call opt,MUTANTS,mutants)

selftest:
	@$(SETUP) test
	@$(PYTHON) selftest $(call opt,LAB,lab) $(call opt,ONLY,only)

list release:
	@$(SETUP)
	@$(PYTHON) $@ $(call opt,OUTPUT,output)

doctor clean:
	@$(PYTHON) $@

test:
	@$(SETUP) test
	@/usr/bin/python3 -m pytest $(call opt,LAB,lab)

lint:
	@$(SETUP) test
	@/usr/bin/python3 -m pytest -q grader/selftest/test_style.py

.PHONY: help grade replay hint pack soak selftest list doctor release clean test lint
