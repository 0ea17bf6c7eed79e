/* fuzz_facts.c - facts of hosts, which a database or another host may have given:
 * harness/doctor.c, doctorrules.c, samehost.c, celllimits.c.  Input: JSON, "--",
 * JSON of another host. */
#include "fuzz.h"

#include <stdlib.h>

#include "celllimits.h"
#include "doctor.h"
#include "doctorrules.h"
#include "samehost.h"

/* Every finding must have what its readers do not ask for twice. */
static void check(const json_t *findings)
{
	static const char *const keys[] = { "probe", "label", "state", "detail",
					    "harm" };
	const json_t *finding;
	size_t i;

	FUZZ_REQUIRE(json_array_size(findings) == doctor_rules_count);
	json_array_foreach(findings, i, finding)
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			FUZZ_REQUIRE(json_is_string(
				json_object_get(finding, keys[k])));
}

FUZZ_TARGET(facts)
{
	struct strings parts;
	struct cell_limits limits = { .timeout_s = 1, .parallel = 1 };
	json_t *facts, *other, *findings, *verdict;
	char *difference;

	fuzz_parts(data, size, &parts);
	facts = json_loads(fuzz_part(&parts, 0), 0, NULL);
	other = json_loads(fuzz_part(&parts, 1), 0, NULL);
	findings = doctor_judge(facts);
	check(findings);
	verdict = doctor_verdict(findings);
	FUZZ_REQUIRE(json_array_size(verdict) == 4);
	doctor_trustworthy(findings);
	difference = samehost_difference(facts, facts);
	FUZZ_REQUIRE(difference == NULL);
	difference = samehost_difference(facts, other);
	free(difference);
	limits_restore(&limits, facts);
	FUZZ_REQUIRE(limits.timeout_s >= 1 && limits.min_free_kib >= 0 &&
		     limits.parallel >= 1);
	json_decref(verdict);
	json_decref(findings);
	json_decref(facts);
	json_decref(other);
	strings_fini(&parts);
}
