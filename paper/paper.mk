# paper.mk - `make paper` builds paper/permafrost.pdf from results/reference/.
# GNU make only, as matrix.mk.
#
#   make paper-draft PAPER_DB=my.db [PAPER_RUN=3]    of other data, for a look
#
# `make paper-numbers` makes every number, table and figure, and needs no LaTeX.
paper_sources = $(wildcard $(top_srcdir)/paper/*.tex)
paper_reference = $(wildcard $(top_srcdir)/results/reference/*)
paper_db = paper/reference.db
PAPER_DB = $(paper_db)

.PHONY: paper-force paper paper-draft paper-numbers paper-tools paper-clean
ifeq ($(PAPER_DB)$(PAPER_RUN),$(paper_db))
paper: paper-tools paper/permafrost.pdf
else
paper:
	@echo "make paper: the paper is made from results/reference/ only; use" \
		"make paper-draft for other data" >&2; exit 1
endif
paper-numbers: paper/made/facts.tex

paper-tools:
	@missing=; \
	[ -n '$(PDFLATEX)' ] || missing="$$missing texlive-latex-base"; \
	[ -n '$(SQLITE_PROGRAM)' ] || missing="$$missing sqlite3"; \
	[ -n '$(GNUPLOT)' ] || missing="$$missing gnuplot-nox"; \
	[ -z "$$missing" ] || { echo "make paper: install$$missing (Debian's" \
		"names), then configure again" >&2; exit 1; }

$(paper_db): $(paper_reference) harness/harness$(EXEEXT)
	@$(MKDIR_P) paper
	@[ -n '$(paper_reference)' ] || { echo "make paper: results/reference/ is" \
		"empty; make paper-draft takes PAPER_DB=FILE" >&2; exit 1; }
	@rm -f $@
	$(AM_V_GEN)harness/harness import $(top_srcdir)/results/reference \
		--db=$@ >/dev/null

# Another database than the last time makes everything anew.
paper/made.from: paper-force
	@$(MKDIR_P) paper
	@echo '$(PAPER_DB) $(PAPER_RUN)' | cmp -s - $@ || \
		echo '$(PAPER_DB) $(PAPER_RUN)' >$@

paper/made/facts.tex: $(PAPER_DB) paper/made.from harness/harness$(EXEEXT) \
		$(wildcard $(top_srcdir)/paper/queries/*.sql) \
		$(wildcard $(top_srcdir)/results/figures/*.gp) \
		$(top_srcdir)/paper/numbers.sh
	$(AM_V_GEN)HARNESS=harness/harness SQLITE='$(SQLITE_PROGRAM)' \
		PAPER_RUN='$(PAPER_RUN)' \
		$(top_srcdir)/paper/numbers.sh '$(PAPER_DB)' paper/made

# Twice, for the references.  The first error is what matters.
paper_latex = ( cd paper/made && TEXINPUTS='$(abs_top_srcdir)/paper:' \
	SOURCE_DATE_EPOCH=0 '$(PDFLATEX)' -interaction=nonstopmode \
	-halt-on-error -jobname=$1 '$2\input{permafrost}' \
	>latex.out 2>&1 </dev/null )
paper_failed = { grep -A 4 '^!' paper/made/latex.out >&2; echo "make paper:" \
	"LaTeX failed (see paper/made/latex.out)" >&2; exit 1; }
paper/permafrost.pdf: paper/made/facts.tex $(paper_sources) | paper-tools
	@awk -f $(top_srcdir)/paper/check-numbers.awk $(paper_sources)
	$(AM_V_GEN)$(call paper_latex,permafrost) && \
		$(call paper_latex,permafrost) || $(paper_failed)
	@! grep 'There were undefined references' paper/made/latex.out >&2
	@mv paper/made/permafrost.pdf $@

# What the data deny stands in the text, where make paper would fail.
paper-draft: paper-tools paper/made/facts.tex
	$(AM_V_GEN)$(call paper_latex,draft,\def\draft{}) && \
		$(call paper_latex,draft,\def\draft{}) || $(paper_failed)
	@mv paper/made/draft.pdf paper/draft.pdf

clean-local: paper-clean
paper-clean:
	rm -rf paper/made paper/made.from $(paper_db) paper/*.pdf
