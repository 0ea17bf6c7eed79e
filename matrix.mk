# matrix.mk - builds the extensions: each strategy for each interpreter.
#
# configure writes pythons.mk, which is only data.  Everything here follows from
# it and from STRATEGIES (strategies/Makemodule.am), so that neither a new
# interpreter nor a new strategy needs a rule.  What the interpreter was compiled
# with is never asked for, since its flags belong to another compiler and time,
# and libpython is never linked, since the interpreter has it all.

EXT_CFLAGS = -O2 -g
EXT_LDFLAGS =

# The skewed build looks for the collector's lists beside where they are; tests
# prove with it that a module refuses an interpreter it does not fit.
EXT_SKEW = -DGCSTATE_TEST_SKEW=8

ext_common = -std=gnu11 -fPIC -fvisibility=hidden $(WARN_CFLAGS) \
	$(SANITIZE_FLAGS) $(EXT_CPPFLAGS) -I$(top_srcdir)/strategies
ext_sources = $(top_srcdir)/strategies
ext_package = $(wildcard $(ext_sources)/permafrost/*.py)

ext_cc_v = $(ext_cc_v_$(V))
ext_cc_v_ = $(ext_cc_v_$(AM_DEFAULT_VERBOSITY))
ext_cc_v_0 = @echo "  CCEXT   " $(@:ext/%=%);
ext_ld_v = $(ext_ld_v_$(V))
ext_ld_v_ = $(ext_ld_v_$(AM_DEFAULT_VERBOSITY))
ext_ld_v_0 = @echo "  LDEXT   " $(@:ext/%=%);

ext_link = $(ext_ld_v)$(MKDIR_P) $(@D) && \
	$(CC) -shared -pthread $(SANITIZE_FLAGS) $(EXT_CFLAGS) $(EXT_LDFLAGS) \
	-o $@ $(filter %.o,$^)

# $(call ext_compile,TAG,FLAGS): compiles the first prerequisite.
ext_compile = $(ext_cc_v)$(MKDIR_P) $(@D) && \
	$(CC) $(ext_common) $(PYINC_$1) $(EXT_CFLAGS) $2 -MMD -MP -c -o $@ $<

# $(call ext_modules,TAG): what users get.  $(call ext_checks,TAG): what only the
# tests load.
ext_modules = $(STRATEGIES:%=ext/$1/permafrost/%.so) \
	ext/$1/permafrost/probe.so ext/$1/permafrost/atfork.so \
	ext/$1/gc_freeze.so \
	$(patsubst $(ext_sources)/%,ext/$1/%,$(ext_package))
ext_checks = ext/$1/tests/gcwalk.so ext/$1/tests/skewed/gc_freeze.so

define ext_rules
ext/$1/obj/%.o: $(ext_sources)/%.c ext/$1/flags
	$$(call ext_compile,$1)
ext/$1/obj/%.o: $(top_srcdir)/tests/conformance/%.c ext/$1/flags
	$$(call ext_compile,$1)
ext/$1/obj/skewed/%.o: $(ext_sources)/%.c ext/$1/flags
	$$(call ext_compile,$1,$(EXT_SKEW))

ext/$1/permafrost/%.so: ext/$1/obj/%.o ext/$1/obj/module.o ext/$1/obj/option.o
	$$(ext_link)
ext/$1/permafrost/probe.so: $(PROBE_PARTS:%=ext/$1/obj/%.o)
ext/$1/permafrost/reshare.so: $(RESHARE_PARTS:%=ext/$1/obj/%.o)
ext/$1/%.so: ext/$1/obj/%.o ext/$1/obj/module.o ext/$1/obj/option.o
	$$(ext_link)
ext/$1/tests/%.so: ext/$1/obj/%.o ext/$1/obj/module.o ext/$1/obj/option.o
	$$(ext_link)
ext/$1/permafrost/%.py: $(ext_sources)/permafrost/%.py
	$$(AM_V_GEN)$$(MKDIR_P) $$(@D) && cp $$< $$@

-include $(wildcard ext/$1/obj/*.d ext/$1/obj/skewed/*.d)
endef
$(foreach tag,$(TAGS),$(eval $(call ext_rules,$(tag))))

# PyPy compiles nothing: it gets the package, what is in strategies/pypy, where the
# fields of shm.h lie, and a stand-in for each strategy that it cannot have.
pypy_sources = $(ext_sources)/pypy
pypy_own = $(filter-out absent,$(patsubst $(pypy_sources)/%.py,%, \
	$(wildcard $(pypy_sources)/*.py)))
pypy_absent = $(filter-out $(pypy_own),$(STRATEGIES))
pypy_modules = $(patsubst %,ext/$1/permafrost/%.py, \
	$(patsubst $(ext_sources)/permafrost/%.py,%,$(ext_package)) \
	$(pypy_own) $(pypy_absent) shmlayout)

define pypy_rules
$(pypy_absent:%=ext/$1/permafrost/%.py): $(pypy_sources)/absent.py
	$$(AM_V_GEN)$$(MKDIR_P) $$(@D) && cp $$< $$@
ext/$1/permafrost/shmlayout.py: ext/shmlayout
	$$(AM_V_GEN)$$(MKDIR_P) $$(@D) && ext/shmlayout >$$@.tmp && mv $$@.tmp $$@
ext/$1/permafrost/%.py: $(pypy_sources)/%.py
	$$(AM_V_GEN)$$(MKDIR_P) $$(@D) && cp $$< $$@
ext/$1/permafrost/%.py: $(ext_sources)/permafrost/%.py
	$$(AM_V_GEN)$$(MKDIR_P) $$(@D) && cp $$< $$@
endef
$(foreach tag,$(PYPY_TAGS),$(eval $(call pypy_rules,$(tag))))

ext/shmlayout: $(pypy_sources)/shmlayout.c $(ext_sources)/shm.h $(ext_sources)/hdr.h
	$(AM_V_CC)$(MKDIR_P) $(@D) && \
		$(CC) -std=gnu11 $(WARN_CFLAGS) -I$(ext_sources) -o $@ $<

# make would otherwise delete objects that only a chain of patterns mentions.
.SECONDARY:

.PHONY: matrix matrix-checks pythonpath print-tests
matrix: $(foreach tag,$(TAGS),$(call ext_modules,$(tag))) \
	$(foreach tag,$(PYPY_TAGS),$(call pypy_modules,$(tag)))
matrix-checks: $(foreach tag,$(TAGS),$(call ext_checks,$(tag)))

# For each interpreter, where `import gc_freeze` and `import permafrost` work.
pythonpath:
	@:$(foreach tag,$(TAGS) $(PYPY_TAGS),; echo '$(tag): PYTHONPATH=$(abs_top_builddir)/ext/$(tag)')

# The tests that Automake's harness really runs, one per line.
print-tests:
	@:$(foreach log,$(TEST_LOGS),; echo '$(log:.log=)')

# These tests are only names, which their scripts read.
$(filter %.pf %.skip %.fuzz %.vg,$(TESTS)):
	@$(MKDIR_P) $(@D) && : >$@
