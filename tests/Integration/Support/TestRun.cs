namespace Engine.Tests.Integration.Support;

/// <summary>
/// One run of the test program: its tag, its directory, its cgroup. Everything that a test makes carries the tag, and every
/// process that descends from this one stays in a cgroup with the tag (or in a container's, whose name has it), so that
/// what is left over can be told from what others run on the machine.
/// </summary>
public static class TestRun
{
    private const string CgroupPrefix = "engine-test-";

    /// <summary>Short and unique among running test programs.</summary>
    public static string Tag { get; } = $"et{Environment.ProcessId}";

    /// <summary>Below /tmp, mode 0755: payloads in a user namespace must reach their root filesystem.</summary>
    public static string Directory { get; } = MakeDirectory();

    /// <summary>Mount points of the cgroup hierarchies.</summary>
    public static IReadOnlyList<string> Hierarchies { get; } = File.ReadLines("/proc/self/mountinfo").Select(l => l.Split(' '))
        .Where(f => f.SkipWhile(x => x != "-").ElementAtOrDefault(1) is "cgroup" or "cgroup2").Select(f => f[4]).Distinct().ToList();

    /// <summary>The cgroup directory that marks this program and its descendants; null without root.</summary>
    public static string? Cgroup { get; } = EnterCgroup();

    private static string MakeDirectory()
    {
        var path = $"/tmp/{Tag}";
        System.IO.Directory.CreateDirectory(path, (UnixFileMode)0b111_101_101);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Leave();
        return path;
    }

    // The hierarchy without controllers of its own is the best marker: nobody has a reason to move a process in it.
    private static string? EnterCgroup()
    {
        if (!Installation.IsRoot)
        {
            return null;
        }
        var order = Hierarchies.OrderBy(h => h.EndsWith("/systemd", StringComparison.Ordinal) ? 0 : h.EndsWith("/unified", StringComparison.Ordinal) ? 1 : 2);
        foreach (var hierarchy in order)
        {
            var path = Path.Combine(hierarchy, CgroupPrefix + Tag);
            try
            {
                RemoveAbandoned(hierarchy);
                System.IO.Directory.CreateDirectory(path);
                File.WriteAllText(Path.Combine(path, "cgroup.procs"), Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
                return path;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
        return null;
    }

    // A test program that was killed could not leave its cgroup; only empty ones of dead programs go (rmdir refuses others).
    private static void RemoveAbandoned(string hierarchy)
    {
        foreach (var old in System.IO.Directory.EnumerateDirectories(hierarchy, CgroupPrefix + "et*"))
        {
            if (int.TryParse(Path.GetFileName(old)[(CgroupPrefix.Length + 2)..], out var pid) && !System.IO.Directory.Exists($"/proc/{pid}"))
            {
                TryRemove(old);
            }
        }
    }

    private static void Leave()
    {
        try
        {
            if (Cgroup is { } own)
            {
                File.WriteAllText(Path.Combine(Path.GetDirectoryName(own)!, "cgroup.procs"), Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
                TryRemove(own);
            }
            SafeTree.Delete(Directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static void TryRemove(string cgroup)
    {
        try
        {
            System.IO.Directory.Delete(cgroup);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
