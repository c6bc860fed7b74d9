/* The contract on SQLite. */
#include "contract.h"

const struct contract_backend contract_backend = { .open = store_open_sqlite };
