/*
 * Figures that a test has measured, as "# …" lines after the TAP output. With --tap=- criterion throws away
 * what its test processes print: so they are kept in a file until the runner has ended.
 */
#ifndef SFMFA_TESTS_PAM_NOTES_H
#define SFMFA_TESTS_PAM_NOTES_H

/* One line, without "# " and without the newline. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * One line, "not ok - …", and the program fails. For what comes to light after a test: an assertion or a crash
 * there is no failure to criterion.
 */
void note_failure(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
