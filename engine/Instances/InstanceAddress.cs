using System.Globalization;
using System.Net;
using Engine.Linux;

namespace Engine.Instances;

/// <summary>
/// The address under which an instance can be reached that has a network namespace of its own, as the kernel shows it in /proc/PID/net
/// to whoever may look into the process.
/// </summary>
public static class InstanceAddress
{
    /// <summary>Its first IPv4 address that is not the loopback's, else such an IPv6 address of global scope; empty for none and for the host's network.</summary>
    public static string Of(int pid)
    {
        string process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        string theirs = Files.ReadLink(process + "/ns/net");
        if (theirs.Length == 0 || theirs == Files.ReadLink("/proc/self/ns/net"))
        {
            return "";
        }

        try
        {
            return FromTrie(File.ReadAllText(process + "/net/fib_trie")) ?? FromInet6(File.ReadAllText(process + "/net/if_inet6")) ?? "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    // An address is on one line, and the next says what it is: "|-- 10.0.0.2", "/32 host LOCAL".
    internal static string? FromTrie(string text)
    {
        string address = "";
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith("|-- ", StringComparison.Ordinal))
            {
                address = line[4..];
            }
            else if (line == "/32 host LOCAL" && IPAddress.TryParse(address, out IPAddress? parsed) && !IPAddress.IsLoopback(parsed))
            {
                return address;
            }
        }

        return null;
    }

    // 32 digits, index, length of the prefix, scope (00: global), flags, device.
    internal static string? FromInet6(string text)
    {
        foreach (string[] fields in text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (fields.Length == 6 && fields[3] == "00" && fields[0].Length == 32 && fields[0].All(char.IsAsciiHexDigit))
            {
                return new IPAddress(Convert.FromHexString(fields[0])).ToString();
            }
        }

        return null;
    }
}
