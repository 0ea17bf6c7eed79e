# upstream.mk - `make check-upstream`: the interpreters' own tests under reshare
# and immortal.  GNU make only, as matrix.mk.  Some minutes per interpreter, so
# `make check` runs a short form of it alone.
upstream_checks = $(TAGS:%=check-upstream-%)

.PHONY: check-upstream $(upstream_checks)
check-upstream: $(upstream_checks)
$(upstream_checks): check-upstream-%: matrix
	@$(AM_TESTS_ENVIRONMENT) \
	$(top_srcdir)/tests/run-matrix.sh tests/matrix/$*-upstream-all.pf || \
		test $$? -eq 77
