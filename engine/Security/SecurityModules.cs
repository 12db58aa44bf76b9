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
