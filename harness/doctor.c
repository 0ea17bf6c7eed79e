/* doctor.c - applies the rules of doctorrules.c, and sums up what they find.
 *
 * A rule names the metrics that depend on it by their units or keys, so that a
 * new metric is judged with its kind and no list needs an entry.
 */
#define _GNU_SOURCE
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "doctorrules.h"
#include "host.h"
#include "metrics.h"
#include "util.h"

static const char *const states[] = { "ok", "limited", "missing", "unknown" };
static const char *const harms[] = { "none", "doubtful", "lost" };

/* Keys of all metrics whose unit or key is among `words`. */
static json_t *expand(const char *words)
{
	struct strings list = { NULL, 0 };
	json_t *keys = json_array();

	strings_split(&list, words, ' ');
	for (size_t i = 0; i < metrics_count; i++)
		if (strings_has(&list, metrics[i].unit) ||
		    strings_has(&list, metrics[i].key))
			json_array_append_new(keys,
					      json_string(metrics[i].key));
	strings_fini(&list);
	return keys;
}

json_t *doctor_judge(const json_t *facts)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < doctor_rules_count; i++) {
		const struct doctor_rule *r = &doctor_rules[i];
		struct finding f = { .detail = NULL };

		r->judge(facts, &f);
		json_array_append_new(
			findings,
			json_pack("{ss ss ss ss ss so ss? ss? ss?}", "probe",
				  r->probe, "label", r->label, "state",
				  states[f.state], "detail", f.detail, "harm",
				  harms[f.harm], "metrics", expand(r->metrics),
				  "effect", f.effect, "cure", f.cure, "because",
				  f.because));
		free(f.detail);
		free(f.effect);
		free(f.cure);
		free(f.because);
	}
	return findings;
}

static const char *get(const json_t *finding, const char *key)
{
	return json_string_value(json_object_get(finding, key));
}

static int harmful(const json_t *finding)
{
	return strcmp(get(finding, "harm"), harms[HARM_NONE]) != 0;
}

/* Those of `keys` that a finding concerns, as "a, b"; "" when it is all of
 * them, NULL when it is none.  To free. */
static char *concerned(const json_t *keys, const json_t *finding)
{
	const json_t *metrics = json_object_get(finding, "metrics");
	const json_t *key, *other;
	char *list = NULL, *longer;
	size_t i, j, n = 0;

	json_array_foreach(keys, i, key)
		json_array_foreach(metrics, j, other)
			if (json_equal(key, other)) {
				longer = xasprintf("%s%s%s", list ? list : "",
						   list ? ", " : "",
						   json_string_value(key));
				free(list);
				list = longer;
				n++;
			}
	if (list != NULL && n == json_array_size(keys))
		*list = '\0';
	return list;
}

/* "NAME: trustworthy.", or why not, of the metrics that `words` name. */
static json_t *sentence(const json_t *findings, const char *name,
			const char *words)
{
	json_t *keys = expand(words), *finding, *value;
	char *line = xasprintf("%s:", name), *last = xstrdup(""), *longer;
	size_t index;

	json_array_foreach(findings, index, finding) {
		char *list = harmful(finding) ? concerned(keys, finding) : NULL;
		char *what;

		if (list == NULL)
			continue;
		what = xasprintf(
			" %s%s%s", list, *list ? " " : "",
			strcmp(get(finding, "harm"), harms[HARM_LOST]) == 0 ?
				"not measured" :
				"not trustworthy");
		longer = xasprintf("%s%s%s %s", line,
				   *last == '\0'		   ? "" :
					   strcmp(what, last) == 0 ? ", and" :
								     ";",
				   strcmp(what, last) == 0 ? "" : what,
				   get(finding, "because"));
		free(line);
		free(list);
		free(last);
		last = what;
		line = longer;
	}
	longer = xasprintf("%s%s.", line, *last ? "" : " trustworthy");
	value = json_string(longer);
	free(line);
	free(last);
	free(longer);
	json_decref(keys);
	return value;
}

json_t *doctor_verdict(const json_t *findings)
{
	return json_pack(
		"[o, o, o, o]", sentence(findings, "Memory", "KiB"),
		sentence(findings, "Copied pages", "pages"),
		sentence(findings, "Faults", "faults"),
		sentence(findings, "Pauses, latencies and CPU time", "us ms"));
}

int doctor_trustworthy(const json_t *findings)
{
	const json_t *finding;
	size_t index;

	json_array_foreach(findings, index, finding)
		if (harmful(finding))
			return 0;
	return 1;
}

void doctor_warn(const json_t *facts)
{
	json_t *own = facts == NULL ? host_facts() : NULL;
	json_t *findings = doctor_judge(facts != NULL ? facts : own);
	const json_t *finding;
	size_t index;

	json_array_foreach(findings, index, finding)
		if (harmful(finding))
			complain("warning: %s: %s: %s", get(finding, "label"),
				 get(finding, "detail"),
				 get(finding, "effect"));
	json_decref(findings);
	json_decref(own);
}
