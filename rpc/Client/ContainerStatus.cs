using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Client;

/// <summary>A <see cref="StateChange"/> that outlives its frame.</summary>
/// <param name="Status">creating, created, running, paused, stopped.</param>
/// <param name="Pid">Host pid of the payload; 0 before Spawn.</param>
/// <param name="ExitCode">Exit code (128+signal for a signal); -1 while it runs.</param>
/// <param name="OomKilled">The kernel's out-of-memory killer hit the container.</param>
public sealed record ContainerStatus(string Status, int Pid, int ExitCode, bool OomKilled)
{
    internal static ContainerStatus Read(ref Codec codec)
    {
        var change = default(StateChange);
        change.Fields(ref codec);
        return new ContainerStatus(change.Status.Decode(), change.Pid, change.ExitCode, change.OomKilled);
    }
}
