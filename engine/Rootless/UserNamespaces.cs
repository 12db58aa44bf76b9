using System.Globalization;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Rootless;

/// <summary>The family of user namespaces (ioctl_ns(2)).</summary>
internal static unsafe class UserNamespaces
{
    private const string Own = "/proc/self/ns/user";

    // NS_GET_PARENT, linux/nsfs.h: _IO(0xb7, 2).
    private const ulong GetParent = 0xb702;

    // user_namespaces(7): there are at most 32 levels.
    private const int MostLevels = 33;

    /// <summary>
    /// Of the user namespace of process <paramref name="pid"/> and its parents the one whose parent is this process's own; the process's
    /// own when that is not among them. The caller's to close.
    /// </summary>
    /// <exception cref="SyscallException">The process is gone, or not the caller's to look into.</exception>
    public static SafeFd OutermostOf(int pid)
    {
        (uint, uint, ulong) own = Files.Inode(Own);
        SafeFd at = Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/user"), fcntl_h.O_RDONLY);
        for (int level = 0; level < MostLevels; level++)
        {
            int parent = Libc.ioctl(at.Value, GetParent, null);
            if (parent < 0)
            {
                break;
            }

            var next = new SafeFd(parent);
            if (Files.Inode(PathOf(next)) == own)
            {
                next.Dispose();
                break;
            }

            at.Dispose();
            at = next;
        }

        return at;
    }

    /// <summary>True when process <paramref name="pid"/> is in that user namespace.</summary>
    public static bool Has(SafeFd user, int pid) =>
        Files.Inode(PathOf(user)) == Files.Inode(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/user"));

    private static string PathOf(SafeFd user) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{user.Value}");
}
