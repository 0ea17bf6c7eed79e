# example.mk - `make example` measures anew what README shows, and writes it
# into the source tree.  GNU make only, as matrix.mk.  Wants a machine that does
# nothing else for some minutes.

EXAMPLE_PYTHONS = 2.7,3.6,3.11,3.13
EXAMPLE_REPEAT = 4

.PHONY: example example-clean
example: all
	@case '$(EXT_CPPFLAGS)' in *-DPERMAFROST_DEBUG*) \
		echo "make example: the build is far too slow for measuring;" \
			"configure without --enable-debug" >&2; exit 1;; esac
	@$(top_srcdir)/results/example.sh '$(abs_top_srcdir)' \
		'$(EXAMPLE_PYTHONS)' '$(EXAMPLE_REPEAT)'

clean-local: example-clean
example-clean:
	rm -rf example
