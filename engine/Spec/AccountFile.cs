using System.Text;
using System.Text.Unicode;

namespace Engine.Spec;

/// <summary>
/// /etc/passwd and /etc/group of a container, as text that its image or its payload wrote: bounded, and any line that is
/// not exactly of the form is as if it were not there.
/// </summary>
internal static class AccountFile
{
    /// <summary>Largest file that is looked at. A thousand accounts take 60 KiB.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Longest line that is looked at; a group with a few thousand members still fits.</summary>
    private const int MaxLine = 64 * 1024;

    /// <summary>uid and primary gid of a user; the first line with the name counts.</summary>
    public static (uint Uid, uint Gid)? User(ReadOnlySpan<byte> passwd, string name)
    {
        Span<Range> fields = stackalloc Range[8];
        foreach (var range in Bounded(passwd).Split((byte)'\n'))
        {
            if (User(passwd[range], fields, out var uid, out var gid) && Is(passwd[range][fields[0]], name))
                return (uid, gid);
        }
        return null;
    }

    /// <summary>Home of a user id; the first line with the id counts. Null unless it is a plain absolute path.</summary>
    public static string? Home(ReadOnlySpan<byte> passwd, uint wanted)
    {
        Span<Range> fields = stackalloc Range[8];
        foreach (var range in Bounded(passwd).Split((byte)'\n'))
        {
            if (User(passwd[range], fields, out var uid, out _) && uid == wanted)
                return PlainPath(passwd[range][fields[5]]);
        }
        return null;
    }

    /// <summary>Name of a user id; the first line with the id counts.</summary>
    public static string? UserName(ReadOnlySpan<byte> passwd, uint wanted)
    {
        Span<Range> fields = stackalloc Range[8];
        foreach (var range in Bounded(passwd).Split((byte)'\n'))
        {
            if (User(passwd[range], fields, out var uid, out _) && uid == wanted)
                return Encoding.UTF8.GetString(passwd[range][fields[0]]);
        }
        return null;
    }

    /// <summary>gid of a group; the first line with the name counts.</summary>
    public static uint? Group(ReadOnlySpan<byte> group, string name)
    {
        Span<Range> fields = stackalloc Range[5];
        foreach (var range in Bounded(group).Split((byte)'\n'))
        {
            if (Group(group[range], fields, out var gid) && Is(group[range][fields[0]], name))
                return gid;
        }
        return null;
    }

    /// <summary>Every group that lists the user as a member, in the order of the file, each once.</summary>
    /// <param name="most">How many are wanted at most.</param>
    public static List<uint> GroupsOf(ReadOnlySpan<byte> group, string user, int most)
    {
        var found = new List<uint>();
        var seen = new HashSet<uint>();
        Span<Range> fields = stackalloc Range[5];
        foreach (var range in Bounded(group).Split((byte)'\n'))
        {
            var line = group[range];
            if (found.Count < most && Group(line, fields, out var gid) && HasMember(line[fields[3]], user) && seen.Add(gid))
                found.Add(gid);
        }
        return found;
    }

    /// <summary>
    /// A number as accounts write it: decimal digits and nothing else, no leading zero, not 2^32-1. Anything looser has
    /// turned a large id into 0 somewhere (CVE-2024-40635).
    /// </summary>
    public static bool TryId(ReadOnlySpan<byte> text, out uint id)
    {
        id = 0;
        if (text.Length is 0 or > 10 || (text[0] == '0' && text.Length > 1))
            return false;
        ulong value = 0;
        foreach (var c in text)
        {
            if (c is < (byte)'0' or > (byte)'9')
                return false;
            value = (value * 10) + (ulong)(c - '0');
        }
        id = (uint)value;
        return value < ProcessChecks.NoId;
    }

    private static ReadOnlySpan<byte> Bounded(ReadOnlySpan<byte> file) => file.Length <= MaxBytes ? file : [];

    // name:password:uid:gid:comment:home:shell
    private static bool User(ReadOnlySpan<byte> line, Span<Range> fields, out uint uid, out uint gid)
    {
        uid = gid = 0;
        return Fields(line, fields, 7) && TryId(line[fields[2]], out uid) && TryId(line[fields[3]], out gid);
    }

    // name:password:gid:members
    private static bool Group(ReadOnlySpan<byte> line, Span<Range> fields, out uint gid)
    {
        gid = 0;
        return Fields(line, fields, 4) && TryId(line[fields[2]], out gid);
    }

    private static bool Fields(ReadOnlySpan<byte> line, Span<Range> fields, int count)
    {
        if (line.Length > MaxLine)
            return false;
        var found = 0;
        foreach (var range in line.Split((byte)':'))
        {
            if (found == count)
                return false;
            fields[found++] = range;
        }
        return found == count && !line[fields[0]].IsEmpty;
    }

    private static bool HasMember(ReadOnlySpan<byte> members, string user)
    {
        foreach (var range in members.Split((byte)','))
        {
            if (Is(members[range], user))
                return true;
        }
        return false;
    }

    private static bool Is(ReadOnlySpan<byte> text, string name) => text.SequenceEqual(Encoding.UTF8.GetBytes(name));

    private static string? PlainPath(ReadOnlySpan<byte> path)
    {
        if (path.Length is 0 or > Shared.Protocol.Limits.Path || path[0] != '/' || !Utf8.IsValid(path))
            return null;
        var text = Encoding.UTF8.GetString(path);
        return text.Any(char.IsControl) ? null : text;
    }
}
