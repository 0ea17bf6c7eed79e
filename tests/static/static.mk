# static.mk - `make check-static` analyses our sources, `make check-format` looks
# at their format.  GNU make only, as matrix.mk.  Some of it is part of `make
# check`, too; here it also runs with versions of the tools that we do not know.

# The extensions are read as the oldest and the newest interpreter has them.
static_tags = $(sort $(firstword $(TAGS)) $(lastword $(TAGS)))

.PHONY: static-flags static-force check-static check-format static-clean
check-static: all static-flags
	@$(MAKE) $(AM_MAKEFLAGS) check-TESTS STATIC_ANY_VERSION=1 \
		TESTS='tests/static/clang-tidy.sh $(static_tests)'
check-format:
	@$(MAKE) $(AM_MAKEFLAGS) check-TESTS STATIC_ANY_VERSION=1 \
		TESTS=tests/static/clang-format.sh

# Flags of the compiler, one word per line, as clang's tools read them.
static-flags: $(static_tags:%=tests/static/%/compile_flags.txt) \
	tests/static/harness/compile_flags.txt
static_words = $(filter-out -Werror,$(subst -I$(top_srcdir),-I$(abs_top_srcdir),$1))
static_write = @$(MKDIR_P) $(@D) && printf '%s\n' $(call static_words,$1) >$@.new && \
	{ cmp -s $@.new $@ && rm $@.new || mv $@.new $@; }
tests/static/harness/compile_flags.txt: static-force
	$(call static_write,$(DEFS) $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit/stub \
		$(CPPFLAGS) $(AM_CFLAGS))
$(static_tags:%=tests/static/%/compile_flags.txt): \
		tests/static/%/compile_flags.txt: static-force
	$(call static_write,$(ext_common) $(PYINC_$*))

clean-local: static-clean
static-clean:
	rm -rf tests/static/harness $(TAGS:%=tests/static/%) \
		tests/static/*.diff tests/static/*.out
