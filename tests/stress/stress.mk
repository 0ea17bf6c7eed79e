# stress.mk - `make stress`: reshare under stress for STRESS_MINUTES in all, one
# interpreter of STRESS_PYTHONS (tags) after the other.  GNU make only, as matrix.mk.
# A short form is in tests/conformance/reshare_test.py.
STRESS_MINUTES = 60
STRESS_PYTHONS = $(TAGS)
stress_seconds = $$((60 * $(STRESS_MINUTES) / $(words $(STRESS_PYTHONS))))

.PHONY: stress
stress: matrix
	@for tag in $(filter-out $(TAGS),$(STRESS_PYTHONS)); do \
		echo "STRESS_PYTHONS: no $$tag among $(TAGS)" >&2; exit 1; done
	@:$(foreach tag,$(STRESS_PYTHONS), && PYTHONDONTWRITEBYTECODE=1 \
		'$(PYTHON_$(tag))' $(top_srcdir)/tests/stress/stress.py \
		'$(abs_top_builddir)/ext/$(tag)' --seconds=$(stress_seconds))
