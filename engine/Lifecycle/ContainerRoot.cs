using System.Globalization;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// The root directory of a running container, for reading its user database. Files in it belong to the payload: they are
/// resolved below the root, must be regular, are read to a limit, and no link leads out (CVE-2024-9676).
/// </summary>
public sealed class ContainerRoot : IDisposable
{
    private readonly SafeFd _root;

    private ContainerRoot(SafeFd root) => _root = root;

    /// <summary>Opens the root of process <paramref name="pid"/>.</summary>
    public static ContainerRoot Open(int pid) =>
        new(Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/root"), fcntl_h.O_PATH | O_DIRECTORY));

    /// <summary>The user that <c>--user</c> names: name or uid, with group name or gid behind a colon.</summary>
    public UserSpec Resolve(string user, UserSpec stored)
    {
        UserRequest request = UserLookup.Parse(user);
        ResolvedUser ids = UserLookup.Resolve(
            request, request.NeedsPasswd ? Read("etc/passwd") : [], request.NeedsGroup ? Read("etc/group") : []);
        return stored with { Uid = ids.Uid, Gid = ids.Gid ?? stored.Gid, AdditionalGids = ids.Groups ?? stored.AdditionalGids };
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    // Looked at before it is opened: the payload may have put a FIFO or a device there, which opening would wait for or set off.
    private byte[] Read(string path)
    {
        try
        {
            using SafeFd seen = Files.OpenInRoot(_root, path, fcntl_h.O_PATH);
            FileStat stat = Files.Stat(seen);
            if (!stat.IsRegular || stat.Size > UserLookup.MaxFileBytes)
            {
                throw Useless(path);
            }

            using SafeFd file = Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{seen.Value}"), fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
            return Files.ReadAll(file, "/" + path, UserLookup.MaxFileBytes);
        }
        catch (SyscallException error) when (error.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return [];
        }
        catch (SyscallException error) when (error.Errno is Errno.EFBIG)
        {
            throw Useless(path);
        }
    }

    private static EngineException Useless(string path) =>
        new($"the container's /{path} is not a regular file of at most {UserLookup.MaxFileBytes} bytes: no user or group can be looked up in it; use numbers");
}
