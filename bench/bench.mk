# bench.mk - `make bench`: ratios measured within one run.  GNU make only, as
# matrix.mk, whose rules for extensions it uses.  A report, never a test.

define bench_rules
ext/$1/obj/timecalls.o: $(top_srcdir)/bench/timecalls.c ext/$1/flags
	$$(call ext_compile,$1)
ext/$1/bench/timecalls.so: ext/$1/obj/timecalls.o ext/$1/obj/module.o \
		ext/$1/obj/option.o
	$$(ext_link)
endef
$(foreach tag,$(TAGS),$(eval $(call bench_rules,$(tag))))

bench_env = PYTHONDONTWRITEBYTECODE=1
bench_freeze = $(TAGS:%=bench-freeze-%)

.PHONY: bench bench-freeze bench-sampling $(bench_freeze)
bench: bench-freeze bench-sampling

bench-freeze: $(bench_freeze)
$(bench_freeze): bench-freeze-%: matrix ext/%/bench/timecalls.so
	@$(bench_env) '$(PYTHON_$*)' $(top_srcdir)/bench/freeze.py $* \
		'$(abs_top_builddir)/ext/$*'

bench-sampling: bench/sampling$(EXEEXT)
	@$(bench_env) $(top_srcdir)/bench/sampling.sh bench/sampling$(EXEEXT) \
		'$(abs_top_builddir)/bench/venv' \
		$(foreach tag,$(TAGS),'$(PYTHON_$(tag))')

clean-local: bench-clean
.PHONY: bench-clean
bench-clean:
	rm -rf bench/venv bench/venv.log ext/*/bench
