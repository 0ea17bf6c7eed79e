# go.mk - builds the Go program, where configure has found a Go.  GNU make only, as
# matrix.mk.

ifneq ($(GO_TAG),)
go_program = ext/$(GO_TAG)/permafrost/driver
go_sources = $(wildcard $(top_srcdir)/workloads/go/*.go)

matrix: $(go_program)
$(go_program): $(go_sources) $(top_srcdir)/build-aux/go-build
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(top_srcdir)/build-aux/go-build '$(GO)' $@ $(go_sources)
endif
