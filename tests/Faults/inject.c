// Plays a failing kernel to the starter: runs a command, follows everything that descends from it, and at the n-th system call of one
// kind in one stage of the starter lets the call fail, lie, or be the caller's last. Who is a starter is read from /proc/PID/exe; its stage
// from the name that it gives itself (prctl(PR_SET_NAME), "starter:[2:sup]"). What a starter executes is let go.
//
//   inject [-c] [-m] [-p PID]... [-r FILE] [-i STAGE:NUMBER:COUNT:ACTION] [-l] -- COMMAND [ARGUMENT]...
//     -c  the command's own first thread is followed as well, as the stage c:cli
//     -m  so is that of each master that a starter executes, as the stage m:mas
//     -p  a starter that runs already is followed from now on
//     -r  at the end a line "STAGE NUMBER TIMES" for each kind of call that was seen, or "met" behind -i when it came to it
//     -i  STAGE as between the brackets; NUMBER of the system call; COUNT from 1, over all processes in that stage; ACTION is
//         error=ERRNO (the call is not made), return=VALUE (nor here), kill (SIGKILL before the call), stop (SIGSTOP at it, and SIGCONT
//         some time later), or short (half of what was asked for, rounded up: bytes, or pieces of readv and writev; a write to a file of
//         the kernel's is not made and said to have done half, see below)
//     -l  stays until nobody is followed any more, behind a command that failed some seconds at most; else until the command has ended
// A set-uid bit counts as it does without a tracer, for this one is privileged.
// Exit code: the command's, 128+n when a signal ended it, 125 for a failure of this program.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/magic.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 512, KINDS = 4096, STAGE = 8, SECONDS = 4, MICROSECONDS = 60000 };

struct process {
    pid_t pid;
    int starter, command, answer;
    long value, naming;
    char stage[STAGE];
};

struct kind {
    char stage[STAGE];
    long number, times;
};

static struct process followed[PROCESSES];
static struct kind kinds[KINDS];
static struct {
    char stage[STAGE];
    long number, count, value;
    int kill, stop, halve, wanted, met;
} fault;
static int masters;

static const long OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    exit(125);
}

static struct process *find(pid_t pid)
{
    for (int i = 0; i < PROCESSES; i++)
        if (followed[i].pid == pid)
            return &followed[i];
    return NULL;
}

// "starter:[2:sup]" gives 2:sup; any other name leaves the stage as it is.
static void name(struct process *p, const char *text)
{
    const char *from = strstr(text, ":["), *to = from ? strchr(from, ']') : NULL;
    if (to && to - from - 2 < STAGE)
        memcpy(p->stage, from + 2, to - from - 2), p->stage[to - from - 2] = 0;
}

static int runs(pid_t pid, const char *program)
{
    char path[32], target[256];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = 0;
    return strstr(target, program) != NULL;
}

static int is_starter(pid_t pid)
{
    return runs(pid, "starter");
}

static struct process *add(pid_t pid)
{
    struct process *p = find(0);
    if (!p)
        errno = ENOSPC, fail("too many processes");
    memset(p, 0, sizeof *p);
    p->pid = pid;
    p->starter = is_starter(pid);
    strcpy(p->stage, "0:ent");
    char path[32], text[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *comm = fopen(path, "re");
    if (comm && fgets(text, sizeof text, comm))
        name(p, text);
    if (comm)
        fclose(comm);
    return p;
}

static long times(struct process *p, long number)
{
    for (int i = 0; i < KINDS; i++) {
        if (!kinds[i].stage[0])
            strcpy(kinds[i].stage, p->stage), kinds[i].number = number;
        if (kinds[i].number == number && strcmp(kinds[i].stage, p->stage) == 0)
            return ++kinds[i].times;
    }
    errno = ENOSPC;
    fail("too many kinds of calls");
}

// The call is not made: its number becomes one that no kernel knows.
static void skip(pid_t pid)
{
#if defined __x86_64__
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0)
        regs.orig_rax = -1, ptrace(PTRACE_SETREGS, pid, 0, &regs);
#elif defined __aarch64__
    int none = -1;
    struct iovec io = { &none, sizeof none };
    ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &io);
#endif
}

static void answer(pid_t pid, long value)
{
#if defined __x86_64__
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0)
        regs.rax = value, ptrace(PTRACE_SETREGS, pid, 0, &regs);
#elif defined __aarch64__
    struct user_regs_struct regs;
    struct iovec io = { &regs, sizeof regs };
    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io) == 0)
        regs.regs[0] = value, ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &io);
#endif
}

// Half of the third argument: the count of every call that "short" is for.
static void halve(pid_t pid)
{
#if defined __x86_64__
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0)
        regs.rdx -= regs.rdx / 2, ptrace(PTRACE_SETREGS, pid, 0, &regs);
#elif defined __aarch64__
    struct user_regs_struct regs;
    struct iovec io = { &regs, sizeof regs };
    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io) == 0)
        regs.regs[2] -= regs.regs[2] / 2, ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &io);
#endif
}

// Such files take all of a write or nothing; and half of a number is another one, so that half of a pid would move a process of the
// machine's into the container's cgroup.
static int is_kernels(pid_t pid, long number, int fd)
{
    char path[48];
    struct statfs system;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    return (number == SYS_write || number == SYS_pwrite64 || number == SYS_writev) && statfs(path, &system) == 0 &&
        (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC || system.f_type == CGROUP_SUPER_MAGIC ||
         system.f_type == CGROUP2_SUPER_MAGIC || system.f_type == RDTGROUP_SUPER_MAGIC);
}

// Somebody else goes on with it: this program waits for all of them.
static void hold(pid_t pid)
{
    kill(pid, SIGSTOP);
    if (fork() == 0) {
        usleep(MICROSECONDS);
        kill(pid, SIGCONT);
        _exit(0);
    }
}

static void enter(struct process *p, long number, const __u64 *args)
{
    p->naming = number == SYS_prctl && args[0] == PR_SET_NAME ? (long)args[1] : 0;
    long n = times(p, number);
    if (!fault.wanted || fault.met || fault.number != number || fault.count != n || strcmp(fault.stage, p->stage) != 0)
        return;
    fault.met = 1;
    if (fault.kill)
        kill(p->pid, SIGKILL);
    else if (fault.stop)
        hold(p->pid);
    else if (fault.halve && is_kernels(p->pid, number, (int)args[0]))
        p->answer = 1, p->value = (long)(args[2] - args[2] / 2), skip(p->pid);
    else if (fault.halve)
        halve(p->pid);
    else
        p->answer = 1, p->value = fault.value, skip(p->pid);
}

static void leave(struct process *p)
{
    if (p->answer)
        answer(p->pid, p->value), p->answer = 0;
    if (p->naming) {
        char text[24] = "";
        for (int i = 0; i < 2; i++) {
            long word = ptrace(PTRACE_PEEKDATA, p->pid, p->naming + i * 8, 0);
            memcpy(text + i * 8, &word, 8);
        }
        name(p, text);
        p->naming = 0;
    }
}

static void go(struct process *p, int signal)
{
    ptrace(p->starter ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, 0, signal);
}

static void stopped(struct process *p, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_EXEC) {
        int was = p->starter;
        int master = masters && was && runs(p->pid, "/engine");
        p->starter = is_starter(p->pid) || p->command || master;
        if (p->command)
            strcpy(p->stage, "c:cli");
        else if (master)
            strcpy(p->stage, "m:mas");
        if (was && !p->starter) {
            ptrace(PTRACE_DETACH, p->pid, 0, 0);
            p->pid = 0;
            return;
        }
        go(p, 0);
    } else if (event == PTRACE_EVENT_STOP) {
        if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
            ptrace(PTRACE_LISTEN, p->pid, 0, 0);
        else
            go(p, 0);
    } else if (event) {
        go(p, 0);
    } else if (signal == (SIGTRAP | 0x80)) {
        struct ptrace_syscall_info info;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) > 0) {
            if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
                enter(p, (long)info.entry.nr, info.entry.args);
            else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
                leave(p);
        }
        go(p, 0);
    } else {
        go(p, signal);
    }
}

static void report(const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        fail(path);
    if (fault.wanted && fault.met)
        fputs("met\n", file);
    for (int i = 0; i < KINDS && kinds[i].stage[0] && !fault.wanted; i++)
        fprintf(file, "%s %ld %ld\n", kinds[i].stage, kinds[i].number, kinds[i].times);
    if (fclose(file))
        fail(path);
}

static void parse_fault(const char *text)
{
    int used = 0;
    if (sscanf(text, "%1[0-9cm]:%3[a-z]", fault.stage, fault.stage + 2) != 2)
        exit(125);
    fault.stage[1] = ':';
    if (sscanf(text + strlen(fault.stage), ":%ld:%ld:%n", &fault.number, &fault.count, &used) != 2)
        exit(125);
    text += strlen(fault.stage) + used;
    if (strcmp(text, "kill") == 0)
        fault.kill = 1;
    else if (strcmp(text, "stop") == 0)
        fault.stop = 1;
    else if (strcmp(text, "short") == 0)
        fault.halve = 1;
    else if (sscanf(text, "error=%ld", &fault.value) == 1)
        fault.value = -fault.value;
    else if (sscanf(text, "return=%ld", &fault.value) != 1)
        exit(125);
    fault.wanted = 1;
}

static int pending(void)
{
    for (int i = 0; i < PROCESSES; i++)
        if (followed[i].pid && followed[i].answer)
            return 1;
    return 0;
}

// A command that failed may have left everything as it was, and those who run running.
static volatile sig_atomic_t late;

static void alarmed(int signal)
{
    (void)signal;
    late = 1;
}

static void leave_soon(void)
{
    struct sigaction action = { .sa_handler = alarmed };
    sigaction(SIGALRM, &action, NULL);
    alarm(SECONDS);
}

static pid_t start(char **command)
{
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        raise(SIGSTOP);
        execvp(command[0], command);
        fail(command[0]);
    }
    int status;
    if (waitpid(child, &status, WUNTRACED) != child)
        fail("waitpid");
    if (ptrace(PTRACE_SEIZE, child, 0, OPTIONS))
        fail("ptrace");
    kill(child, SIGCONT);
    return child;
}

int main(int argc, char **argv)
{
    const char *record = NULL;
    int linger = 0, command = 0, option;
    while ((option = getopt(argc, argv, "+cmp:r:i:l")) != -1) {
        if (option == 'p') {
            pid_t pid = atoi(optarg);
            struct process *p = add(pid);
            // The interruption makes it stop once, and from then on at every call.
            if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
                fail("ptrace");
            p->starter = 1;
        } else if (option == 'r')
            record = optarg;
        else if (option == 'i')
            parse_fault(optarg);
        else if (option == 'c')
            command = 1;
        else if (option == 'm')
            masters = 1;
        else if (option == 'l')
            linger = 1;
        else
            return 125;
    }
    if (optind >= argc)
        return 125;
    pid_t child = start(argv + optind);
    struct process *first = add(child);
    first->starter = 0, first->command = command;

    int code = -1, status;
    for (;;) {
        if (code >= 0 && (!linger || late) && !pending())
            break;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        struct process *p = find(pid);
        if (WIFSTOPPED(status)) {
            stopped(p ? p : add(pid), status);
            continue;
        }
        if (p)
            p->pid = 0;
        if (pid == child)
        {
            code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            if (code)
                leave_soon();
        }
    }
    if (record)
        report(record);
    return code < 0 ? 125 : code;
}
