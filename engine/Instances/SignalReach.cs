using System.Globalization;

namespace Engine.Instances;

/// <summary>
/// Whether a signal gets to a process. The kernel drops what the first process of a pid namespace neither handles nor waits for,
/// SIGKILL apart: without this question every stop of such a payload would take the whole timeout for nothing.
/// </summary>
internal static class SignalReach
{
    /// <summary>True unless the kernel is known to drop <paramref name="signal"/> for the process <paramref name="pid"/>.</summary>
    public static bool Reaches(int pid, int signal)
    {
        try
        {
            return Reaches(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status")), signal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>The same of the text of /proc/PID/status.</summary>
    internal static bool Reaches(string status, int signal)
    {
        string[] pids = Field(status, "NSpid").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        bool isFirst = pids.Length > 1 && pids[^1] == "1";

        // A handler, or blocked for sigwait and signalfd.
        return !isFirst || signal == Shared.Linux.signal_h.SIGKILL || Has(status, "SigCgt", signal) || Has(status, "SigBlk", signal);
    }

    private static bool Has(string status, string field, int signal) =>
        ulong.TryParse(Field(status, field).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong mask) && (mask >> (signal - 1) & 1) != 0;

    private static string Field(string status, string name) =>
        status.Split('\n').FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";
}
