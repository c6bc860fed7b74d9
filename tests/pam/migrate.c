/* usage: migrate FOLDER : brings the store in it to the schema version of migration.h, in a process of its own. */
#include "migration.h"

int
main(int argc, char **argv)
{
	return argc == 2 ? migration_run(argv[1]) : 2;
}
