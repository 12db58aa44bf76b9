using System.Diagnostics.CodeAnalysis;

namespace Engine.Security;

/// <summary>
/// Sysctl keys: one canonical spelling, used for the check and for the write alike (CVE-2022-0811 came from two), and the
/// namespace that a key belongs to.
/// </summary>
public static class Sysctl
{
    // Keys of a namespace, and nothing else: what is not here is the whole machine's. A trailing slash stands for
    // everything below. Source: the kernel's net, ipc, user and uts sysctl tables; the same list as runc's.
    private static readonly (string Key, string Namespace)[] Owners =
    [
        ("kernel/msgmax", "ipc"), ("kernel/msgmnb", "ipc"), ("kernel/msgmni", "ipc"), ("kernel/sem", "ipc"),
        ("kernel/shmall", "ipc"), ("kernel/shmmax", "ipc"), ("kernel/shmmni", "ipc"), ("kernel/shm_rmid_forced", "ipc"),
        ("fs/mqueue/", "ipc"),
        ("net/", "network"),
        ("user/", "user"),
        ("kernel/domainname", "uts"), ("kernel/hostname", "uts"),
    ];

    /// <summary>
    /// The path below /proc/sys. As in sysctl(8), the first separator decides: after a dot, dots separate and slashes stand
    /// for dots (<c>net.ipv4.conf.eth0/100.rp_filter</c>); after a slash, slashes separate.
    /// </summary>
    /// <returns>False for a key that is not two or more plain names.</returns>
    public static bool TryCanonical(string key, [NotNullWhen(true)] out string? path)
    {
        path = null;
        var first = key.AsSpan().IndexOfAny('.', '/');
        if (first < 0 || key.Length > 255)
            return false;
        var slashed = key[first] == '/' ? key : string.Create(key.Length, key, static (span, text) =>
        {
            for (var i = 0; i < text.Length; i++)
                span[i] = text[i] switch { '.' => '/', '/' => '.', var c => c };
        });
        foreach (var name in slashed.Split('/'))
        {
            if (name is "" or "." or ".." || !name.All(IsNameCharacter))
                return false;
        }
        path = slashed;
        return true;
    }

    /// <summary>The type of namespace that a canonical key belongs to, or null: then it is the machine's.</summary>
    public static string? Owner(string path)
    {
        foreach (var (key, owner) in Owners)
        {
            if (key.EndsWith('/') ? path.StartsWith(key, StringComparison.Ordinal) : path == key)
                return owner;
        }
        return null;
    }

    // Interface names, which are path components here, may hold nearly anything; these are the characters that they do
    // hold in practice.
    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':' or '@';
}
