using System.Text.RegularExpressions;

namespace Engine.Tests.Security.Support;

/// <summary>One system call of a traced process: its short name, the call, everything else.</summary>
internal sealed record Call(int Pid, string Comm, string Name, string Text)
{
    /// <summary>A process of the starter, from stage 0 on.</summary>
    public bool IsStarter => Comm.StartsWith("starter:[", StringComparison.Ordinal);
}

/// <summary>What strace saw of a command and everything that came from it.</summary>
internal static partial class Trace
{
    /// <summary>
    /// What strace needs for speed, where it may: the filter comes with no_new_privs, which takes the bit from the set-uid starter and from newuidmap.
    /// </summary>
    public static IReadOnlyList<string> Fast(Scenario t) => t.Column.Caller == 0 ? ["--seccomp-bpf"] : [];

    /// <summary>Runs the command with these calls traced (strace's -e trace=); descriptors are shown with their paths.</summary>
    public static IReadOnlyList<Call> Of(Scenario t, Command command, string calls, out CommandResult result)
    {
        var file = Path.Combine(t.Directory, "trace");
        File.Delete(file);
        // -y costs a look-up a call, but says what a descriptor is; -Y says whose call it is.
        var traced = new Command(Installation.Find("strace")!, ["-f", "-y", "-Y", .. Fast(t), "-qq", "-s", "200", "-e", "signal=none", "-o", file, "-e", "trace=" + WithStart(calls), command.Program, .. command.Arguments])
            .With(command.Environment);
        result = t.End(traced, 30);
        return FromStart(t, Read(file), calls);
    }

    /// <summary>
    /// As <see cref="Of"/>, for a creation, whose processes stay: strace lets go of them as soon as the command has ended (which it cannot with
    /// --seccomp-bpf). Fails unless it succeeds.
    /// </summary>
    public static IReadOnlyList<Call> OfCreate(Scenario t, Made made, Command command, string calls)
    {
        var (file, flag) = (Path.Combine(t.Directory, "trace"), Path.Combine(t.Directory, "ended"));
        File.Delete(file);
        File.Delete(flag);
        var wrapped = made.Wrapped(command);
        var told = new Command("/bin/sh", ["-c", "flag=$1; shift; \"$@\"; echo $? >\"$flag.new\"; mv \"$flag.new\" \"$flag\"", "sh", flag, wrapped.Program, .. wrapped.Arguments]);
        using var running = new Command(Installation.Find("strace")!, ["-I", "2", "-f", "-y", "-Y", "-qq", "-s", "200", "-e", "signal=none", "-o", file, "-e", "trace=" + WithStart(calls), told.Program, .. told.Arguments])
            .With(wrapped.Environment).Start();
        Eventually.True(() => File.Exists(flag), () => $"create under strace: {running.Error}");
        running.Signal(15);
        Assert.True(Eventually.Holds(() => running.HasExited, 10), "strace does not end");
        Assert.True(File.ReadAllText(flag) == "0\n", made.Output);
        return FromStart(t, Read(file), calls);
    }

    private static string WithStart(string calls) => calls is "all" || calls.Split(',').Contains("execve") ? calls : calls + ",execve";

    // What stands before the runtime's own program in a column is no part of what is looked at.
    private static List<Call> FromStart(Scenario t, List<Call> calls, string asked)
    {
        var start = calls.FindIndex(c => c.Name == "execve" && c.Text.StartsWith($"execve(\"{t.Runtime.Program}\"", StringComparison.Ordinal));
        return [.. calls.Skip(Math.Max(start, 0)).Where(c => c.Name != "execve" || WithStart(asked) == asked)];
    }

    private static List<Call> Read(string file)
    {
        var calls = new List<Call>();
        var unfinished = new Dictionary<int, string>();
        foreach (var line in File.ReadLines(file))
        {
            if (Line().Match(line) is not { Success: true } match)
            {
                continue;
            }
            var (pid, comm, text) = (int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), match.Groups[2].Value, match.Groups[3].Value);
            if (text.EndsWith(" <unfinished ...>", StringComparison.Ordinal))
            {
                unfinished[pid] = text[..^" <unfinished ...>".Length];
                continue;
            }
            if (Resumed().Match(text) is { Success: true } resumed)
            {
                text = unfinished.GetValueOrDefault(pid, resumed.Groups[1].Value + "(") + text[resumed.Length..];
            }
            if (text.IndexOf('(', StringComparison.Ordinal) is > 0 and var at)
            {
                calls.Add(new Call(pid, comm, text[..at], text));
            }
        }
        return calls;
    }

    [GeneratedRegex(@"^(\d+)<(.*?)> +(.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^<\.\.\. (\w+) resumed>")]
    private static partial Regex Resumed();
}
