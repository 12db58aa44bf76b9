using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The master: there from the start for a creation, later only while a client of the control socket wants something. It
/// leaves by itself when idle; the supervisor watches the listener meanwhile.
/// </summary>
internal static unsafe class MasterProcess
{
    // A master that fails within this time did nothing for its client; nor did one that ends well in so short a time.
    private const long ShortLife = 2_000_000_000;
    private const long NoLife = 50_000_000;
    private const long FirstBackOff = 100_000_000;
    private const long LongestBackOff = 5_000_000_000;

    // Whoever closed the connection and does not end is not needed any more.
    private const long LeavingTime = 5_000_000_000;

    // An answer that is not taken in this time breaks the connection: the supervisor has one thread.
    private const long SendSeconds = 5;

    private struct Buffers
    {
        public fixed byte Request[Limits.Frame];
        public fixed byte Reply[Limits.Frame];
    }

    private static Buffers s_buffers;
    private static DroppedProcess s_process;
    private static RpcServer s_server;
    private static long s_notBefore, s_backOff, s_killAt;

    /// <summary>The connection to it; only to be used while <see cref="Connected"/>.</summary>
    public static ref RpcServer Server => ref s_server;

    /// <summary>True while requests may come.</summary>
    public static bool Connected => s_process.Socket >= 0;

    /// <summary>0 when there is none.</summary>
    public static int Pid => s_process.Pid;

    /// <summary>A client could be served: none runs, and no back-off is on. Else the time to look again, or long.MaxValue.</summary>
    public static bool Wanted(out long notBefore)
    {
        notBefore = s_process.Running ? long.MaxValue : s_notBefore;
        return !s_process.Running && Sys.MonotonicNanoseconds() >= s_notBefore;
    }

    /// <summary>When <see cref="Nudge"/> is due; long.MaxValue for never.</summary>
    public static long Deadline => s_killAt == 0 ? long.MaxValue : s_killAt;

    /// <summary>Before anything else.</summary>
    public static void Reset() => s_process.Reset();

    /// <summary>
    /// The first one, which drives the creation. <paramref name="containerRpc"/> is its end of the container stage's socket
    /// and stays the caller's.
    /// </summary>
    public static bool Create(int containerRpc) =>
        Start(MasterDescriptors.Create, containerRpc, LaunchRecord.Get(LaunchDescriptor.RequestSocket), -1);

    /// <summary>Unmonitored: the caller is on the other end of <paramref name="socket"/>, and no process of ours. Takes it over.</summary>
    public static void Adopt(int socket)
    {
        s_process.Socket = socket;
        Connect();
    }

    /// <summary>A later one, for a client that waits at the control socket.</summary>
    public static bool Serve()
    {
        int config = Sys.openat(
            LaunchRecord.Get(LaunchDescriptor.StateDirectory), CString.Of(StateLeaf.Config), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
        bool started = Start(MasterDescriptors.Serve, -1, -1, config);
        if (config >= 0)
            Sys.close(config);
        return started;
    }

    /// <summary>Ends the connection. The process gets some time to end by itself.</summary>
    public static void Disconnect()
    {
        s_server.Inbox.CloseAll();
        s_process.CloseSocket();
        s_killAt = s_process.Running ? Sys.MonotonicNanoseconds() + LeavingTime : 0;
    }

    /// <summary>Kills a master that closed its connection long ago.</summary>
    public static void Nudge()
    {
        if (s_killAt != 0 && Sys.MonotonicNanoseconds() >= s_killAt)
            Kill();
    }

    /// <summary>SIGKILL.</summary>
    public static void Kill()
    {
        s_killAt = 0;
        s_process.Kill();
    }

    /// <summary>SIGKILL, and waits for its end.</summary>
    public static void End()
    {
        Kill();
        s_process.Wait();
    }

    /// <summary>
    /// It was reaped; <paramref name="clean"/>: with exit code 0. False leaves the failure that kept it from being executed.
    /// </summary>
    public static bool Reaped(bool clean)
    {
        s_killAt = 0;
        s_server.Inbox.CloseAll();
        long now = Sys.MonotonicNanoseconds();
        bool shortLived = now - s_process.Started < (clean ? NoLife : ShortLife);
        s_backOff = !shortLived ? 0 : s_backOff == 0 ? FirstBackOff : s_backOff < LongestBackOff ? s_backOff * 2 : s_backOff;
        s_notBefore = now + s_backOff;
        return s_process.Reaped();
    }

    private static bool Start(ReadOnlySpan<byte> mode, int containerRpc, int request, int config)
    {
        int* descriptors = stackalloc int[8];
        descriptors[0] = 0;
        descriptors[1] = 1;
        descriptors[2] = 2;
        descriptors[MasterDescriptors.ContainerRpc] = containerRpc;
        descriptors[MasterDescriptors.ControlListener] = LaunchRecord.Get(LaunchDescriptor.ControlListener);
        descriptors[MasterDescriptors.RequestSocket] = request;
        descriptors[MasterDescriptors.Config] = config;

        byte** arguments = stackalloc byte*[4];
        arguments[0] = CString.Of("engine"u8);
        arguments[1] = CString.Of("master"u8);
        arguments[2] = CString.Of(mode);
        arguments[3] = null;
        byte** environment = stackalloc byte*[MasterEnvironment.Count + 1];
        MasterEnvironment.Fill(environment);

        DropPlan plan = default;
        plan.Id = UserNamespace.OwnId(MasterDescriptors.IdBase);
        plan.Executable = LaunchRecord.Get(LaunchDescriptor.MasterExe);
        plan.Descriptors = descriptors;
        plan.Count = 8;
        plan.Arguments = arguments;
        plan.Environment = environment;
        plan.DiesWithParent = true;
        if (!s_process.Start(ref plan))
            return false;
        Connect();
        return true;
    }

    private static void Connect()
    {
        timeval wait;
        wait.tv_sec = SendSeconds;
        wait.tv_usec = 0;
        Sys.setsockopt(s_process.Socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(timeval));
        fixed (byte* from = s_buffers.Request, to = s_buffers.Reply)
            s_server = new RpcServer(s_process.Socket, from, to);
    }
}
