using System.Globalization;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>One of the processes behind a container.</summary>
public enum Role
{
    Supervisor,
    Master,
    Pump,

    /// <summary>The container stage, or what it became.</summary>
    Payload,
}

/// <summary>Finds the processes of one container by what the kernel says of them, not by what they are called.</summary>
public sealed class Roles(EngineCli cli, string id)
{
    /// <summary>Host pid from state.json; the supervisor writes it before the payload exists.</summary>
    public int Supervisor { get; } = (int)cli.State(id)["supervisor"]!["pid"]!;

    public int Payload { get; } = (int)cli.State(id)["pid"]!;

    /// <summary>The master, or null while none is needed.</summary>
    public int? Master => ByUid(MasterDescriptors.IdBase);

    /// <summary>The pump, or null between two.</summary>
    public int? Pump => ByUid(MasterDescriptors.PumpIdBase);

    /// <summary>The pid in that role, or null.</summary>
    public int? this[Role role] => role switch
    {
        Role.Supervisor => Supervisor,
        Role.Master => Master,
        Role.Pump => Pump,
        _ => Payload,
    };

    /// <summary>SIGKILL, if there is such a process; its pid.</summary>
    public int? Kill(Role role)
    {
        var pid = this[role];
        if (pid is { } known)
        {
            _ = Native.kill(known, 9);
        }
        return pid;
    }

    /// <summary>SIGKILL, and another process in that role within the time.</summary>
    public int KillAndAwaitReplacement(Role role)
    {
        var old = this[role]!.Value;
        Native.Check(Native.kill(old, 9), $"kill {role}");
        Eventually.True(() => this[role] is { } now && now != old, $"a new {role}");
        return this[role]!.Value;
    }

    private int? ByUid(uint first)
    {
        var uid = (first + (uint)Supervisor).ToString(CultureInfo.InvariantCulture);
        foreach (var pid in ProcFs.Pids())
        {
            if (ProcFs.Status(pid, "Uid")?.Split('\t')[0] == uid && ProcFs.Lives(pid))
            {
                return pid;
            }
        }
        return null;
    }
}
