using System.Text.RegularExpressions;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Privileges;

/// <summary>A line of an allow-list: what a descriptor may point to, whether it may be writable, and why it is there.</summary>
internal sealed record Allowed(string Target, bool Writable, string Reason);

/// <summary>The descriptors of a process against an allow-list.</summary>
internal static class DescriptorList
{
    private const int AccessMode = 3;

    /// <summary>O_PATH: a name, no access.</summary>
    private const int OPath = 0x200000;

    /// <summary>Fails with every descriptor that no line allows.</summary>
    public static void ShouldFit(int pid, params Allowed[] list)
    {
        var foreign = new List<string>();
        foreach (var (fd, target) in ProcFs.Descriptors(pid))
        {
            var writable = IsWritable(pid, fd);
            if (!list.Any(a => Regex.IsMatch(target, $"^(?:{a.Target})$") && (a.Writable || !writable)))
            {
                foreign.Add($"{fd} -> {target}{(writable ? " (writable)" : "")}");
            }
        }
        Assert.True(foreign.Count == 0, $"{ProcFs.CommandLine(pid)} holds what nothing explains:\n{string.Join('\n', foreign)}");
        Assert.NotEmpty(ProcFs.Descriptors(pid));
    }

    /// <summary>Open for writing, by fdinfo. Sockets and anonymous inodes always are; the list says which.</summary>
    private static bool IsWritable(int pid, int fd)
    {
        var line = ProcFs.Read(pid, $"fdinfo/{fd}")?.Split('\n').FirstOrDefault(l => l.StartsWith("flags:", StringComparison.Ordinal));
        if (line is null)
        {
            return false;
        }
        var flags = Convert.ToInt64(line["flags:".Length..].Trim(), 8);
        return (flags & OPath) == 0 && (flags & AccessMode) != 0;
    }
}
