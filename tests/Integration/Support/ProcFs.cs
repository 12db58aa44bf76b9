using System.Globalization;

namespace Engine.Tests.Integration.Support;

/// <summary>What /proc says about a process. Everything returns null or nothing for a process that is gone.</summary>
public static class ProcFs
{
    /// <summary>Pids of every process.</summary>
    public static IEnumerable<int> Pids() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(n => n!.All(char.IsAsciiDigit)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture));

    /// <summary>A file of /proc/PID as text, or null.</summary>
    public static string? Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>One field of /proc/PID/status without its name ("CapEff" gives sixteen digits), or null.</summary>
    public static string? Status(int pid, string field) =>
        Read(pid, "status")?.Split('\n').FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal))?[(field.Length + 1)..].Trim();

    /// <summary>Whether the process exists and is more than an unreaped exit status.</summary>
    public static bool Lives(int pid) => Status(pid, "State") is { } state && state[0] is not ('Z' or 'X');

    /// <summary>argv with spaces between; the short name for a process without argv.</summary>
    public static string CommandLine(int pid)
    {
        var line = Read(pid, "cmdline")?.TrimEnd('\0').Replace('\0', ' ');
        return line is { Length: > 0 } ? line : $"[{Status(pid, "Name")}]";
    }

    public static int Parent(int pid) => int.TryParse(Status(pid, "PPid"), CultureInfo.InvariantCulture, out var parent) ? parent : 0;

    /// <summary>Children of a process, zombies included.</summary>
    public static IReadOnlyList<int> Children(int pid) => Pids().Where(p => Parent(p) == pid).ToList();

    /// <summary>Descriptor number and what it points to.</summary>
    public static IReadOnlyDictionary<int, string> Descriptors(int pid)
    {
        var found = new SortedDictionary<int, string>();
        try
        {
            foreach (var link in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd"))
            {
                if (new FileInfo(link).LinkTarget is { } target)
                {
                    found[int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture)] = target;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
        return found;
    }

    /// <summary>Link text of a namespace, for example <c>net:[4026531840]</c>, or null.</summary>
    public static string? Namespace(int pid, string kind)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/ns/{kind}").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
