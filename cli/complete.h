/*
 * What may stand where the cursor is, for the completion of shells (share/sfmfa.bash, share/_sfmfa): they call
 * "sfmfa __complete WORD...", the words behind sfmfa up to the cursor, the last one as far as it is typed.
 *
 * Prints one candidate a line, "WORD<TAB>what it is"; and in a line of its own what the shell knows better:
 * ":files", ":folders" or ":users".
 */
#ifndef SFMFA_CLI_COMPLETE_H
#define SFMFA_CLI_COMPLETE_H

#define COMPLETE_WORD "__complete"

void
complete_print(char *const words[], int count);

#endif
