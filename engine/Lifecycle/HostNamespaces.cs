using Engine.Cgroups;
using Engine.Linux;
using Engine.Security;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>What the validator must know of the machine and of the namespaces that this process is in.</summary>
public static class HostNamespaces
{
    /// <summary>For <see cref="ConfigLoader.LoadRunnable"/>. Reads links below /proc when asked.</summary>
    public static HostFacts Facts { get; } = new()
    {
        IsOwnNetworkNamespace = IsOwnNetwork,
        AppArmorEnabled = SecurityModules.AppArmorEnabled,
        SelinuxEnabled = SecurityModules.SelinuxEnabled,
        SelinuxKnows = SecurityModules.SelinuxKnows,
        ResctrlMount = Resctrl.Mountpoint,
    };

    // A namespace's inode decides, whatever file it is bound to. What cannot be looked at counts as another's: its opening fails later.
    private static bool IsOwnNetwork(string path)
    {
        try
        {
            return Files.Inode(path) == Files.Inode("/proc/self/ns/net");
        }
        catch (Rpc.Linux.SyscallException)
        {
            return false;
        }
    }
}
