# valgrind.mk - `make check-valgrind`: the matrix, the unit tests and the harness
# under memcheck, and callgrind's counts.  GNU make only, as matrix.mk.  The tests are
# Automake's, with logs in tests/memcheck/; what each is stands in run.sh.
#
# Some minutes per interpreter; VALGRIND_PYTHONS='cp2.7.18' (tags) chooses fewer, and
# VALGRIND_TESTS='cp2.7.18-freeze unit-cow' single ones.
VALGRIND_PYTHONS = $(TAGS)
VALGRIND_JOBS = $(shell nproc)

# The longest first.
valgrind_names = reshare-own $(STRATEGIES) seal-own layout events gc_freeze \
	instructions faults faults-own
VALGRIND_TESTS = harness-run \
	$(foreach tag,$(VALGRIND_PYTHONS),$(valgrind_names:%=$(tag)-%)) \
	$(patsubst tests/unit/test_%$(EXEEXT),unit-%,$(filter tests/unit/%,$(check_PROGRAMS)))

valgrind_lib = tests/memcheck/lib
valgrind_parts = $(patsubst %,$(valgrind_lib)/%.so,pyobject blocks kernel)

define valgrind_rules
ext/$1/obj/%.o: $(top_srcdir)/tests/valgrind/%.c ext/$1/flags
	$$(call ext_compile,$1)
endef
$(foreach tag,$(TAGS),$(eval $(call valgrind_rules,$(tag))))

$(valgrind_lib)/%.so: $(top_srcdir)/tests/valgrind/%.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(ext_common) -fvisibility=default \
		-O2 -g -shared -o $@ $<

# What of an interpreter valgrind lacks; empty where it has all.
valgrind_cannot = $(VALGRIND_PYTHONS:%=tests/memcheck/%.cannot)
.PHONY: $(valgrind_cannot)
$(valgrind_cannot): tests/memcheck/%.cannot:
	@$(MKDIR_P) $(@D) && '$(VALGRIND)' --tool=none --log-file=$@.log \
		'$(PYTHON_$*)' -c pass >/dev/null 2>&1; \
	sed -n 's/^==[0-9]*== *\(.*[Uu]nrecognised instruction.*\)/valgrind: \1/p' \
		$@.log | sed 1q >$@

.PHONY: check-valgrind
ifeq ($(VALGRIND),)
check-valgrind:
	@echo 'check-valgrind: skipped: needs valgrind (Debian: valgrind)'
else
check-valgrind: all matrix-checks $(check_PROGRAMS) $(valgrind_parts) \
		$(valgrind_cannot) $(VALGRIND_PYTHONS:%=ext/%/tests/faulty.so) \
		$(VALGRIND_PYTHONS:%=ext/%/bench/countcalls.so)
	+@$(MAKE) --no-print-directory -k -j$(VALGRIND_JOBS) check-TESTS \
		TEST_SUITE_LOG=tests/memcheck/suite.log \
		TESTS='$(VALGRIND_TESTS:%=tests/memcheck/%.vg)'; status=$$?; \
	echo 'Not run:'; \
	for log in $(VALGRIND_TESTS:%=tests/memcheck/%.log); do \
		sed -n "s,^skipped: ,  $$(basename $$log .log): ,p; \
			s,^not run under memcheck: ,  $$(basename $$log .log): ,p" $$log; \
	done; exit $$status
endif
