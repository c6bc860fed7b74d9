#include <stdlib.h>
#include <string.h>

#include "auth/env.h"
#include "auth/person.h"
#include "base/text.h"
#include "config/holding.h"
#include "policy/effective.h"

/* An error is never "not a member". */
const struct memberships *
standing_memberships(const struct person *person, const struct config *config, struct memberships *unresolved)
{
	if (person->nss != NSS_KNOWN || person->uid == 0)
		return NULL;
	if (person->groups_known)
		return &person->memberships;
	config_doubt_memberships(config, unresolved);
	return unresolved;
}

static enum sfmfa_err
work_out(const struct config *config, const struct person *person, struct standing *standing)
{
	struct memberships unresolved;
	const struct holder holder = {
		.record = &standing->record,
		.known = standing->known,
		.memberships = standing_memberships(person, config, &unresolved),
	};
	struct holding *holding = calloc(1, sizeof(*holding));
	enum sfmfa_err err = SFMFA_ERR_NO_MEMORY;

	standing->effective = calloc(1, sizeof(*standing->effective));
	if (holding != NULL && standing->effective != NULL)
		err = config_find_holding(config, &holder, holding);
	if (err == SFMFA_OK) {
		standing->profile = holding->profile;
		effective_compute(holding, standing->effective);
		/* The first fault is the one that is told. */
		if (!standing->fault)
			standing->fault = effective_find_fault(holding, standing->effective, standing->fault_text);
	}
	free(holding);
	return err;
}

/* Whether sfmfa knows the user: by the name service, or by the store as a virtual one (rules 1, "user"). */
static void
judge_name(const struct person *person, struct standing *standing)
{
	const struct user_record *record = &standing->record;
	bool is_virtual = record->id != 0 && record->is_virtual;

	standing->known = person->nss == NSS_KNOWN || is_virtual;
	if (person->nss != NSS_KNOWN || !is_virtual)
		return;
	standing->fault = true;
	/* An empty text would be a fault all the same. */
	if (text_format(standing->fault_text, sizeof(standing->fault_text),
	                "the virtual user %s is now a user of the system too", record->name) != SFMFA_OK)
		standing->fault_text[0] = '\0';
}

enum sfmfa_err
standing_work_out(const struct config *config, const struct person *person, const struct user_record *record,
                  struct standing *ret_standing, struct diag *diag)
{
	enum sfmfa_err err;

	/* In place, not by assignment: the effective permissions point into the record. */
	memset(ret_standing, 0, sizeof(*ret_standing));
	ret_standing->record = *record;
	judge_name(person, ret_standing);
	err = work_out(config, person, ret_standing);
	if (err != SFMFA_OK) {
		standing_finish(ret_standing);
		return diag_set(diag, err, "", 0, "what user %s may do cannot be worked out", person->name);
	}
	return SFMFA_OK;
}

enum sfmfa_err
standing_read(const struct env *env, const struct config *config, const struct person *person,
	      int64_t guard_caller, struct standing *ret_standing, struct diag *diag)
{
	struct user_record record;
	enum sfmfa_err err;

	memset(ret_standing, 0, sizeof(*ret_standing));
	if (config == NULL)
		return diag_set(diag, SFMFA_ERR_CONFIG, "", 0, "there is no configuration in force");
	if (person->nss == NSS_ERROR)
		return diag_set(diag, SFMFA_ERR_STORE, "", 0, "the name service did not answer");
	if (env->store == NULL)
		return diag_set(diag, SFMFA_ERR_STORE, "", 0, "the store is not open");
	err = store_read_user(env->store, person->name, guard_caller, &record, diag);
	if (err == SFMFA_ERR_NOT_FOUND) {
		memset(&record, 0, sizeof(record));
		err = text_copy(record.name, sizeof(record.name), person->name);
	}
	return err != SFMFA_OK ? err : standing_work_out(config, person, &record, ret_standing, diag);
}

void
standing_finish(struct standing *standing)
{
	if (standing == NULL)
		return;
	free(standing->effective);
	memset(standing, 0, sizeof(*standing));
}
