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

FORCE:
.PHONY: all clean FORCE
