namespace Engine.Starter;

// sys/resource.h, sched.h, unistd.h, linux/{seccomp,bpf,keyctl,ioprio,mempolicy}.h: limits, scheduling, names, kernel programs.
internal static unsafe partial class Sys
{
    public static int prlimit64(int pid, int resource, rlimit64* set, rlimit64* old) =>
        (int)Call(SYS_prlimit64, pid, resource, (long)set, (long)old);

    public static int setpriority(int which, int who, int nice) => (int)Call(SYS_setpriority, which, who, nice);

    /// <summary><paramref name="attributes"/>.size must be set.</summary>
    public static int sched_setattr(int pid, sched_attr* attributes, uint flags) =>
        (int)Call(SYS_sched_setattr, pid, (long)attributes, flags);

    public static int sched_getattr(int pid, sched_attr* attributes, uint size, uint flags) =>
        (int)Call(SYS_sched_getattr, pid, (long)attributes, size, flags);

    /// <summary>The mask has one bit per processor; size in bytes.</summary>
    public static int sched_setaffinity(int pid, ulong size, void* mask) => (int)Call(SYS_sched_setaffinity, pid, (long)size, (long)mask);

    /// <summary>Bytes the kernel filled in.</summary>
    public static int sched_getaffinity(int pid, ulong size, void* mask) => (int)Call(SYS_sched_getaffinity, pid, (long)size, (long)mask);

    public static int ioprio_set(int which, int who, int priority) => (int)Call(SYS_ioprio_set, which, who, priority);

    public static int set_mempolicy(int mode, ulong* nodes, ulong bits) => (int)Call(SYS_set_mempolicy, mode, (long)nodes, (long)bits);

    public static int sethostname(byte* name, ulong length) => (int)Call(SYS_sethostname, (long)name, (long)length);

    public static int setdomainname(byte* name, ulong length) => (int)Call(SYS_setdomainname, (long)name, (long)length);

    public static int uname(new_utsname* result) => (int)Call(SYS_uname, (long)result);

    /// <summary>A descriptor with SECCOMP_FILTER_FLAG_NEW_LISTENER, else 0.</summary>
    public static int seccomp(uint operation, uint flags, void* argument) => (int)Call(SYS_seccomp, operation, flags, (long)argument);

    /// <summary><paramref name="attributes"/> is the member of union bpf_attr that the command takes.</summary>
    public static int bpf(int command, void* attributes, uint size) => (int)Call(SYS_bpf, command, (long)attributes, size);

    public static long keyctl(int operation, long a = 0, long b = 0, long c = 0, long d = 0) => Call(SYS_keyctl, operation, a, b, c, d);

    /// <summary>Retried. Complete for up to 256 bytes once the kernel's pool is ready.</summary>
    public static long getrandom(void* buffer, ulong length, uint flags) => Retry(SYS_getrandom, (long)buffer, (long)length, flags);
}
