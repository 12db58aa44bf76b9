/* The floor: what the kernel takes for the container of tests/bundle.sh, without any engine. The same namespaces, mounts, devices,
 * masks, root change and identity in straight C, then the payload. floor ROOTFS PROGRAM [ARGUMENT]...; ends with the payload's code. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) { fprintf(stderr, "floor: %s: %s\n", what, strerror(errno)); _exit(255); }

static void do_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
    mkdir(target, 0755);
    if (mount(source, target, type, flags, data))
        die(target);
}

static void bind_readonly(const char *path)
{
    if (mount(path, path, NULL, MS_BIND | MS_REC, NULL)) {
        if (errno != ENOENT)
            die(path);
        return;
    }
    if (mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
        die(path);
}

static void mask(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return;
    if (S_ISDIR(st.st_mode)) {
        if (mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0k"))
            die(path);
    } else if (mount("dev/null", path, NULL, MS_BIND, NULL))
        die(path);
}

static void devices(void)
{
    static const struct { const char *path; unsigned minor, major; } node[] = {
        { "dev/null", 3, 1 }, { "dev/zero", 5, 1 }, { "dev/full", 7, 1 }, { "dev/random", 8, 1 }, { "dev/urandom", 9, 1 }, { "dev/tty", 0, 5 },
    };
    static const char *const link[][2] = {
        { "/proc/self/fd", "dev/fd" }, { "/proc/self/fd/0", "dev/stdin" }, { "/proc/self/fd/1", "dev/stdout" },
        { "/proc/self/fd/2", "dev/stderr" }, { "pts/ptmx", "dev/ptmx" },
    };
    for (size_t i = 0; i < sizeof node / sizeof *node; i++)
        if (mknod(node[i].path, S_IFCHR | 0666, makedev(node[i].major, node[i].minor)) || chmod(node[i].path, 0666))
            die(node[i].path);
    for (size_t i = 0; i < sizeof link / sizeof *link; i++)
        if (symlink(link[i][0], link[i][1]))
            die(link[i][1]);
}

static void container(const char *root)
{
    static const char *const masked[] = { "proc/acpi", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list", "proc/scsi", "sys/firmware" };
    static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger" };
    const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;

    if (sethostname("demo", 4))
        die("sethostname");
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) || mount(root, root, NULL, MS_BIND | MS_REC, NULL) || chdir(root))
        die(root);
    do_mount("proc", "proc", "proc", safe, NULL);
    do_mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
    do_mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
    do_mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k");
    do_mount("mqueue", "dev/mqueue", "mqueue", safe, NULL);
    do_mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL);
    devices();
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++)
        mask(masked[i]);
    for (size_t i = 0; i < sizeof readonly / sizeof *readonly; i++)
        bind_readonly(readonly[i]);
    if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
        die("pivot_root");
    for (int i = 0; i <= 40; i++)
        if (i > 10)
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
    static char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", NULL };
    struct clone_args args = {
        .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
        .exit_signal = SIGCHLD,
    };
    int status;

    if (argc < 3) {
        fprintf(stderr, "usage: floor ROOTFS PROGRAM [ARGUMENT]...\n");
        return 1;
    }
    pid_t pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        die("clone3");
    if (pid == 0) {
        container(argv[1]);
        execve(argv[2], argv + 2, env);
        die(argv[2]);
    }
    if (waitpid(pid, &status, 0) < 0)
        die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
