using System.Text;
using Engine.Diagnostics;
using Engine.Security;
using Engine.Shared.Protocol;
using static Engine.Spec.CheckText;

namespace Engine.Spec;

/// <summary>process, of a configuration (paths begin with "process") or by itself (they begin at it).</summary>
internal static class ProcessChecks
{
    /// <summary>
    /// 2^32-1, which set*id(2) take for "leave it": a payload that asked for it would stay what the stage was, root
    /// (CVE-2024-40635 is of this family).
    /// </summary>
    public const uint NoId = uint.MaxValue;

    // The kernel's own bound (MAX_ARG_STRINGS aside) is three quarters of _STK_LIM, 6 MiB, whatever the stack limit is (fs/exec.c).
    private const int MostText = 6 * 1024 * 1024;

    public static void Run(ProcessSpec process, string at, Findings findings)
    {
        Command(process, at, findings);
        Console(process, At(at, "consoleSize"), findings);
        User(process.User, At(at, "user"), findings);
        CapabilityLists(process.Capabilities, At(at, "capabilities"), findings);
        Limits(process.Rlimits, At(at, "rlimits"), findings);
        if (process.OomScoreAdj is < -1000 or > 1000)
            findings.Error(At(at, "oomScoreAdj"), $"must be from -1000 to 1000, is {process.OomScoreAdj}");
        SchedulingChecks.Process(process, at, findings);
    }

    private static void Command(ProcessSpec process, string at, Findings findings)
    {
        if (process.Args.Length == 0)
            findings.Error(At(at, "args"), "must name at least the program");
        else if (process.Args[0].Length == 0)
            findings.Error(At(at, "args[0]"), "must not be empty: it is the program");
        Strings(process.Args, At(at, "args"), findings);
        CheckText.Environment(process.Env, At(at, "env"), findings);
        Together(process, at, findings);
        AbsolutePath(process.Cwd, At(at, "cwd"), findings);
    }

    // What can be executed depends on the stack limit, which execve knows (E2BIG); what can be asked for does not.
    private static void Together(ProcessSpec process, string at, Findings findings)
    {
        var size = 0L;
        foreach (var text in process.Args.Concat(process.Env))
            size += Encoding.UTF8.GetByteCount(text) + 1;
        if (size > MostText)
            findings.Error(At(at, "args"), $"is, together with the environment, longer than {MostText} bytes, which the kernel does not execute");
    }

    private static void Console(ProcessSpec process, string at, Findings findings)
    {
        // By the specification the size does not count without a terminal.
        if (!process.Terminal || process.ConsoleSize is null)
            return;
        if (process.ConsoleSize.Height > ushort.MaxValue)
            findings.Error(At(at, "height"), $"must be at most {ushort.MaxValue}, is {process.ConsoleSize.Height}");
        if (process.ConsoleSize.Width > ushort.MaxValue)
            findings.Error(At(at, "width"), $"must be at most {ushort.MaxValue}, is {process.ConsoleSize.Width}");
    }

    private static void User(UserSpec user, string at, Findings findings)
    {
        Id(user.Uid, At(at, "uid"), findings);
        Id(user.Gid, At(at, "gid"), findings);
        for (var i = 0; i < user.AdditionalGids.Length; i++)
            Id(user.AdditionalGids[i], $"{At(at, "additionalGids")}[{i}]", findings);
        if (user.AdditionalGids.Length > Shared.Protocol.Limits.Groups)
            findings.Error(At(at, "additionalGids"), $"has more than {Shared.Protocol.Limits.Groups} entries (NGROUPS_MAX)");
        if (user.Umask > 511)
            findings.Error(At(at, "umask"), $"must be at most 511 (0777; JSON numbers are decimal), is {user.Umask}");
    }

    /// <summary>An id of a user or group that can be set.</summary>
    public static void Id(uint? id, string at, Findings findings)
    {
        if (id == NoId)
            findings.Error(at, $"must be below {NoId}, which is no id");
    }

    private static void CapabilityLists(CapabilitiesSpec? capabilities, string at, Findings findings)
    {
        if (capabilities is null)
            return;
        foreach (var (name, list) in (ReadOnlySpan<(string, string[])>)
                 [("bounding", capabilities.Bounding), ("permitted", capabilities.Permitted), ("effective", capabilities.Effective),
                  ("inheritable", capabilities.Inheritable), ("ambient", capabilities.Ambient)])
        {
            for (var i = 0; i < list.Length; i++)
            {
                if (Capabilities.TryNumber(list[i], out _))
                    continue;
                string path = $"{At(at, name)}[{i}]", reason = $"unknown capability {Quote.Text(list[i])}{CapabilityHint(list[i])}";
                if (findings.ForgivesCapabilities)
                    findings.Warn(path, reason);
                else
                    findings.Error(path, reason);
            }
        }
        var asked = Capabilities.Asked(capabilities);
        var granted = Capabilities.Grantable(asked);
        Lost(asked.Effective & ~granted.Effective, At(at, "effective"), "not permitted", findings);
        Lost(asked.Ambient & ~granted.Ambient, At(at, "ambient"), "not both permitted and inheritable", findings);
    }

    private static void Lost(ulong mask, string at, string why, Findings findings)
    {
        if (mask != 0)
            findings.Warn(at, $"{string.Join(", ", Capabilities.NamesOf(mask))}: {why}, hence not granted");
    }

    private static string CapabilityHint(string name)
    {
        var upper = name.ToUpperInvariant();
        var likely = upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper : "CAP_" + upper;
        return Capabilities.TryNumber(likely, out _) ? $"; did you mean {likely}?" : "";
    }

    private static void Limits(RlimitSpec[] rlimits, string at, Findings findings)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < rlimits.Length; i++)
        {
            var limit = rlimits[i];
            if (!Rlimits.TryNumber(limit.Type, out _))
                findings.Error($"{at}[{i}].type", $"unknown limit {Quote.Text(limit.Type)}");
            else if (!seen.Add(limit.Type))
                findings.Error($"{at}[{i}].type", $"{limit.Type} appears twice");
            if (limit.Soft > limit.Hard)
                findings.Error($"{at}[{i}].soft", $"must not be above the hard limit {limit.Hard}, is {limit.Soft}");
        }
    }
}
