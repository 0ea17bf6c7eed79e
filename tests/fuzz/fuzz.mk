# fuzz.mk - `make fuzz`: libFuzzer on each target of FUZZ_TARGETS for its part of
# FUZZ_SECONDS, with AddressSanitizer and UndefinedBehaviorSanitizer.  GNU make only,
# as matrix.mk.  All of it goes into fuzz/: programs, what was found to reach new
# code (fuzz/corpus, which the next run begins with), crashes.
FUZZ_SECONDS = 60
FUZZ_CFLAGS = -g -O1 -fno-omit-frame-pointer
FUZZ_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all

fuzz_sources = $(filter %.c,$(tests_fuzz_replay_SOURCES))
fuzz_targets = $(patsubst tests/fuzz/fuzz_%.c,%,$(filter tests/fuzz/fuzz_%.c,$(fuzz_sources)))
FUZZ_TARGETS = $(fuzz_targets)
fuzz_untested = $(filter-out $(fuzz_tests:tests/fuzz/%.fuzz=%),$(fuzz_targets))

# All but targets, and what replays them, goes into each program.
fuzz_common = $(filter-out tests/fuzz/fuzz_%.c tests/fuzz/replay.c,$(fuzz_sources)) \
	$(filter %.c,$(harness_libharness_a_SOURCES))

# Warnings are left to the compiler of what is installed.
fuzz_compile = $(FUZZ_CC) $(DEFS) -DFUZZ_ENGINE -I$(top_srcdir)/tests/unit/stub \
	$(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) -w $(FUZZ_CFLAGS) \
	$(FUZZ_SANITIZE)
fuzz_cc_v = $(fuzz_cc_v_$(V))
fuzz_cc_v_ = $(fuzz_cc_v_$(AM_DEFAULT_VERBOSITY))
fuzz_cc_v_0 = @echo "  CCFUZZ  " $@;

fuzz/obj/%.o: $(top_srcdir)/%.c
	$(fuzz_cc_v)$(MKDIR_P) $(@D) && \
		$(fuzz_compile) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

fuzz/libcommon.a: $(fuzz_common:%.c=fuzz/obj/%.o)
	$(AM_V_AR)rm -f $@ && $(AR) $(ARFLAGS) $@ $^

fuzz/%: fuzz/obj/tests/fuzz/fuzz_%.o fuzz/libcommon.a
	$(AM_V_CCLD)$(FUZZ_CC) -fsanitize=fuzzer $(FUZZ_SANITIZE) -o $@ $^ \
		$(SQLITE3_LIBS) $(JANSSON_LIBS) $(GSL_LIBS) -lm

-include $(wildcard fuzz/obj/*/*.d fuzz/obj/*/*/*.d)

.PHONY: fuzz fuzz-programs fuzz-clean
fuzz-programs: $(FUZZ_TARGETS:%=fuzz/%)
	@test -z '$(fuzz_untested)' || { \
		echo 'no test for $(fuzz_untested): see tests/fuzz/Makemodule.am' >&2; \
		exit 1; }
ifneq ($(FUZZ_CC),)
fuzz: fuzz-programs
	@$(top_srcdir)/tests/fuzz/run.sh '$(abs_top_srcdir)' '$(FUZZ_SECONDS)' \
		$(FUZZ_TARGETS)
else
fuzz:
	@echo "skipped: no clang with -fsanitize=fuzzer was found (Debian: clang);" \
		"install it and configure again"
endif

clean-local: fuzz-clean
fuzz-clean:
	rm -rf fuzz $(fuzz_tests)
