using System.Text;
using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Spec;

/// <summary>A user as a command line names it: each of user and group is a number or a name.</summary>
public sealed record UserRequest
{
    public uint? Uid { get; init; }
    public string? UserName { get; init; }

    /// <summary>Null, with a null <see cref="GroupName"/>, when no group was named.</summary>
    public uint? Gid { get; init; }
    public string? GroupName { get; init; }

    /// <summary>The container's /etc/passwd must be read for <see cref="UserLookup.Resolve"/>.</summary>
    public bool NeedsPasswd => UserName is not null;

    /// <summary>The container's /etc/group must be read for it.</summary>
    public bool NeedsGroup => UserName is not null || GroupName is not null;
}

/// <summary>Ids to run with.</summary>
/// <param name="Gid">Null when neither the command line nor a user's entry says: then the container's own holds, as with runc.</param>
/// <param name="Groups">Supplementary groups; null when no name was looked up: then the container's own hold.</param>
public sealed record ResolvedUser(uint Uid, uint? Gid, uint[]? Groups);

/// <summary>
/// <c>--user NAME|UID[:GROUP|GID]</c>. A number is a number and consults no file: an account file is the image's, and one
/// with a user called "1000" would choose the ids of whoever asks for uid 1000 (CVE-2016-3697). Every form that is not
/// plainly one or the other is refused, because a parser that stops early leaves uid 0 (CVE-2026-30892).
/// </summary>
public static class UserLookup
{
    /// <summary>Largest passwd or group file that is read.</summary>
    public const int MaxFileBytes = AccountFile.MaxBytes;

    private const int MaxName = 256;

    /// <exception cref="UsageException">It is none of the forms.</exception>
    public static UserRequest Parse(string text)
    {
        var separator = text.IndexOf(':');
        var user = separator < 0 ? text : text[..separator];
        var (uid, userName) = Part(user, text, "user");
        if (separator < 0)
            return new UserRequest { Uid = uid, UserName = userName };
        var (gid, groupName) = Part(text[(separator + 1)..], text, "group");
        return new UserRequest { Uid = uid, UserName = userName, Gid = gid, GroupName = groupName };
    }

    /// <summary>The ids. A user by name comes with primary group and memberships; naming a group replaces only the primary one.</summary>
    /// <param name="passwd">Content of the container's /etc/passwd, empty when there is none.</param>
    /// <param name="group">Content of its /etc/group.</param>
    /// <exception cref="EngineException">There is no such user or group.</exception>
    public static ResolvedUser Resolve(UserRequest request, ReadOnlySpan<byte> passwd, ReadOnlySpan<byte> group)
    {
        var gid = request.GroupName is null
            ? request.Gid
            : AccountFile.Group(group, request.GroupName) ?? throw Unknown("group", request.GroupName, "/etc/group");
        if (request.UserName is null)
            return new ResolvedUser(request.Uid!.Value, gid, null);
        var user = AccountFile.User(passwd, request.UserName) ?? throw Unknown("user", request.UserName, "/etc/passwd");
        return new ResolvedUser(user.Uid, gid ?? user.Gid, [.. AccountFile.GroupsOf(group, request.UserName, Limits.Groups)]);
    }

    /// <summary>Home directory of a uid, or null when /etc/passwd has no plain one.</summary>
    public static string? Home(uint uid, ReadOnlySpan<byte> passwd) => AccountFile.Home(passwd, uid);

    private static (uint? Id, string? Name) Part(string part, string whole, string what)
    {
        if (part.Length > 0 && part.All(char.IsAsciiDigit))
        {
            return AccountFile.TryId(Encoding.ASCII.GetBytes(part), out var id)
                ? (id, null)
                : throw Bad(whole, $"{Quote.Text(part)} is no {what} id: ids go from 0 to {ProcessChecks.NoId - 1}, without leading zeros");
        }
        return IsName(part) ? (null, part) : throw Bad(whole, $"{Quote.Text(part)} is neither a {what} id nor a {what} name");
    }

    // What useradd lets a name be, plus the domain forms of directory services.
    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && (char.IsAsciiLetter(text[0]) || text[0] == '_') &&
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '@' or '$');

    private static UsageException Bad(string whole, string why) => new($"user {Quote.Text(whole)}: {why}; write NAME or UID, optionally with :GROUP or :GID");

    private static EngineException Unknown(string what, string name, string file) => new($"unknown {what} {Quote.Text(name)}: not in the container's {file}");
}
