using System.Globalization;
using System.Text;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Rootless;

/// <summary>Ids from <paramref name="Start"/> on.</summary>
public readonly record struct IdRange(uint Start, uint Count)
{
    /// <summary>True when all <paramref name="count"/> ids from <paramref name="first"/> on are in it.</summary>
    public bool Contains(uint first, uint count) => first >= Start && (ulong)first + count <= (ulong)Start + Count;
}

/// <summary>
/// /etc/subuid and /etc/subgid (subuid(5)): the ids that the administrator gave a user. A line that is not of the form is as if it were
/// not there, as newuidmap has it; which range may be mapped is newuidmap's to decide.
/// </summary>
public static class SubordinateIds
{
    /// <summary>Ranges of user ids.</summary>
    public const string UserFile = "/etc/subuid";

    /// <summary>Ranges of group ids.</summary>
    public const string GroupFile = "/etc/subgid";

    private const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>The ranges of a user, in the order of the file; none when it cannot be read.</summary>
    public static IReadOnlyList<IdRange> Read(string path, Account account)
    {
        try
        {
            using SafeFd file = Files.Open(path, fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
            return Parse(Encoding.UTF8.GetString(Files.ReadAll(file, path, MaxBytes)), account);
        }
        catch (SyscallException)
        {
            return [];
        }
    }

    /// <summary>The same of the file's text: NAME:START:COUNT a line, where NAME may be the uid.</summary>
    internal static IReadOnlyList<IdRange> Parse(string text, Account account)
    {
        var ranges = new List<IdRange>();
        string uid = account.Uid.ToString(CultureInfo.InvariantCulture);
        foreach (string line in text.Split('\n'))
        {
            string[] fields = line.Split(':');
            bool mine = fields.Length == 3 && (fields[0] == uid || (account.Name is not null && fields[0] == account.Name));
            if (mine && uint.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint start)
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint count)
                && count > 0 && (ulong)start + count <= uint.MaxValue)
            {
                ranges.Add(new IdRange(start, count));
            }
        }

        return ranges;
    }
}
