using System;

namespace Engine.Shared.Linux;

/// <summary>Capability names as the OCI configuration writes them.</summary>
public static class CapabilityNames
{
    /// <summary>How many capabilities this table knows; a newer kernel may have more (PR_CAPBSET_READ tells).</summary>
    public const int Count = capability_h.CAP_LAST_CAP + 1;

    private static ReadOnlySpan<byte> Names =>
        "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP "u8 +
        "CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER "u8 +
        "CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE "u8 +
        "CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP "u8 +
        "CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF "u8 +
        "CAP_CHECKPOINT_RESTORE"u8;

    /// <summary>"CAP_KILL" for 5; "?" for a number beyond the table.</summary>
    public static ReadOnlySpan<byte> Name(int capability) => NameTable.At(Names, capability);

    /// <summary>5 for "CAP_KILL"; -1 if there is no such capability.</summary>
    public static int Number(ReadOnlySpan<byte> name) => NameTable.Find(Names, name);
}
