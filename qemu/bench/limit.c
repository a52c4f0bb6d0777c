/*
 * The practical limit of an /init: one that knows everything beforehand, does what has to be done by the fewest system calls, and
 * looks at no result. It hands over what pintle hands over, but leaves the initramfs's files where they are.
 *
 * ROOT is the root's device; MODULES, if any, the paths of those to be loaded, a NUL after each.
 */
#include "call.h"
#include <linux/fcntl.h>
#include <linux/mount.h>

__attribute__((noreturn, used)) void start(long *stack)
{
    char **arguments = (char **)(stack + 1), **environment = arguments + *stack + 1;
    /* The kernel's own initramfs, below the image, has /dev and /root. */
    CALL(mkdirat, AT_FDCWD, "/proc", 0755, 0, 0);
    CALL(mkdirat, AT_FDCWD, "/sys", 0755, 0, 0);
    CALL(mkdirat, AT_FDCWD, "/run", 0755, 0, 0);
    CALL(mount, "dev", "/dev", "devtmpfs", MS_NOSUID, 0);
    CALL(mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
    CALL(mount, "sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
    CALL(mount, "run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
#ifdef MODULES
    for (const char *path = MODULES; *path;) {
        CALL(finit_module, CALL(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0, 0), "", 0, 0, 0);
        while (*path++) {}
    }
#endif
    CALL(mount, ROOT, "/root", "ext4", MS_RDONLY, 0);
    CALL(chdir, "/root", 0, 0, 0, 0);
    CALL(mount, "/dev", "dev", 0, MS_MOVE, 0);
    CALL(mount, "/proc", "proc", 0, MS_MOVE, 0);
    CALL(mount, "/sys", "sys", 0, MS_MOVE, 0);
    CALL(mount, "/run", "run", 0, MS_MOVE, 0);
    CALL(mount, ".", "/", 0, MS_MOVE, 0);
    CALL(chroot, ".", 0, 0, 0, 0);
    arguments[0] = "/sbin/init";
    CALL(execve, arguments[0], arguments, environment, 0, 0);
    for (;;) CALL(exit, 1, 0, 0, 0, 0);
}
