using System.CommandLine;
using Engine.Diagnostics;
using Engine.Linux;

namespace Engine.Cli.Instance;

/// <summary>
/// <c>--user USER</c>, for root: the command is then that user's own, with his rights, so that nothing that he wrote is read or acted on
/// as root.
/// </summary>
public static class OwnerOption
{
    /// <summary>The option.</summary>
    public static Option<string?> Build() => Options.Text("--user", "-u", "the instances of this user (root only)", "USER", "USER");

    /// <summary>Becomes the user that was named, if any. Before anything else is done.</summary>
    public static void Apply(ParseResult parsed, Option<string?> option)
    {
        string? user = parsed.GetValue(option);
        if (string.IsNullOrEmpty(user))
        {
            return;
        }

        (string name, uint uid, uint gid) = UserSwitch.Find(user);
        if (uid == Identity.EffectiveUid)
        {
            return;
        }

        if (Identity.EffectiveUid != 0)
        {
            throw new EngineException($"--user {Printable.Of(user)}: only root may ask for another user's instances");
        }

        UserSwitch.Become(name, uid, gid);
        Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", $"/run/user/{uid}");
    }
}
