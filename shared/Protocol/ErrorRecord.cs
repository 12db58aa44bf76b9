using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>Where in the starter something happened. The name is what <c>ps</c> shows (<see cref="StageNames"/>) and what an error begins with.</summary>
public enum StageId : uint
{
    None = 0,

    /// <summary>Entry: scrubs what was inherited, decides the workflow.</summary>
    Entry = 1,

    /// <summary>Reads the launch record, forks the others.</summary>
    Launch = 2,

    /// <summary>Host-side server, parent of the payload.</summary>
    Supervisor = 3,

    /// <summary>Joins namespaces on the way to the container stage, where clone3 alone cannot.</summary>
    Join = 4,

    /// <summary>Container-side server.</summary>
    Container = 5,

    /// <summary>Between the start order and execve.</summary>
    Payload = 6,

    /// <summary>A hook, between fork and execve.</summary>
    Hook = 7,

    /// <summary>Drops to the master's or pump's identity, before their execve.</summary>
    Drop = 8,

    /// <summary>One-shot process that enters a running container.</summary>
    Exec = 9,

    /// <summary>Data plane.</summary>
    Pump = 10,

    /// <summary>An ordinary user's starter on its way into a user namespace of that user's.</summary>
    Rootless = 11,
}

/// <summary>
/// A failure on its way to the one line that a person reads. Absent texts are empty. <see cref="Errno"/> is positive;
/// 0 stands for a refusal that no system call made (then <see cref="Detail"/> says why).
/// </summary>
public struct ErrorRecord : IMessage
{
    /// <summary>A <see cref="StageId"/>.</summary>
    public uint Stage;

    /// <summary>System call or step, under its C name: <c>move_mount</c>.</summary>
    public Text Operation;

    /// <summary>Object: a path as the config names it, a file name, an interface.</summary>
    public Text Path;

    /// <summary>Positive errno or 0.</summary>
    public int Errno;

    /// <summary>More words, for example a hook's last output or the policy's rule.</summary>
    public Text Detail;

    /// <summary>The record as an array of five.</summary>
    public void Fields(ref Codec c)
    {
        c.Begin(5);
        c.Value(ref Stage);
        c.Name(ref Operation, Limits.Name);
        c.Name(ref Path, Limits.Path);
        c.Value(ref Errno);
        c.Name(ref Detail, Limits.Detail);
    }
}

/// <summary>Stage names as <c>prctl(PR_SET_NAME)</c> sets them: 15 bytes at most. docs/privileges.md lists the same.</summary>
public static class StageNames
{
    /// <summary>The name of <paramref name="stage"/>, for ps and error texts.</summary>
    public static System.ReadOnlySpan<byte> Of(StageId stage)
    {
        switch (stage)
        {
            case StageId.Entry: return "starter:[0:ent]"u8;
            case StageId.Launch: return "starter:[1:lau]"u8;
            case StageId.Supervisor: return "starter:[2:sup]"u8;
            case StageId.Join: return "starter:[3:joi]"u8;
            case StageId.Container: return "starter:[4:con]"u8;
            case StageId.Payload: return "starter:[5:pay]"u8;
            case StageId.Hook: return "starter:[6:hoo]"u8;
            case StageId.Drop: return "starter:[7:dro]"u8;
            case StageId.Exec: return "starter:[8:exe]"u8;
            case StageId.Pump: return "engine-pump"u8;
            case StageId.Rootless: return "starter:[1:use]"u8;
            default: return "starter"u8;
        }
    }
}
