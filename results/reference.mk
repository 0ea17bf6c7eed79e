# reference.mk - `make reference` measures results/reference anew, `make plots`
# draws its figures.  GNU make only, as matrix.mk.

# Wants a machine that does nothing else, see HACKING.md for how long.
# All CPythons: the paper is about them.
reference_comma = ,
REFERENCE_PYTHONS = $(subst $() ,$(reference_comma),$(strip $(TAGS)))
REFERENCE_STACKS = none,freeze,collect+freeze,threshold-zero,freeze+reshare,freeze+immortal,freeze+immortal+reshare
REFERENCE_WORKLOADS = objectgraph,webapp,stdlib
REFERENCE_WORKERS = 4
REFERENCE_REQUESTS = 1000
REFERENCE_REPEAT = 5
REFERENCE = $(abs_top_srcdir)/results/reference

PLOTS = reference/figures
PLOTS_FORMATS = svg,png,pdf

.PHONY: reference plots reference-clean
reference: all
	@case '$(EXT_CPPFLAGS)' in *-DPERMAFROST_DEBUG*) \
		echo "make reference: the build is far too slow for measuring;" \
			"configure without --enable-debug" >&2; exit 1;; esac
	@$(top_srcdir)/results/reference.sh '$(REFERENCE)' \
		'$(REFERENCE_PYTHONS)' '$(REFERENCE_STACKS)' \
		'$(REFERENCE_WORKLOADS)' '$(REFERENCE_WORKERS)' \
		'$(REFERENCE_REQUESTS)' '$(REFERENCE_REPEAT)'

plots: harness/harness$(EXEEXT)
	@$(top_srcdir)/results/plots.sh '$(REFERENCE)' '$(PLOTS)' \
		'$(PLOTS_FORMATS)'

clean-local: reference-clean
reference-clean:
	rm -rf reference
