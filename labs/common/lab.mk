# Included by labs/*/Makefile: builds each of PROGRAMS from NAME.c and the files of its family:
# echo_server from echo_*.c, muxbench from muxbench_*.c. The flags are those of the grader; there is no second set.
VARIANT ?= plain
FLAGS   := $(shell cd ../.. && /usr/bin/python3 -c \
             'from grader.build import COMMON, VARIANTS; print(*COMMON, *VARIANTS["$(VARIANT)"])')
family   = $(firstword $(subst _, ,$1))_*

all: $(PROGRAMS)

.SECONDEXPANSION:
$(PROGRAMS): %: %.c $$(wildcard $$(call family,%).c $$(call family,%).h) FORCE
	$(CC) $(FLAGS) -o $@ $(filter %.c,$^)

clean:
	$(RM) $(PROGRAMS)

# make unit [DRILL=net] [TEST=errors] [GDB=1]: the tests of your drills, with no grader around them.
CHECKS := ../../grader/checks
LAB    := $(notdir $(CURDIR))
UNITS  := $(abspath ../../build/unit/$(LAB))
DRILLS := $(patsubst $(CHECKS)/$(LAB)/unit_%.c,%,$(wildcard $(CHECKS)/$(LAB)/unit_*.c))

unit: $(patsubst %,unit-%,$(or $(DRILL),$(DRILLS)))

unit-%: %.c FORCE
	@mkdir -p $(UNITS)
	$(CC) $(FLAGS) $(if $(GDB),-I../common/gdb) -I$(CHECKS) -I. -o $(UNITS)/unit_$* \
	  $(CHECKS)/$(LAB)/unit_$*.c $< $(if $(GDB),,-lcriterion)
	@GDB=$(GDB) sh ../common/unit.sh $(UNITS)/unit_$* $(CHECKS)/$(LAB)/unit_$*.c $* $(TEST)

FORCE:
.PHONY: all unit clean FORCE
