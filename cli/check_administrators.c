#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "outlook.h"

/* Who was asked after so far, and what the first of them is refused for. */
struct survey {
	const struct config *config;
	unsigned asked, shut_out;
	char name[USER_NAME_SIZE];
	struct lint_barrier first;
};

static void
survey_user(struct survey *survey, const char *name)
{
	struct someone someone = { .known = true };
	struct lint_barrier barrier;
	struct outlook outlook;

	if (nss_find_user(name, &someone.user) != NSS_KNOWN ||
	    text_copy(someone.record.name, sizeof someone.record.name, someone.user.name) != SFMFA_OK)
		return;
	outlook_find(survey->config, &someone, &outlook);
	survey->asked++;
	if (!outlook.denied && !lint_find_barrier(outlook.profile, outlook.permissions, &barrier))
		return;
	if (survey->shut_out++ > 0)
		return;
	text_printable(survey->name, sizeof survey->name, someone.user.name);
	if (outlook.denied) {
		barrier = (struct lint_barrier){ 0 };
		text_printable(barrier.text, sizeof barrier.text, outlook.fault);
	}
	survey->first = barrier;
}

/* Those whose primary group it is stand in the user database only. */
static void
survey_group(struct survey *survey, const char *group)
{
	const struct group *entry = getgrnam(group);
	const struct passwd *user;
	gid_t gid;

	if (!entry)
		return;
	gid = entry->gr_gid;
	for (char **member = entry->gr_mem; *member; member++)
		survey_user(survey, *member);
	setpwent();
	while ((user = getpwent()) != NULL) {
		if (user->pw_gid == gid)
			survey_user(survey, user->pw_name);
	}
	endpwent();
}

void
check_administrators(struct findings *findings, const struct config *config)
{
	struct survey survey = { .config = config };
	const struct words *groups = &config->settings.protected_groups;

	survey_user(&survey, "root");
	for (size_t i = 0; i < groups->count; i++)
		survey_group(&survey, groups->items[i]);
	if (survey.asked == 0 || survey.shut_out < survey.asked)
		return;
	findings_add(findings, LINT_ERROR, survey.first.origin.file, survey.first.origin.line,
		     "every administrator (root, members of protected_groups) is shut out: %s: %s", survey.name,
		     survey.first.text);
}
