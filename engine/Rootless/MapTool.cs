using System.Globalization;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Spec;

namespace Engine.Rootless;

/// <summary>
/// Writes uid_map and gid_map of a starter that waits for them: a child of this process that was not reaped and is blocked on our socket,
/// so that its number is its own. Ranges take newuidmap and newgidmap; the single map of the user is written here.
/// </summary>
/// <param name="name">newuidmap or newgidmap.</param>
/// <param name="file">uid_map or gid_map.</param>
internal sealed class MapTool(string name, string file)
{
    // Never looked for in PATH: which program gets to say who we are is not the environment's to choose.
    private const string Folder = "/usr/bin/";

    /// <summary>For user ids.</summary>
    public static readonly MapTool Users = new("newuidmap", "uid_map");

    /// <summary>For group ids.</summary>
    public static readonly MapTool Groups = new("newgidmap", "gid_map");

    /// <summary>Absolute path of the program.</summary>
    public string Path => Folder + name;

    /// <summary>True when the program is there.</summary>
    public bool IsPresent => File.Exists(Path);

    /// <summary>Writes the map with the program; what it says when it does not.</summary>
    public string? Run(int pid, IdMapping[] map)
    {
        string[] numbers = [.. map.SelectMany(range => new[] { range.ContainerId, range.HostId, range.Size }).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        try
        {
            CommandOutput output = CommandOutput.Of(Path, name, [pid.ToString(CultureInfo.InvariantCulture), .. numbers], []);
            return output.ExitCode == 0 ? null : $"{Path}: {Diagnostics.Printable.Of(output.Text.Trim())} (exit code {output.ExitCode})";
        }
        catch (SyscallException error)
        {
            return error.Message;
        }
    }

    /// <summary>Writes the map of the user alone.</summary>
    /// <exception cref="SyscallException">The kernel refused.</exception>
    public void WriteSingle(int pid, uint id) => Write(pid, file, string.Create(CultureInfo.InvariantCulture, $"0 {id} 1\n"));

    /// <summary>Gives setgroups up, without which a gid_map that nobody vouched for is not taken (user_namespaces(7)).</summary>
    /// <exception cref="SyscallException">The kernel refused.</exception>
    public static void DenyGroups(int pid) => Write(pid, "setgroups", "deny");

    private static void Write(int pid, string file, string text)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}");
        using SafeFd map = Files.Open(path, fcntl_h.O_WRONLY);
        Files.WriteAll(map, System.Text.Encoding.ASCII.GetBytes(text), path);
    }
}
