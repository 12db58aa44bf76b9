using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>What a new process has as descriptors 0, 1 and 2.</summary>
public enum SpawnStdio
{
    /// <summary>/dev/null.</summary>
    Null,

    /// <summary>Those of this process.</summary>
    Inherit,
}

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code; 128+signal for a signal; -1 when somebody else has taken its status.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
public readonly record struct ProcessExit(int Code, int Signal);

/// <summary>
/// A child of this process, made by posix_spawn (glibc's uses CLONE_VFORK on a stack of its own: no code of this runtime
/// runs in the child, so that its threads and locks do not matter). Owns a pidfd; disposing it does not end the process.
/// </summary>
public sealed unsafe class SpawnedProcess : IDisposable
{
    // Above every number that a descriptor is mapped to, so that no mapping overwrites the source of another; far below the 64
    // open files that the starter asks for at least.
    private const int FirstSourceFd = 16;

    private readonly SafeFd _pidfd;
    private ProcessExit? _exit;

    private SpawnedProcess(int pid, SafeFd pidfd)
    {
        Pid = pid;
        _pidfd = pidfd;
    }

    /// <summary>Process id; it stays this process's until <see cref="WaitForEnd"/> has returned true.</summary>
    public int Pid { get; }

    /// <summary>Readable once it ended; owned here.</summary>
    public SafeFd Pidfd => _pidfd;

    /// <summary>Once ended.</summary>
    public ProcessExit? Exit => _exit;

    /// <summary>
    /// Executes the open program <paramref name="image"/> (a file or a memory file; O_PATH will do) with exactly the
    /// given arguments and environment, and no signal blocked or ignored. Its descriptors are stdio, <paramref name="inherit"/>
    /// (which stay the caller's, too) and whatever this process was itself given that is not close-on-exec.
    /// </summary>
    /// <param name="image">Program.</param>
    /// <param name="argv">Arguments, argv[0] first.</param>
    /// <param name="environment">KEY=VALUE.</param>
    /// <param name="inherit">Descriptors of this process and their numbers there (below 64); 0 to 2 take precedence over stdio.</param>
    /// <param name="stdio">The first three.</param>
    /// <param name="newSession">setsid: no controlling terminal, and none of its signals.</param>
    /// <exception cref="SyscallException">Also when the program could not be executed.</exception>
    public static SpawnedProcess Start(
        SafeFd image,
        IReadOnlyList<string> argv,
        IReadOnlyList<string> environment,
        IReadOnlyList<(int Fd, int Target)> inherit,
        SpawnStdio stdio = SpawnStdio.Null,
        bool newSession = false) =>
        Start(image, "", argv, environment, inherit, stdio, newSession);

    /// <summary>
    /// As above, by absolute path and in the directory "/": a script finds itself. The first three descriptors that are not
    /// in <paramref name="inherit"/> are /dev/null; above them it has what is in <paramref name="inherit"/> and nothing that
    /// this process was given by its caller.
    /// </summary>
    /// <exception cref="SyscallException">Also when the program could not be executed.</exception>
    public static SpawnedProcess Start(
        string path,
        IReadOnlyList<string> argv,
        IReadOnlyList<string> environment,
        IReadOnlyList<(int Fd, int Target)> inherit,
        bool newSession) =>
        Start(null, path, argv, environment, inherit, SpawnStdio.Null, newSession);

    private static SpawnedProcess Start(
        SafeFd? image,
        string path,
        IReadOnlyList<string> argv,
        IReadOnlyList<string> environment,
        IReadOnlyList<(int Fd, int Target)> inherit,
        SpawnStdio stdio,
        bool newSession)
    {
        var sources = new List<SafeFd>();
        byte* actions = stackalloc byte[Libc.OpaqueBytes];
        byte* attributes = stackalloc byte[Libc.OpaqueBytes];
        Check(Libc.posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
        Check(Libc.posix_spawnattr_init(attributes), "posix_spawnattr_init");
        try
        {
            // A program is executed through its number: that, too, must not be one that is mapped to.
            string program = image is null ? path : $"/proc/self/fd/{Raise(image.Value, sources).Value}";
            if (image is null)
            {
                Check(Libc.posix_spawn_file_actions_addchdir_np(actions, "/"), "posix_spawn_file_actions_addchdir_np");
            }

            AddStdio(actions, stdio);
            foreach (var (fd, target) in inherit)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(target, FirstSourceFd, nameof(inherit));
                Check(Libc.posix_spawn_file_actions_adddup2(actions, Raise(fd, sources).Value, target), "posix_spawn_file_actions_adddup2");
            }

            // A program that is executed by its number still needs the number; the starter scrubs what it inherits itself.
            if (image is null)
            {
                int first = inherit.Select(pair => pair.Target + 1).Append(3).Max();
                Check(Libc.posix_spawn_file_actions_addclosefrom_np(actions, first), "posix_spawn_file_actions_addclosefrom_np");
            }

            SetSignals(attributes, newSession);
            return Execute(program, argv, environment, actions, attributes);
        }
        finally
        {
            sources.ForEach(source => source.Dispose());
            _ = Libc.posix_spawn_file_actions_destroy(actions);
            _ = Libc.posix_spawnattr_destroy(attributes);
        }
    }

    /// <summary>Waits for its end and takes its status; false when it still runs after <paramref name="time"/>.</summary>
    public bool WaitForEnd(TimeSpan time)
    {
        if (_exit is not null)
        {
            return true;
        }

        if (!Pidfds.WaitForEnd(_pidfd, time))
        {
            return false;
        }

        siginfo_t info = default;
        while (Libc.waitid(wait_h.P_PID, (uint)Pid, &info, wait_h.WEXITED) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.ECHILD)
            {
                // SIGCHLD was ignored when this process was started: the kernel threw the status away.
                _exit = new ProcessExit(-1, 0);
                return true;
            }

            if (errno != Errno.EINTR)
            {
                throw new SyscallException("waitid", Pid.ToString(CultureInfo.InvariantCulture), errno);
            }
        }

        bool exited = info.si_code == signal_h.CLD_EXITED;
        _exit = new ProcessExit(exited ? info.si_status : 128 + info.si_status, exited ? 0 : info.si_status);
        return true;
    }

    /// <summary>Kills a process that was given a session of its own, with the group that it leads. Before its status was taken only.</summary>
    public void KillGroup()
    {
        if (_exit is null)
        {
            _ = Libc.kill(-Pid, signal_h.SIGKILL);
        }
    }

    /// <summary>Waits for its end, as long as it takes.</summary>
    public ProcessExit WaitForEnd()
    {
        WaitForEnd(Timeout.InfiniteTimeSpan);
        return _exit!.Value;
    }

    /// <inheritdoc/>
    public void Dispose() => _pidfd.Dispose();

    private static void AddStdio(void* actions, SpawnStdio stdio)
    {
        for (int fd = 0; stdio == SpawnStdio.Null && fd <= 2; fd++)
        {
            int flags = fd == 0 ? fcntl_h.O_RDONLY : fcntl_h.O_WRONLY;
            Check(Libc.posix_spawn_file_actions_addopen(actions, fd, "/dev/null", flags, 0), "posix_spawn_file_actions_addopen");
        }
    }

    private static SafeFd Raise(int fd, List<SafeFd> sources)
    {
        using var borrowed = new SafeFd(fd, owns: false);
        var raised = borrowed.Duplicate(FirstSourceFd);
        sources.Add(raised);
        return raised;
    }

    private static void SetSignals(void* attributes, bool newSession)
    {
        // The runtime ignores SIGPIPE, and whoever started us may have blocked or ignored anything.
        byte* signals = stackalloc byte[Libc.OpaqueBytes];
        _ = Libc.sigemptyset(signals);
        Check(Libc.posix_spawnattr_setsigmask(attributes, signals), "posix_spawnattr_setsigmask");
        _ = Libc.sigfillset(signals);
        Check(Libc.posix_spawnattr_setsigdefault(attributes, signals), "posix_spawnattr_setsigdefault");
        int flags = Libc.POSIX_SPAWN_SETSIGMASK | Libc.POSIX_SPAWN_SETSIGDEF | (newSession ? Libc.POSIX_SPAWN_SETSID : 0);
        Check(Libc.posix_spawnattr_setflags(attributes, (short)flags), "posix_spawnattr_setflags");
    }

    private static SpawnedProcess Execute(
        string program, IReadOnlyList<string> argv, IReadOnlyList<string> environment, void* actions, void* attributes)
    {
        using var arguments = new CStringArray(argv);
        using var variables = new CStringArray(environment);
        int pid;
        int errno;
        fixed (byte* path = Encoding.UTF8.GetBytes(program + "\0"))
        {
            errno = Libc.posix_spawn(&pid, path, actions, attributes, arguments.Pointers, variables.Pointers);
        }

        Check(errno, "posix_spawn", argv[0]);
        // Nobody else reaps our children: until WaitForEnd the number is that process's, ended or not.
        return new SpawnedProcess(pid, Pidfds.Open(pid));
    }

    private static void Check(int errno, string operation, string path = "")
    {
        if (errno != 0)
        {
            throw new SyscallException(operation, path, errno);
        }
    }

    private sealed class CStringArray : IDisposable
    {
        private readonly byte** _pointers;
        private readonly int _count;

        public CStringArray(IReadOnlyList<string> values)
        {
            _count = values.Count;
            _pointers = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (int i = 0; i < _count; i++)
            {
                _pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(values[i]);
            }
        }

        public byte** Pointers => _pointers;

        public void Dispose()
        {
            for (int i = 0; i < _count; i++)
            {
                Marshal.FreeCoTaskMem((nint)_pointers[i]);
            }

            NativeMemory.Free(_pointers);
        }
    }
}
