namespace Engine.Tests.Abi;

/// <summary>What the C compiler cannot simply be asked, each with its reason.</summary>
internal static class Exceptions
{
    /// <summary>Constants younger than the oldest supported headers (Linux 6.1, Debian 12); checked wherever a header has them.</summary>
    public static readonly IReadOnlyDictionary<string, string> Younger = new Dictionary<string, string>
    {
        ["F_SEAL_EXEC"] = "6.3",
        ["MFD_NOEXEC_SEAL"] = "6.3",
        ["MFD_EXEC"] = "6.3",
        ["MOVE_MOUNT_BENEATH"] = "6.5",
        ["SO_PEERPIDFD"] = "6.5",
        ["SYS_fchmodat2"] = "6.6",
        ["STATX_MNT_ID_UNIQUE"] = "6.8",
        ["SYS_statmount"] = "6.8",
        ["SYS_listmount"] = "6.8",
        ["STATX_SUBVOL"] = "6.10",
        ["SO_PASSRIGHTS"] = "6.16",
        ["PID_FS_MAGIC"] = "6.9, moved to the user headers in 6.13",
        ["MQUEUE_MAGIC"] = "only in the kernel's own ipc/mqueue.c",
        ["ST_NOSYMFOLLOW"] = "5.10, only in the kernel's own linux/statfs.h",
        ["OPEN_HOW_SIZE_VER0"] = "only in the kernel's own linux/openat2.h until 6.6",
        ["__X32_SYSCALL_BIT"] = "asm/unistd.h of x86 only",
    };

    /// <summary>Nothing to compare with: not in any user header, or an enumerator that the preprocessor cannot see in a newer one.</summary>
    public static readonly IReadOnlyDictionary<string, string> Unproved = new Dictionary<string, string>
    {
        ["FSCONFIG_CMD_CREATE_EXCL"] = "enumerator since 6.6",
        ["MPOL_WEIGHTED_INTERLEAVE"] = "enumerator since 6.9",
        ["SCM_MAX_FD"] = "only in the kernel's own net/scm.h",
    };

    /// <summary>Constants that C spells otherwise; each maps to the C expression with the same meaning.</summary>
    public static readonly IReadOnlyDictionary<string, string> Spelling = new Dictionary<string, string>
    {
        // The C library moves SIGRTMIN up by the signals that it keeps.
        ["SIGRTMIN"] = "__SIGRTMIN",
        ["SIGRTMAX"] = "__SIGRTMAX",
        ["SIG_DFL"] = "(long)SIG_DFL",
        ["SIG_IGN"] = "(long)SIG_IGN",
        ["SIGSET_SIZE"] = "_NSIG / 8",
        // Ours: the compiler's machine is named before its assertions.
        ["AUDIT_ARCH_NATIVE"] = "NATIVE_AUDIT_ARCH",
        ["EM_NATIVE"] = "NATIVE_EM",
    };

    /// <summary>Constants whose header cannot be included together with those of their class.</summary>
    public static readonly IReadOnlyDictionary<string, string> Elsewhere = new Dictionary<string, string>
    {
        ["MNT_FORCE"] = "sys/mount.h",
        ["MNT_DETACH"] = "sys/mount.h",
        ["MNT_EXPIRE"] = "sys/mount.h",
        ["UMOUNT_NOFOLLOW"] = "sys/mount.h",
        ["SA_RESTORER"] = "asm/signal.h",
        ["__WNOTHREAD"] = "linux/wait.h",
    };

    /// <summary>Fields that C reaches by another path.</summary>
    public static readonly IReadOnlyDictionary<string, string> Field = new Dictionary<string, string>
    {
        ["bpf_attr_prog_query.target_fd"] = "query.target_fd",
        ["bpf_attr_prog_query.attach_type"] = "query.attach_type",
        ["bpf_attr_prog_query.query_flags"] = "query.query_flags",
        ["bpf_attr_prog_query.attach_flags"] = "query.attach_flags",
        ["bpf_attr_prog_query.prog_ids"] = "query.prog_ids",
        ["bpf_attr_prog_query.prog_cnt"] = "query.prog_cnt",
        ["bpf_attr_get_id.id"] = "prog_id",
    };

    /// <summary>Fields that have no offset in C.</summary>
    public static readonly IReadOnlyDictionary<string, string> NoOffset = new Dictionary<string, string>
    {
        ["bpf_insn.registers"] = "two bit-fields",
    };
}
