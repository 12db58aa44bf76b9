using Engine.Linux;
using Engine.Shared.Linux;

namespace Engine.Seccomp;

/// <summary>What an action returns to the kernel.</summary>
/// <param name="Value">SECCOMP_RET_*, which libseccomp's SCMP_ACT_* equal.</param>
/// <param name="MaxData">Largest errno (or, for a tracer, message) it carries; 0 for none.</param>
internal sealed record SeccompAction(uint Value, uint MaxData = 0);

/// <summary>The specification's names.</summary>
internal static class SeccompTables
{
    /// <summary>libseccomp takes what is below the kernel's MAX_ERRNO (linux/err.h).</summary>
    private const uint MaxErrno = 4094;

    public static readonly Dictionary<string, SeccompAction> Actions = new(StringComparer.Ordinal)
    {
        ["SCMP_ACT_KILL"] = new(seccomp_h.SECCOMP_RET_KILL_THREAD),
        ["SCMP_ACT_KILL_THREAD"] = new(seccomp_h.SECCOMP_RET_KILL_THREAD),
        ["SCMP_ACT_KILL_PROCESS"] = new(seccomp_h.SECCOMP_RET_KILL_PROCESS),
        ["SCMP_ACT_TRAP"] = new(seccomp_h.SECCOMP_RET_TRAP),
        ["SCMP_ACT_ERRNO"] = new(seccomp_h.SECCOMP_RET_ERRNO, MaxErrno),
        ["SCMP_ACT_TRACE"] = new(seccomp_h.SECCOMP_RET_TRACE, seccomp_h.SECCOMP_RET_DATA),
        ["SCMP_ACT_NOTIFY"] = new(seccomp_h.SECCOMP_RET_USER_NOTIF),
        ["SCMP_ACT_LOG"] = new(seccomp_h.SECCOMP_RET_LOG),
        ["SCMP_ACT_ALLOW"] = new(seccomp_h.SECCOMP_RET_ALLOW),
    };

    public static readonly Dictionary<string, int> Operators = new(StringComparer.Ordinal)
    {
        ["SCMP_CMP_NE"] = Libseccomp.SCMP_CMP_NE,
        ["SCMP_CMP_LT"] = Libseccomp.SCMP_CMP_LT,
        ["SCMP_CMP_LE"] = Libseccomp.SCMP_CMP_LE,
        ["SCMP_CMP_EQ"] = Libseccomp.SCMP_CMP_EQ,
        ["SCMP_CMP_GE"] = Libseccomp.SCMP_CMP_GE,
        ["SCMP_CMP_GT"] = Libseccomp.SCMP_CMP_GT,
        ["SCMP_CMP_MASKED_EQ"] = Libseccomp.SCMP_CMP_MASKED_EQ,
    };

    public static readonly Dictionary<string, uint> Flags = new(StringComparer.Ordinal)
    {
        ["SECCOMP_FILTER_FLAG_TSYNC"] = seccomp_h.SECCOMP_FILTER_FLAG_TSYNC,
        ["SECCOMP_FILTER_FLAG_LOG"] = seccomp_h.SECCOMP_FILTER_FLAG_LOG,
        ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"] = seccomp_h.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] = seccomp_h.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    };

    /// <summary>SCMP_ARCH_* without the prefix, in the specification's order; in lower case they are libseccomp's own names.</summary>
    public static readonly string[] Architectures =
    [
        "X86", "X86_64", "X32", "ARM", "AARCH64", "LOONGARCH64", "M68K", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32",
        "PPC", "PPC64", "PPC64LE", "S390", "S390X", "SH", "SHEB", "PARISC", "PARISC64", "RISCV64",
    ];
}
