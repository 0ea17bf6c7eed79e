# bench.mk - `make bench`: ratios measured within one run.  GNU make only, as
# matrix.mk, whose rules for extensions it uses.  A report, never a test.

define bench_rules
ext/$1/obj/%.o: $(top_srcdir)/bench/%.c ext/$1/flags
	$$(call ext_compile,$1)
ext/$1/bench/%.so: ext/$1/obj/%.o ext/$1/obj/module.o ext/$1/obj/option.o
	$$(ext_link)
endef
$(foreach tag,$(TAGS),$(eval $(call bench_rules,$(tag))))

bench_env = PYTHONDONTWRITEBYTECODE=1
bench_freeze = $(TAGS:%=bench-freeze-%)
bench_instructions = $(TAGS:%=bench-instructions-%)

# Observing is measured on one interpreter of each kind of collector and of
# event; `make bench-observer BENCH_OBSERVER=cp3.9.18` asks for another.
BENCH_OBSERVER = $(filter cp2.7.% cp3.6.% cp3.11.% cp3.13.%,$(TAGS))
bench_count = $(BENCH_OBSERVER:%=bench-count-%)
bench_time = $(BENCH_OBSERVER:%=bench-time-%)

# What becomes of freeze's memory; all in one recipe, since cells mind company.
# The defaults take about a minute per interpreter on two CPUs.  For long runs:
#   make bench-strategies BENCH_SCALE=300000 BENCH_WORKERS=8 BENCH_REQUESTS=4000
BENCH_STRATEGIES = $(TAGS)

.PHONY: bench bench-freeze bench-instructions bench-sampling bench-observer \
	bench-strategies bench-plan bench-scale bench-django $(bench_freeze) \
	$(bench_instructions) $(bench_count) $(bench_time)
bench: bench-freeze bench-instructions bench-sampling bench-observer \
	bench-strategies bench-scale

bench-freeze: $(bench_freeze)
$(bench_freeze): bench-freeze-%: matrix ext/%/bench/timecalls.so
	@$(bench_env) '$(PYTHON_$*)' $(top_srcdir)/bench/freeze.py $* \
		'$(abs_top_builddir)/ext/$*'

# Counts are the same in company.
bench-instructions:
	+@$(MAKE) --no-print-directory -j2 $(bench_instructions)
$(bench_instructions): bench-instructions-%: matrix ext/%/bench/countcalls.so
	@VALGRIND='$(VALGRIND)' $(top_srcdir)/bench/instructions.sh $* '$(PYTHON_$*)' \
		'$(abs_top_builddir)/ext/$*' || test $$? -eq 77

bench-sampling: bench/sampling$(EXEEXT)
	@$(bench_env) $(top_srcdir)/bench/sampling.sh bench/sampling$(EXEEXT) \
		'$(abs_top_builddir)/bench/venv' \
		$(foreach tag,$(TAGS),'$(PYTHON_$(tag))')

# Counting does not mind company, and is slow; timing does mind.
bench-observer: matrix harness/harness$(EXEEXT)
	+@$(MAKE) --no-print-directory -j2 $(bench_count)
	+@$(MAKE) --no-print-directory -j1 $(bench_time)

bench_observe = @$(bench_env) '$(PYTHON_$*)' $(top_srcdir)/bench/observer.py
bench_observed = $* '$(abs_top_builddir)/harness/harness' '$(PYTHON_$*)' \
	'$(abs_top_srcdir)/workloads'
$(bench_count): bench-count-%: matrix harness/harness$(EXEEXT)
	$(bench_observe) count $(bench_observed)
$(bench_time): bench-time-%: matrix harness/harness$(EXEEXT)
	$(bench_observe) time $(bench_observed)

bench-strategies: matrix harness/harness$(EXEEXT)
	@$(MKDIR_P) bench
	@$(top_srcdir)/bench/strategies.sh harness/harness$(EXEEXT) \
		bench/strategies.db $(BENCH_STRATEGIES)

# Whether plans come true; minutes per interpreter, so not part of `make bench`.
BENCH_PLAN = $(BENCH_OBSERVER)
bench-plan: matrix harness/harness$(EXEEXT)
	@$(MKDIR_P) bench/plan
	@$(top_srcdir)/bench/plan.sh harness/harness$(EXEEXT) bench/plan \
		$(BENCH_PLAN)

# How costs grow; all in one recipe, since what is timed minds company.  Some
# minutes; with 100,000 cells some twenty more, and 5 GiB of disk:
#   make bench-scale BENCH_CELLS='100 1000 10000 100000'
BENCH_SCALE_TAG = $(firstword $(filter cp3.11.%,$(TAGS)) \
	$(lastword $(filter cp3.%,$(TAGS))) $(TAGS))
bench-scale: matrix harness/harness$(EXEEXT) bench/scale$(EXEEXT)
	@$(top_srcdir)/bench/scale.sh harness/harness$(EXEEXT) \
		bench/scale$(EXEEXT) bench/large $(BENCH_SCALE_TAG)

# What stacks save a real project under a real server; a quarter of an hour.
BENCH_DJANGO_TAG = $(firstword $(filter cp3.11.%,$(TAGS)) \
	$(lastword $(filter cp3.%,$(TAGS))))
bench-django: matrix harness/harness$(EXEEXT)
	@$(top_srcdir)/bench/django.sh harness/harness$(EXEEXT) bench/django \
		$(BENCH_DJANGO_TAG) '$(PYTHON_$(BENCH_DJANGO_TAG))' \
		'$(abs_top_builddir)/ext/$(BENCH_DJANGO_TAG)'

clean-local: bench-clean
.PHONY: bench-clean
bench-clean:
	rm -rf bench/venv bench/venv.log bench/plan bench/strategies.db* bench/large \
		bench/django \
		ext/*/bench
