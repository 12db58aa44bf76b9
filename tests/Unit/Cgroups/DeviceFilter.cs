using System.ComponentModel;
using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>bpf(2), as the supervisor uses it for device programs.</summary>
internal static unsafe partial class DeviceFilter
{
    private static readonly int Number = RuntimeInformation.OSArchitecture == Architecture.Arm64
        ? Engine.Shared.Linux.Arm64.SyscallNumbers.SYS_bpf
        : Engine.Shared.Linux.X64.SyscallNumbers.SYS_bpf;

    /// <summary>Loads the program; the end of what the verifier says is in the exception when it refuses.</summary>
    public static SafeFd Load(byte[] program)
    {
        var fd = Load(program, []);
        if (fd >= 0)
            return new SafeFd(fd);
        var errno = Marshal.GetLastPInvokeError();
        var log = new byte[1 << 20];
        Load(program, log);
        throw new Win32Exception(errno, Marshal.GetPInvokeErrorMessage(errno) + ": " + System.Text.Encoding.ASCII.GetString(log).TrimEnd('\0').Split('\n').TakeLast(5).Aggregate("", (a, l) => a + l + "\n"));
    }

    private static int Load(byte[] program, byte[] log)
    {
        fixed (byte* code = program, text = log, license = "GPL\0"u8)
        {
            var attr = new bpf_attr_prog_load
            {
                prog_type = bpf_h.BPF_PROG_TYPE_CGROUP_DEVICE,
                insn_cnt = (uint)(program.Length / 8),
                insns = (ulong)code,
                license = (ulong)license,
                log_level = log.Length == 0 ? 0u : 1u,
                log_size = (uint)log.Length,
                log_buf = (ulong)text,
            };
            return (int)syscall(Number, bpf_h.BPF_PROG_LOAD, &attr, (nuint)sizeof(bpf_attr_prog_load));
        }
    }

    /// <summary>Loads and attaches; the kernel keeps the program as long as the cgroup is there.</summary>
    public static void Attach(string directory, byte[] program)
    {
        using var loaded = Load(program);
        using var cgroup = new SafeFd(open(directory, 0x80000));
        Assert.False(cgroup.IsInvalid);
        var attr = new bpf_attr_prog_attach
        {
            target_fd = (uint)cgroup.Value,
            attach_bpf_fd = (uint)loaded.Value,
            attach_type = bpf_h.BPF_CGROUP_DEVICE,
            attach_flags = bpf_h.BPF_F_ALLOW_MULTI,
        };
        if (syscall(Number, bpf_h.BPF_PROG_ATTACH, &attr, (nuint)sizeof(bpf_attr_prog_attach)) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, int command, void* attr, nuint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);
}
