using static Engine.Shared.Linux.mount_h;

namespace Engine.Mounts;

/// <summary>Mount propagation by the words of the specification.</summary>
public static class Propagation
{
    /// <summary>MS_* (with MS_REC for the r forms) of <paramref name="word"/>; null for none.</summary>
    public static ulong? Parse(string? word)
    {
        ulong flags = string.IsNullOrEmpty(word) ? 0 : MountOptions.Parse(null, [word]).Propagation;
        return flags == 0 ? null : flags;
    }

    /// <summary>The word for MS_* flags.</summary>
    public static string NameOf(ulong flags)
    {
        string prefix = (flags & MS_REC) != 0 ? "r" : "";
        return (flags & ~(ulong)MS_REC) switch
        {
            MS_SHARED => prefix + "shared",
            MS_SLAVE => prefix + "slave",
            MS_PRIVATE => prefix + "private",
            MS_UNBINDABLE => prefix + "unbindable",
            _ => "unchanged",
        };
    }
}
