/* Bounds of the model. What does not fit is refused, never cut. */
#ifndef SFMFA_MODEL_LIMITS_H
#define SFMFA_MODEL_LIMITS_H

#define USER_NAME_SIZE    256  /* bytes with the NUL, as NSS_NAME_SIZE */
#define SERVICE_NAME_SIZE 64
#define NAME_SIZE         64   /* profiles, sets, groups, apps, labels of tokens */
#define LABEL_SIZE        128
#define HOST_SIZE         256  /* PAM_RHOST, PAM_TTY */

#define RANGES_MAX        64   /* networks in one list */
#define SERVICES_MAX      128  /* services in one list */
#define ASSIGNMENTS_MAX   64   /* direct assignments of one user */
#define GROUP_NAMES_MAX   512  /* different Unix groups named in the whole configuration */
#define BECAUSE_MAX       16   /* sentences of one decision */
#define SETS_PER_GROUP_MAX 64

#endif
