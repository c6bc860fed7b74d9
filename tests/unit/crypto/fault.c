#include "fault.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

enum fault fault;
unsigned fault_calls;

ssize_t
__real_getrandom(void *buffer, size_t size, unsigned flags);
ssize_t
__wrap_getrandom(void *buffer, size_t size, unsigned flags);

ssize_t
__wrap_getrandom(void *buffer, size_t size, unsigned flags)
{
	unsigned call = fault_calls++;

	switch (fault) {
	case FAULT_INTERRUPTED:
		if (call == 0) {
			errno = EINTR;
			return -1;
		}
		break;
	case FAULT_END:
		if (call > 0)
			return 0;
		size = size < 3 ? size : 3;
		break;
	case FAULT_SHORT:
		size = size < 3 ? size : 3;
		break;
	case FAULT_ERROR:
		errno = ENOSYS;
		return -1;
	case FAULT_ONES:
		memset(buffer, 0xff, size);
		return (ssize_t)size;
	case FAULT_COUNTING:
		memcpy(buffer, &call, size < sizeof(call) ? size : sizeof(call));
		return (ssize_t)size;
	case FAULT_NONE:
		break;
	}
	return __real_getrandom(buffer, size, flags);
}
