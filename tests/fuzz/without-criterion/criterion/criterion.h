/* In place of Criterion's, for fixtures that a fuzzer uses: an assertion that fails ends the process. */
#ifndef SFMFA_TEST_WITHOUT_CRITERION_H
#define SFMFA_TEST_WITHOUT_CRITERION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_that(condition, text)                                                      \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, text); \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* What is to be said when it fails is passed over; the "" behind stands for it where nothing is to be said. */
#define assert_true(a, ...)           assert_that(a, #a)
#define assert_related(op, a, b, ...) assert_that((a)op(b), #a " " #op " " #b)
#define assert_texts(a, b, ...)       assert_that(strcmp(a, b) == 0, #a " is " #b)

#define cr_assert(...)          assert_true(__VA_ARGS__, "")
#define cr_assert_not_null(...) assert_true(NULL != __VA_ARGS__, "")
#define cr_assert_eq(...)       assert_related(==, __VA_ARGS__, "")
#define cr_assert_gt(...)       assert_related(>, __VA_ARGS__, "")
#define cr_assert_lt(...)       assert_related(<, __VA_ARGS__, "")
#define cr_assert_geq(...)      assert_related(>=, __VA_ARGS__, "")
#define cr_assert_str_eq(...)   assert_texts(__VA_ARGS__, "")

#endif
