/* What an environment names that should name nothing: leaves a mark in whatever program it gets into. */
#include <fcntl.h>
#include <unistd.h>

static __attribute__((constructor)) void
leave_mark(void)
{
	int fd = open(MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}
