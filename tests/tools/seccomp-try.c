// seccomp-try FILE FLAGS CALL...: loads the filter in FILE (struct sock_filter[]) with seccomp(2) and FLAGS in a child, makes
// each CALL there and prints what came of it, one line each:
//   load ERRNO          errno of seccomp(2), 0 when the filter holds
//   ret VALUE ERRNO     the call returned
//   trap NUMBER ERRNO   SIGSYS was caught: si_syscall and si_errno
//   signal NUMBER       the child was killed in the call; nothing follows
// CALL is NUMBER[,ARGUMENT]... ; on x86 "i386:" before it makes the call through int $0x80.
// The child reports through shared memory, so that a filter may deny it everything.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CALLS = 32, RETURNED = 1, TRAPPED = 2 };

struct report {
    int load_errno;
    int calls;
    int finished;
    struct { int kind; long value; int error; } call[MAX_CALLS];
};

static struct report *report;

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    report->call[report->calls].kind = TRAPPED;
    report->call[report->calls].value = info->si_syscall;
    report->call[report->calls].error = info->si_errno;
}

static long call_i386(const unsigned long *a)
{
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(a[0]), "b"(a[1]), "c"(a[2]), "d"(a[3]), "S"(a[4]), "D"(a[5]) : "memory", "r8", "r9", "r10", "r11");
    result = (int)result;
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
#else
    (void)a;
    errno = ENOSYS;
    return -1;
#endif
}

static void make_call(char *text)
{
    unsigned long a[7] = { 0 };
    int i386 = strncmp(text, "i386:", 5) == 0;
    int count = 0;
    char *word = i386 ? text + 5 : text;
    while (word && count < 7) {
        a[count++] = strtoul(word, &word, 0);
        word = *word == ',' ? word + 1 : NULL;
    }
    errno = 0;
    long value = i386 ? call_i386(a) : syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    if (report->call[report->calls].kind != TRAPPED) {
        report->call[report->calls].value = value;
        report->call[report->calls].error = errno;
        report->call[report->calls].kind = RETURNED;
    }
    report->calls++;
}

static void child(struct sock_fprog *program, unsigned flags, char **calls)
{
    struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
    sigaction(SIGSYS, &action, NULL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program) != 0)
        report->load_errno = errno;
    else
        while (*calls)
            make_call(*calls++);
    report->finished = 1;
    // exit_group may be denied; an illegal instruction is not a system call.
    __builtin_trap();
}

int main(int argc, char **argv)
{
    static struct sock_filter code[4096];
    if (argc < 3 || argc - 3 > MAX_CALLS)
        return 2;
    int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, code, sizeof code);
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (size <= 0 || report == MAP_FAILED)
        return 2;
    struct sock_fprog program = { .len = (unsigned short)(size / sizeof *code), .filter = code };
    pid_t pid = fork();
    if (pid == 0)
        child(&program, (unsigned)strtoul(argv[2], NULL, 0), argv + 3);
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 2;
    printf("load %d\n", report->load_errno);
    for (int i = 0; i < report->calls; i++)
        printf("%s %ld %d\n", report->call[i].kind == TRAPPED ? "trap" : "ret", report->call[i].value, report->call[i].error);
    if (!report->finished)
        printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    return 0;
}
