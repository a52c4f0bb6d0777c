/*
 * The real init of a measured boot: reads the clock first thing, then tells on the console what it read, what the kernel's log
 * says and, when all is quiet, how much memory is free, and powers off.
 *
 * Lines: `bench: entry NANOSECONDS`, `bench: log`, the log, `bench: free KIB`, `bench: done`.
 */
#include "call.h"
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/time.h>

#define SYSLOG_ACTION_READ_ALL 3
#define QUIET_S 3

static char buffer[1 << 18];

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

static void write_all(const char *text, size_t length)
{
    while (length) {
        long written = CALL(write, 1, text, length, 0, 0);
        if (written <= 0) break;
        text += written, length -= written;
    }
}

static void say(const char *text) { write_all(text, length_of(text)); }

static void say_number(const char *what, unsigned long long number)
{
    char digits[24], *digit = digits + sizeof digits;
    *--digit = 0, *--digit = '\n';
    do *--digit = '0' + number % 10;
    while (number /= 10);
    say(what), say(digit);
}

/* The sum of the numbers that stand behind `key` in a file. */
static unsigned long long sum(const char *path, const char *key)
{
    unsigned long long result = 0;
    size_t length = length_of(key);
    long fd = CALL(openat, AT_FDCWD, path, O_RDONLY, 0, 0), size = 0, got;
    while ((got = CALL(read, fd, buffer + size, sizeof buffer - size, 0, 0)) > 0) size += got;
    CALL(close, fd, 0, 0, 0, 0);
    for (long i = 0; i + (long)length < size; i++) {
        unsigned long long number = 0;
        size_t j = 0;
        while (j < length && buffer[i + j] == key[j]) j++;
        if (j != length) continue;
        for (i += length; i < size && buffer[i] == ' '; i++) {}
        for (; i < size && buffer[i] >= '0' && buffer[i] <= '9'; i++) number = 10 * number + buffer[i] - '0';
        result += number;
    }
    return result;
}

__attribute__((noreturn, used)) void start(void)
{
    struct __kernel_timespec now, quiet = {.tv_sec = QUIET_S};
    long fd;
    CALL(clock_gettime, 1 /* CLOCK_MONOTONIC */, &now, 0, 0, 0);

    /* Whoever started it may have left no console, no /dev and no /proc. */
    CALL(mount, "dev", "/dev", "devtmpfs", 0, 0);
    CALL(mount, "proc", "/proc", "proc", 0, 0);
    fd = CALL(openat, AT_FDCWD, "/dev/console", O_RDWR, 0, 0);
    if (fd >= 0) CALL(dup3, fd, 1, 0, 0, 0);
    say_number("\nbench: entry ", now.tv_sec * 1000000000ull + now.tv_nsec);
    say("bench: log\n");
    write_all(buffer, CALL(syslog, SYSLOG_ACTION_READ_ALL, buffer, sizeof buffer, 0, 0));

    CALL(nanosleep, &quiet, 0, 0, 0, 0);
    fd = CALL(openat, AT_FDCWD, "/proc/sys/vm/drop_caches", O_WRONLY, 0, 0);
    CALL(write, fd, "3", 1, 0, 0);
    CALL(close, fd, 0, 0, 0, 0);
    CALL(nanosleep, &quiet, 0, 0, 0, 0);
    /* MemFree leaves out what the CPU keeps on lists of its own: pages of 4 KiB. */
    say_number("bench: free ", sum("/proc/meminfo", "MemFree:") + 4 * sum("/proc/zoneinfo", " count:"));
    say("bench: done\n");
    CALL(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0, 0);
    for (;;) CALL(nanosleep, &quiet, 0, 0, 0, 0);
}
