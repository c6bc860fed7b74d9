/* What kind of login a PAM service is, who calls, and in which phase. */
#ifndef SFMFA_MODEL_LOGIN_TYPE_H
#define SFMFA_MODEL_LOGIN_TYPE_H

#include "base/error.h"

enum login_type {
	LOGIN_UI = 0, /* the strict one: an unmapped service is ui */
	LOGIN_API,
	LOGIN_EXEMPT,
};

const char *
login_type_key(enum login_type type);
/* ui, api or exempt; where exempt is not allowed the caller says so. SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
login_type_from_key(const char *key, enum login_type *ret_type) SFMFA_MUST_USE;

/* Who asks, by the kernel's word (rules 2). Zero is the weakest. */
enum caller_class {
	CALLER_OWN = 0,
	CALLER_TRUSTED,
	CALLER_ROOT,
	CALLER_CLASS_COUNT
};

const char *
caller_class_key(enum caller_class caller);

enum phase {
	PHASE_AUTHENTICATE = 0,
	PHASE_ACCOUNT, /* without a verdict of this handle */
};

#endif
