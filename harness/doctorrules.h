/* doctorrules.h - the table of what `harness doctor` looks at. */
#ifndef PERMAFROST_DOCTORRULES_H
#define PERMAFROST_DOCTORRULES_H

#include <jansson.h>
#include <stddef.h>

enum doctor_state { DOCTOR_OK, DOCTOR_LIMITED, DOCTOR_MISSING, DOCTOR_UNKNOWN };
enum doctor_harm { HARM_NONE, HARM_DOUBTFUL, HARM_LOST };

/* Texts are to be freed, NULL where there is nothing to say. */
struct finding {
	enum doctor_state state;
	enum doctor_harm harm;
	char *detail, *effect, *cure, *because;
};

struct doctor_rule {
	const char *probe;
	const char *label;
	const char *metrics; /* those concerned: units or keys, one space
				 * between them */
	void (*judge)(const json_t *facts, struct finding *f);
};

extern const struct doctor_rule doctor_rules[];
extern const size_t doctor_rules_count;

#endif
