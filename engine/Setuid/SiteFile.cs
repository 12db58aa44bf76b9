using System.Text;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Policy;

namespace Engine.Setuid;

/// <summary>
/// engine.conf as this side sees it: read with the caller's rights, parsed by the same code as in the starter, checked for what the starter will ask of
/// its owner and mode. For explanation only.
/// </summary>
public sealed class SiteFile
{
    /// <summary>Where the starter reads it, compiled in.</summary>
    public const string DefaultPath = "/etc/engine/engine.conf";

    private const uint OthersWrite = 0x12; // 0022

    private SiteFile(IReadOnlyList<string> problems, IReadOnlyList<(string Key, string Value, string Meaning)> settings, bool allowsSetuid)
    {
        Problems = problems;
        Settings = settings;
        AllowsSetuid = allowsSetuid;
    }

    /// <summary>Why the starter will refuse it; empty when it is sound.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>Every key with its value in force and what that means.</summary>
    public IReadOnlyList<(string Key, string Value, string Meaning)> Settings { get; }

    /// <summary>It is sound and says allow_setuid = yes.</summary>
    public bool AllowsSetuid { get; }

    /// <summary>It is there, and not for this user to read: only the starter knows what it says.</summary>
    public bool IsHidden { get; private init; }

    /// <summary>Reads and judges it.</summary>
    public static SiteFile Read(string path)
    {
        var problems = new List<string>();
        CheckPath(path, problems);
        byte[] text;
        try
        {
            using SafeFd file = Files.Open(path, fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
            text = Files.ReadAll(file, path, SiteConfig.MaxBytes);
        }
        catch (Exception error) when (error is SyscallException or EngineException)
        {
            return new SiteFile([.. problems, error.Message], [], false) { IsHidden = error is SyscallException { Errno: Errno.EACCES } };
        }

        return Parse(text, path, problems);
    }

    private static unsafe SiteFile Parse(byte[] text, string path, List<string> problems)
    {
        // One more, so that an empty file has an address, too.
        byte[] room = [.. text, 0];
        fixed (byte* at = room)
        {
            SiteConfigError error = SiteConfig.Parse(at, text.Length, out SiteConfig config, out int line);
            if (error != SiteConfigError.None)
            {
                problems.Add($"{path}:{line}: {Encoding.ASCII.GetString(SiteConfig.Words(error))}");
                return new SiteFile(problems, [], false);
            }

            return new SiteFile(problems, SiteSettings.Of(in config), config.AllowSetuid && problems.Count == 0);
        }
    }

    // As starter/Policy/TrustedPath: every component root's, nobody else's to write, no link.
    private static void CheckPath(string path, List<string> problems)
    {
        string[] components = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int count = 0; count <= components.Length; count++)
        {
            string at = "/" + string.Join('/', components[..count]);
            try
            {
                using SafeFd opened = Files.Open(at, fcntl_h.O_PATH | O_NOFOLLOW);
                FileStat stat = Files.Stat(opened);
                if (stat.Uid != 0 || (stat.Mode & OthersWrite) != 0)
                {
                    problems.Add($"{at} must be root's and writable by nobody else (chown root {at}; chmod go-w {at})");
                }

                bool isLast = count == components.Length;
                if (isLast ? !stat.IsRegular : !stat.IsDirectory)
                {
                    problems.Add($"{at} is not a {(isLast ? "regular file" : "directory")}; links are not followed");
                }
            }
            catch (SyscallException)
            {
                // What is missing is reported by the open that follows.
                return;
            }
        }
    }
}
