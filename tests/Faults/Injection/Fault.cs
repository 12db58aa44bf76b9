using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Engine.Tests.Faults.Injection;

/// <summary>What is done to one system call of the starter.</summary>
/// <param name="Stage">Stage that makes it, as <c>ps</c> has it between the brackets.</param>
/// <param name="Number">The system call.</param>
/// <param name="Count">Which of those that the stage makes, from 1.</param>
/// <param name="Action">What inject.c calls it: error=ERRNO, return=VALUE, kill, stop, short.</param>
internal sealed record Fault(string Stage, int Number, int Count, string Action)
{
    public string Argument => string.Create(CultureInfo.InvariantCulture, $"{Stage}:{Number}:{Count}:{Action}");

    /// <summary>SIGKILL, which an observer cannot tell from one that hits the payload itself.</summary>
    public bool IsKill => Action == "kill";

    /// <summary>It delays, and that is all: whoever may send signals to the starter can do it at any moment.</summary>
    public bool IsStop => Action == "stop";

    public override string ToString() => $"{Stage} {SystemCalls.Name(Number)}#{Count} {Errno.Words(Action)}";
}

/// <summary>Numbers and names of the machine's system calls.</summary>
internal static class SystemCalls
{
    private static readonly Dictionary<int, string> Names = (RuntimeInformation.OSArchitecture == Architecture.Arm64
            ? typeof(Engine.Shared.Linux.Arm64.SyscallNumbers)
            : typeof(Engine.Shared.Linux.X64.SyscallNumbers))
        .GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral && f.Name.StartsWith("SYS_", StringComparison.Ordinal))
        .GroupBy(f => (int)f.GetRawConstantValue()!).ToDictionary(g => g.Key, g => g.First().Name[4..]);

    public static string Name(int number) => Names.GetValueOrDefault(number) ?? number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Which failures are tried for which call: what the manual lists for it, of those in the suite.</summary>
internal static class Errno
{
    public const int EPERM = 1, EINTR = 4, EIO = 5, EAGAIN = 11, ENOMEM = 12, EMFILE = 24, ENOSPC = 28;

    private static readonly Dictionary<int, string> Names = new()
    {
        [EPERM] = "EPERM",
        [EINTR] = "EINTR",
        [EIO] = "EIO",
        [EAGAIN] = "EAGAIN",
        [ENOMEM] = "ENOMEM",
        [EMFILE] = "EMFILE",
        [ENOSPC] = "ENOSPC",
    };

    // Beside EPERM and ENOMEM, which every call gets. Those that end the process or cannot fail get nothing.
    private static readonly (int Value, string Calls)[] More =
    [
        (EINTR, "ppoll read readv write writev recvmsg sendmsg waitid wait4 openat openat2 connect accept4 pselect6 flock"),
        (EAGAIN, "clone3 clone fork ppoll read write recvmsg sendmsg setresuid mmap unshare accept4 connect execve execveat memfd_create"),
        (EMFILE, "openat openat2 open_tree fsopen fsmount fspick socket socketpair pipe2 memfd_create pidfd_open dup dup3 fcntl accept4 epoll_create1 signalfd4 timerfd_create eventfd2 clone3 recvmsg"),
        (ENOSPC, "write pwrite64 mkdirat openat symlinkat linkat mknodat renameat2 fsync clone3 unshare ftruncate move_mount mount"),
        (EIO, "read pread64 write pwrite64 fsync execve execveat getdents64"),
    ];

    // These end the process, cannot fail, or (close) are done also when they say that they failed.
    private static readonly HashSet<string> Never =
        ["exit", "exit_group", "rt_sigreturn", "restart_syscall", "close", "umask", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "setfsuid", "setfsgid"];

    // A kernel that says that it changed an identity, or that an id is 0, and did nothing.
    private static readonly HashSet<string> Lies =
        ["setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset", "capget", "prctl", "getuid", "geteuid", "getresuid", "getresgid", "getgroups"];

    // Calls that may do less than they were asked for (the message sockets of the engine take all or nothing).
    private static readonly HashSet<string> Short = ["read", "readv", "pread64", "write", "writev", "pwrite64", "getdents64"];

    /// <summary>Everything that is tried with a call of this name.</summary>
    public static IEnumerable<string> Actions(string call)
    {
        var errnos = Never.Contains(call) ? [] : More.Where(row => row.Calls.Split(' ').Contains(call)).Select(row => row.Value).Prepend(ENOMEM).Prepend(EPERM);
        var actions = errnos.Select(errno => $"error={errno.ToString(CultureInfo.InvariantCulture)}").Append("kill").Append("stop");
        if (Short.Contains(call))
        {
            actions = actions.Append("short");
        }
        return Lies.Contains(call) ? actions.Append("return=0") : actions;
    }

    public static string Words(string action) =>
        action.Split('=') is ["error", var number] ? Names[int.Parse(number, CultureInfo.InvariantCulture)] : action;
}
