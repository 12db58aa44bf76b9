using System.Runtime.CompilerServices;
using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// Sends the notification descriptor of the payload's filter to the listener, with the container process state (OCI config-linux.md,
/// Seccomp). A thread does it: the one that is filtered must not need a system call for it, which the filter could deny, or could hold
/// for an answer that nobody can give before the descriptor has arrived. The thread ends before execve.
/// </summary>
internal static unsafe class SeccompListener
{
    private const ulong StackBytes = 64 * 1024;
    private const int OwnFailure = 255;
    private const int NotYet = 0;

    // Between the two threads: the descriptor when there is one, then that it was sent.
    private static int s_descriptor, s_sent, s_link;

    /// <summary>Connection to the listener, close-on-exec.</summary>
    public static int Socket;

    /// <summary>Number of this process on the host.</summary>
    public static uint HostPid;

    /// <summary>The plan's filter notifies.</summary>
    public static bool Wanted => !PayloadPlan.Plan.ListenerHead.IsEmpty;

    /// <summary>How many descriptors it is.</summary>
    public static uint Held => Wanted ? 1u : 0u;

    /// <summary>Makes the connection the descriptor <paramref name="number"/>, below those that are closed next.</summary>
    public static bool Keep(int number)
    {
        if (!Wanted || Socket == number)
            return true;
        int result = Sys.dup3(Socket, number, O_CLOEXEC);
        Socket = number;
        return result >= 0 || Failure.Call("dup3"u8, "the connection to the seccomp listener"u8, result);
    }

    /// <summary>Makes the thread, before limits and identity are set that could keep it from being made.</summary>
    public static bool Begin(int link)
    {
        if (!Wanted)
            return true;
        long stack = Sys.mmap(null, StackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (stack < 0 && stack > -4096)
            return Failure.Call("mmap"u8, stack);
        s_link = link;
        clone_args arguments = default;
        arguments.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
        arguments.stack = (ulong)stack;
        arguments.stack_size = StackBytes;
        int result = Sys.clone3(&arguments, &Run);
        return result >= 0 || Failure.Call("clone3"u8, result);
    }

    /// <summary>
    /// Gives <paramref name="descriptor"/>, which SECCOMP_FILTER_FLAG_NEW_LISTENER has made, to the thread and waits until it was sent,
    /// without a system call. Does not return when it cannot be sent: the thread then ends the process with the reason.
    /// </summary>
    public static void HandOver(int descriptor)
    {
        if (!Wanted)
            return;
        Write(ref s_descriptor, descriptor);
        while (Read(ref s_sent) == 0)
        {
        }
    }

    private static void Run()
    {
        int descriptor;
        while ((descriptor = Read(ref s_descriptor)) == NotYet)
            Sys.sched_yield();
        if (!Send(descriptor))
        {
            StageLink.SendFailure(s_link, StageNoteKind.Failed);
            Sys.exit_group(OwnFailure);
        }

        // An empty process would keep them for its life.
        Sys.close(descriptor);
        Sys.close(Socket);
        Write(ref s_sent, 1);
        Sys.exit(0);
    }

    // One message: a listener reads the descriptor with the first byte, and is entitled to the whole text with it.
    private static bool Send(int descriptor)
    {
        byte* digits = stackalloc byte[16];
        TextBuilder pid = new TextBuilder(digits, 16);
        pid.AppendDecimal(HostPid);
        iovec* parts = stackalloc iovec[3];
        parts[0].iov_base = PayloadPlan.Plan.ListenerHead.At;
        parts[0].iov_len = (ulong)PayloadPlan.Plan.ListenerHead.Length;
        parts[1].iov_base = pid.Text;
        parts[1].iov_len = (ulong)pid.Length;
        parts[2].iov_base = PayloadPlan.Plan.ListenerTail.At;
        parts[2].iov_len = (ulong)PayloadPlan.Plan.ListenerTail.Length;
        return Channel.Send(Socket, parts, 3, &descriptor, 1) || Failure.Explain("the seccomp listener did not take it"u8);
    }

    // Calls, so that a loop reads anew each time. One word passes in each direction and no order with other memory matters.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Read(ref int word) => word;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Write(ref int word, int value) => word = value;
}
