using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>Device rules on cgroup v2: an eBPF program, compiled by the unprivileged side and proved by the kernel's verifier.</summary>
internal static unsafe class CgroupDevices
{
    private const int LogBytes = 4096;

    /// <summary>Loads the program in <paramref name="memfd"/> (the caller's) and attaches it in place of the earlier one of this slot.</summary>
    public static bool Set(ref SetCgroupDevices request, int memfd)
    {
        if (!CgroupSlots.Get(request.Slot, out CgroupSlot slot))
            return false;
        if (memfd < 0 || (slot.Flags & CgroupFlags.Unified) == 0)
            return Failure.Refuse("SetCgroupDevices"u8, "needs a cgroup2 slot and a program"u8);
        if (request.Length == 0 || request.Length > Limits.DeviceProgramBytes || request.Length % 8 != 0)
            return Failure.Refuse("SetCgroupDevices"u8, "the program's length is wrong"u8);

        int program = Load(memfd, request.Length);
        if (program < 0)
            return false;
        if (!Attach(ref slot, program))
        {
            Sys.close(program);
            return false;
        }

        if (slot.Program > 0)
            Sys.close(slot.Program);
        CgroupSlots.At((int)request.Slot).Program = program;
        return true;
    }

    private static int Load(int memfd, uint length)
    {
        byte* code = stackalloc byte[Limits.DeviceProgramBytes];
        long got = Sys.pread(memfd, code, length, 0);
        if (got != length)
        {
            Failure.Call("pread"u8, got < 0 ? got : -EINVAL);
            return -1;
        }

        byte* log = stackalloc byte[LogBytes];
        log[0] = 0;
        bpf_attr_prog_load load = default;
        load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
        load.insns = (ulong)code;
        load.insn_cnt = length / 8;
        load.license = (ulong)CString.Of("Apache"u8);
        int program = Sys.bpf(BPF_PROG_LOAD, &load, (uint)sizeof(bpf_attr_prog_load));
        if (program >= 0)
            return program;

        // Again, for the verifier's words.
        load.log_level = 1;
        load.log_size = LogBytes;
        load.log_buf = (ulong)log;
        int again = Sys.bpf(BPF_PROG_LOAD, &load, (uint)sizeof(bpf_attr_prog_load));
        if (again >= 0)
            return again;
        Failure.Call("bpf(BPF_PROG_LOAD)"u8, program);
        log[LogBytes - 1] = 0;
        Failure.Explain(CString.Span(log));
        return -1;
    }

    // Every program of a cgroup and of those above it must allow an access (ALLOW_MULTI), so that a second one cannot widen the first;
    // replacing leaves no moment without rules.
    private static bool Attach(ref CgroupSlot slot, int program)
    {
        bpf_attr_prog_attach attach = default;
        attach.target_fd = (uint)slot.Directory;
        attach.attach_bpf_fd = (uint)program;
        attach.attach_type = BPF_CGROUP_DEVICE;
        attach.attach_flags = BPF_F_ALLOW_MULTI;
        if (slot.Program > 0)
        {
            attach.attach_flags |= BPF_F_REPLACE;
            attach.replace_bpf_fd = (uint)slot.Program;
        }

        int result = Sys.bpf(BPF_PROG_ATTACH, &attach, (uint)sizeof(bpf_attr_prog_attach));
        return result >= 0 || Failure.Call("bpf(BPF_PROG_ATTACH)"u8, result);
    }
}
