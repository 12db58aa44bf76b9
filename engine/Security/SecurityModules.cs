using System.Text;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Security;

/// <summary>Which security modules the running kernel applies. Read when asked: most configurations ask for none.</summary>
internal static class SecurityModules
{
    /// <summary>As runc decides: securityfs shows AppArmor, and the module says so itself.</summary>
    public static bool AppArmorEnabled() =>
        Directory.Exists("/sys/kernel/security/apparmor") && First("/sys/module/apparmor/parameters/enabled").StartsWith('Y');

    /// <summary>selinuxfs is mounted and a policy is loaded: without one every process is "kernel".</summary>
    public static bool SelinuxEnabled() =>
        File.Exists("/sys/fs/selinux/enforce") && First("/proc/self/attr/current") is not ("" or "kernel");

    /// <summary>Asks selinuxfs whether the policy has a label. Only the answer no is one: who may not ask learns nothing.</summary>
    public static bool SelinuxKnows(string label)
    {
        try
        {
            using SafeFd context = Files.Open("/sys/fs/selinux/context", fcntl_h.O_RDWR);
            Files.WriteAll(context, Encoding.UTF8.GetBytes(label), "/sys/fs/selinux/context");
            return true;
        }
        catch (SyscallException error)
        {
            return error.Errno != Errno.EINVAL;
        }
    }

    private static string First(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\0', '\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
