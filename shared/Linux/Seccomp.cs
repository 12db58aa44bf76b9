namespace Engine.Shared.Linux;

/// <summary>linux/seccomp.h.</summary>
public static class seccomp_h
{
    public const int
        SECCOMP_MODE_DISABLED = 0, SECCOMP_MODE_STRICT = 1, SECCOMP_MODE_FILTER = 2, SECCOMP_SET_MODE_STRICT = 0,
        SECCOMP_SET_MODE_FILTER = 1, SECCOMP_GET_ACTION_AVAIL = 2, SECCOMP_GET_NOTIF_SIZES = 3, SECCOMP_FILTER_FLAG_TSYNC = 1,
        SECCOMP_FILTER_FLAG_LOG = 2, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4, SECCOMP_FILTER_FLAG_NEW_LISTENER = 8,
        SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 0x10, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 0x20;
    public const uint SECCOMP_RET_KILL_PROCESS = 0x80000000;
    public const int
        SECCOMP_RET_KILL_THREAD = 0, SECCOMP_RET_TRAP = 0x30000, SECCOMP_RET_ERRNO = 0x50000, SECCOMP_RET_USER_NOTIF = 0x7fc00000,
        SECCOMP_RET_TRACE = 0x7ff00000, SECCOMP_RET_LOG = 0x7ffc0000, SECCOMP_RET_ALLOW = 0x7fff0000;
    public const uint SECCOMP_RET_ACTION_FULL = 0xffff0000;
    public const int SECCOMP_RET_DATA = 0xffff;
}

/// <summary>linux/filter.h and linux/bpf_common.h: the classic BPF of seccomp filters; linux/audit.h: machine tags.</summary>
public static class filter_h
{
    public const int
        BPF_LD = 0, BPF_LDX = 1, BPF_ST = 2, BPF_STX = 3, BPF_ALU = 4, BPF_JMP = 5, BPF_RET = 6, BPF_MISC = 7, BPF_W = 0, BPF_H = 8,
        BPF_B = 0x10, BPF_IMM = 0, BPF_ABS = 0x20, BPF_IND = 0x40, BPF_MEM = 0x60, BPF_ADD = 0, BPF_SUB = 0x10, BPF_OR = 0x40,
        BPF_AND = 0x50, BPF_LSH = 0x60, BPF_RSH = 0x70, BPF_JA = 0, BPF_JEQ = 0x10, BPF_JGT = 0x20, BPF_JGE = 0x30, BPF_JSET = 0x40,
        BPF_K = 0, BPF_X = 8, BPF_A = 0x10;
    public const int BPF_MAXINSNS = 4096;
    public const uint AUDIT_ARCH_X86_64 = 0xc000003e;
    public const int AUDIT_ARCH_I386 = 0x40000003;
    public const uint AUDIT_ARCH_AARCH64 = 0xc00000b7;
    public const int AUDIT_ARCH_ARM = 0x40000028;
    /// <summary>The bit of an x32 system call number (asm/unistd.h of x86).</summary>
    public const int __X32_SYSCALL_BIT = 0x40000000;
}

/// <summary>One classic BPF instruction.</summary>
public struct sock_filter
{
    public ushort code;
    public byte jt, jf;
    public uint k;
}

/// <summary>A classic BPF program.</summary>
public unsafe struct sock_fprog
{
    public ushort len;
    public sock_filter* filter;
}

/// <summary>What a seccomp filter sees.</summary>
public unsafe struct seccomp_data
{
    public int nr;
    public uint arch;
    public ulong instruction_pointer;
    public fixed ulong args[6];
}

/// <summary>Answer of SECCOMP_GET_NOTIF_SIZES.</summary>
public struct seccomp_notif_sizes
{
    public ushort seccomp_notif, seccomp_notif_resp, seccomp_data;
}
