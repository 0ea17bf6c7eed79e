# sanitizers.mk - `make check-sanitizers`: our tests, built with the sanitizers of
# the compiler.  GNU make only, as matrix.mk.
#
#   make check-sanitizers SANITIZERS_PYTHONS='cp2.7.18 cp3.13.0'
#   make check-sanitizers-address SANITIZERS_TESTS=tests/cli/plan.sh
#
# Each kind has a build of its own below sanitizers/, which is kept.
SANITIZERS_PYTHONS = $(TAGS)
SANITIZERS_TESTS =
sanitizers_checks = check-sanitizers-address check-sanitizers-undefined \
	check-sanitizers-thread
comma = ,
space = $() $()

.PHONY: check-sanitizers $(sanitizers_checks) sanitizers-clean
check-sanitizers: $(sanitizers_checks)
$(sanitizers_checks): check-sanitizers-%:
	+@CC='$(CC)' MAKE='$(MAKE)' TESTS='$(SANITIZERS_TESTS)' \
	PYTHONS='$(subst $(space),$(comma),$(foreach tag,$(SANITIZERS_PYTHONS),$(PYTHON_$(tag))))' \
	$(top_srcdir)/tests/sanitizers/check.sh $*; \
	status=$$?; test $$status -eq 77 || exit $$status

clean-local: sanitizers-clean
sanitizers-clean:
	rm -rf sanitizers

# Only builds with sanitizers are asked for this one.
define sanitizers_rules
ext/$1/obj/bugsmodule.o: $(top_srcdir)/tests/sanitizers/bugsmodule.c ext/$1/flags
	$$(call ext_compile,$1)
endef
$(foreach tag,$(TAGS),$(eval $(call sanitizers_rules,$(tag))))
