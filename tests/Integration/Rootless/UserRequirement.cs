using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>Whether an ordinary user of this machine can have ids of a range in a user namespace.</summary>
internal static class UserRequirement
{
    private static readonly Lazy<string?> s_missing = new(Find);

    /// <summary>The reason to skip, or null.</summary>
    public static string? Missing => s_missing.Value;

    private static string? Find()
    {
        if (!File.Exists("/usr/bin/newuidmap"))
        {
            return "skipped: uidmap is not installed (./build.sh deps test)";
        }
        var tried = new Command("/usr/bin/setpriv", "--reuid=64500", "--regid=64500", "--clear-groups", "/usr/bin/unshare", "--user", "/bin/true").Run();
        return tried.ExitCode == 0 ? null : $"skipped: an ordinary user can make no user namespace here: {tried.Error.Trim()}";
    }
}
