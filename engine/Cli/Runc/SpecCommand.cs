using System.Text;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Spec;

namespace Engine.Cli.Runc;

/// <summary><c>spec</c>: writes a config.json to start from into the bundle; an existing one is left alone.</summary>
public static class SpecCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "",
        Least = 0,
        Most = 0,
        Description = $"""
            The spec command creates the new specification file named "config.json" for the bundle. It runs "sh" on a
               terminal, in "rootfs", read-only. With --rootless it is one for an unprivileged user: a user namespace with this
               user's ids, the host's network, no cgroup settings.
            """,
        Options =
        [
            RuncOption.Text("bundle", "path to the root of the bundle directory", 'b'),
            RuncOption.Switch("rootless", "generate a configuration for a rootless container"),
        ],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        string directory = call.Path("bundle") ?? Directory.GetCurrentDirectory();
        string path = Path.Combine(directory, "config.json");
        if (!Directory.Exists(directory))
        {
            throw new EngineException($"chdir {Printable.Of(directory)}: no such file or directory");
        }

        if (File.Exists(path))
        {
            throw new EngineException("File config.json exists. Remove it first");
        }

        string text = ConfigTemplate.Text(
            call.Switch("rootless") ? (Identity.EffectiveUid, Identity.EffectiveGid) : null, CgroupLayout.Read().Mode == CgroupMode.V2);
        try
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
            });
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"{Printable.Of(path)}: {error.Message}", inner: error);
        }

        return 0;
    }
}
