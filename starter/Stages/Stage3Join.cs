// Process:      a child of the supervisor that makes the container stage in its place and ends
// Ids:          root
// Capabilities: all; after joining a user namespace, that one's
// Namespaces:   the host's, then those joined by path, one after the other
// Trusts:       the descriptors that the supervisor opened and checked to be namespaces
// Gives up:     everything: it ends as soon as the container stage exists

using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Supervisor;

namespace Engine.Starter.Stages;

/// <summary>
/// Joins namespaces on behalf of the container stage, so that the supervisor never leaves the host's: a pid, time or user
/// namespace holds for later children only, or cannot be left again. The stage becomes the supervisor's child, not ours.
/// </summary>
internal static unsafe class Stage3Join
{
    /// <summary>Never returns. The stage's pid, as the host sees it, goes out on <paramref name="link"/>.</summary>
    public static void Run(ref Spawn request, ulong joined, int rpc, int link)
    {
        Stage.Enter(StageId.Join);
        Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
        // Time first: a joined mount namespace changes what /proc means.
        if (EnterTime(ref request) && NamespaceTable.Join())
        {
            clone_args arguments = default;
            arguments.flags = (Spawner.CloneFlags(ref request) & ~(ulong)CLONE_NEWTIME) | CLONE_PARENT;
            int pid = Sys.clone3(&arguments);
            if (pid == 0)
                StageChild.Run(ref request, joined, rpc, link);
            if (pid > 0)
            {
                StageLink.Send(link, StageNoteKind.Pid, (uint)pid);
                Sys.exit_group(0);
            }

            Failure.Call("clone3"u8, pid);
        }

        StageLink.SendFailure(link, StageNoteKind.Failed);
        Sys.exit_group(255);
    }

    // The offsets can only be written while nobody is in the namespace: made by unshare, it is entered by our next child.
    private static bool EnterTime(ref Spawn request)
    {
        if ((request.Namespaces & CLONE_NEWTIME) == 0)
            return true;
        int result = Sys.unshare(CLONE_NEWTIME);
        if (result < 0)
            return Failure.Call("unshare"u8, "time namespace"u8, result);
        if (((SpawnFlags)request.Flags & SpawnFlags.HasTimeOffsets) == 0)
            return true;

        byte* buffer = stackalloc byte[128];
        TextBuilder text = new TextBuilder(buffer, 128);
        Offset(ref text, "monotonic "u8, request.MonotonicSeconds, request.MonotonicNanoseconds);
        Offset(ref text, "boottime "u8, request.BoottimeSeconds, request.BoottimeNanoseconds);
        return ProcFile.Write(Sys.getpid(), "timens_offsets"u8, text.Span);
    }

    private static void Offset(ref TextBuilder text, ReadOnlySpan<byte> clock, long seconds, uint nanoseconds)
    {
        text.Append(clock);
        text.AppendDecimal(seconds);
        text.Append((byte)' ');
        text.AppendDecimal(nanoseconds);
        text.Append((byte)'\n');
    }
}
