namespace Engine.Shared.Linux;

/// <summary>linux/bpf.h: loading, attaching and finding cgroup device programs, and the instruction encoding.</summary>
public static class bpf_h
{
    public const int
        BPF_PROG_LOAD = 5, BPF_PROG_ATTACH = 8, BPF_PROG_DETACH = 9, BPF_PROG_GET_FD_BY_ID = 13, BPF_PROG_QUERY = 16,
        BPF_OBJ_GET_INFO_BY_FD = 15, BPF_PROG_TYPE_CGROUP_DEVICE = 15, BPF_CGROUP_DEVICE = 6;
    public const int
        BPF_F_ALLOW_OVERRIDE = 1, BPF_F_ALLOW_MULTI = 2, BPF_F_REPLACE = 4, BPF_DEVCG_ACC_MKNOD = 1, BPF_DEVCG_ACC_READ = 2,
        BPF_DEVCG_ACC_WRITE = 4, BPF_DEVCG_DEV_BLOCK = 1, BPF_DEVCG_DEV_CHAR = 2;

    // Classes, sizes, modes and operations beyond those that classic BPF shares (filter_h).
    public const int
        BPF_ALU64 = 7, BPF_JMP32 = 6, BPF_DW = 0x18, BPF_MOV = 0xb0, BPF_JNE = 0x50, BPF_JLT = 0xa0, BPF_JLE = 0xb0, BPF_CALL = 0x80,
        BPF_EXIT = 0x90;
    public const int
        BPF_REG_0 = 0, BPF_REG_1 = 1, BPF_REG_2 = 2, BPF_REG_3 = 3, BPF_REG_4 = 4, BPF_REG_5 = 5, BPF_REG_6 = 6, BPF_REG_7 = 7,
        BPF_REG_8 = 8, BPF_REG_9 = 9, BPF_REG_10 = 10;
}

/// <summary>One instruction; registers packs dst_reg (low four bits) and src_reg.</summary>
public struct bpf_insn
{
    public byte code, registers;
    public short off;
    public int imm;
}

/// <summary>The member of union bpf_attr for BPF_PROG_LOAD, up to what a cgroup device program needs.</summary>
public unsafe struct bpf_attr_prog_load
{
    public uint prog_type, insn_cnt;
    public ulong insns, license;
    public uint log_level, log_size;
    public ulong log_buf;
    public uint kern_version, prog_flags;
    public fixed byte prog_name[16];
    public uint prog_ifindex, expected_attach_type;
}

/// <summary>The member of union bpf_attr for BPF_PROG_ATTACH and BPF_PROG_DETACH.</summary>
public struct bpf_attr_prog_attach
{
    public uint target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
}

/// <summary>The member of union bpf_attr for BPF_PROG_QUERY; prog_ids points to prog_cnt ids.</summary>
public struct bpf_attr_prog_query
{
    public uint target_fd, attach_type, query_flags, attach_flags;
    public ulong prog_ids;
    public uint prog_cnt, __pad;
}

/// <summary>The member of union bpf_attr for the *_GET_FD_BY_ID commands.</summary>
public struct bpf_attr_get_id
{
    public uint id, next_id, open_flags;
}
