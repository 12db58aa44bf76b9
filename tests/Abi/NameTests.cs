using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Shared.Linux;

namespace Engine.Tests.Abi;

/// <summary>The name tables and the small functions of shared/Linux against the C library.</summary>
public partial class NameTests
{
    [LibraryImport("libc")]
    private static partial nint strerrorname_np(int number);

    [LibraryImport("libc")]
    private static partial nint sigabbrev_np(int signal);

    [LibraryImport("libc")]
    private static partial ulong gnu_dev_makedev(uint major, uint minor);

    [LibraryImport("libc")]
    private static partial uint gnu_dev_major(ulong dev);

    [LibraryImport("libc")]
    private static partial uint gnu_dev_minor(ulong dev);

    private static string Text(ReadOnlySpan<byte> name) => Encoding.ASCII.GetString(name);

    private static string C(nint text) => Marshal.PtrToStringAnsi(text) ?? "?";

    [Fact]
    public void Errno_names_are_the_C_librarys()
    {
        for (int number = 1; number < 200; number++)
        {
            // One number, two names: the C library prefers the other.
            string expected = C(strerrorname_np(number)) is "ENOTSUP" ? "EOPNOTSUPP" : C(strerrorname_np(number));
            Assert.Equal(expected, Text(Errno.Name(number)));
            Assert.Equal(expected, Text(Errno.Name(-number)));
        }
        Assert.Equal("?", Text(Errno.Name(0)));
        Assert.Equal("?", Text(Errno.Name(int.MinValue)));
    }

    [Fact]
    public void Signal_names_are_the_C_librarys_and_lead_back()
    {
        for (int signal = 1; signal <= 31; signal++)
        {
            // One number, two names: the C library prefers the other.
            string expected = C(sigabbrev_np(signal)) is "POLL" ? "IO" : C(sigabbrev_np(signal));
            Assert.Equal(expected, Text(SignalNames.Name(signal)));
            Assert.Equal(signal, SignalNames.Number(SignalNames.Name(signal)));
        }
        Assert.Equal("?", Text(SignalNames.Name(32)));
        Assert.Equal("?", Text(SignalNames.Name(0)));
        Assert.Equal(-1, SignalNames.Number("NOPE"u8));
        Assert.Equal(-1, SignalNames.Number("HUP INT"u8));
    }

    [Fact]
    public void Capability_names_are_the_constants()
    {
        foreach (FieldInfo field in typeof(capability_h).GetFields().Where(f => f.Name.StartsWith("CAP_", StringComparison.Ordinal)))
        {
            if (field.Name == "CAP_LAST_CAP")
                continue;
            int number = (int)field.GetRawConstantValue()!;
            Assert.Equal(field.Name, Text(CapabilityNames.Name(number)));
            Assert.Equal(number, CapabilityNames.Number(Encoding.ASCII.GetBytes(field.Name)));
        }
        Assert.Equal("?", Text(CapabilityNames.Name(CapabilityNames.Count)));
    }

    [Fact]
    public void Limit_names_are_the_constants()
    {
        foreach (FieldInfo field in typeof(resource_h).GetFields().Where(f => f.Name.StartsWith("RLIMIT_", StringComparison.Ordinal)))
            Assert.Equal((int)field.GetRawConstantValue()!, RlimitNames.Number(Encoding.ASCII.GetBytes(field.Name)));
        Assert.Equal("?", Text(RlimitNames.Name(resource_h.RLIM_NLIMITS)));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(1u, 3u)]
    [InlineData(136u, 255u)]
    [InlineData(259u, 65537u)]
    [InlineData(0xfffu, 0xfffffu)]
    [InlineData(0xffffffffu, 0xffffffffu)]
    public void Device_numbers_are_the_C_librarys(uint major, uint minor)
    {
        ulong dev = gnu_dev_makedev(major, minor);
        Assert.Equal(dev, sysmacros_h.makedev(major, minor));
        Assert.Equal(gnu_dev_major(dev), sysmacros_h.major(dev));
        Assert.Equal(gnu_dev_minor(dev), sysmacros_h.minor(dev));
    }

    [Fact]
    public void Control_message_macros_are_the_C_librarys()
    {
        StringBuilder source = new("#include <sys/socket.h>\n");
        for (int n = 0; n <= 40; n++)
            source.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"_Static_assert(CMSG_SPACE({n}) == {socket_h.CMSG_SPACE(n)} && CMSG_LEN({n}) == {socket_h.CMSG_LEN(n)}, \"{n}\");\n");
        Assert.Equal("", Compiler.X64.Check(source.ToString()));
    }

    [Theory]
    [InlineData(0x0000, true, false, false)]
    [InlineData(0x2a00, true, false, false)]
    [InlineData(0x0009, false, true, false)]
    [InlineData(0x008b, false, true, true)]
    [InlineData(0x137f, false, false, false)]
    [InlineData(0xffff, false, false, true)]
    public void Wait_status_is_decoded(int status, bool exited, bool signaled, bool core)
    {
        Assert.Equal(exited, wait_h.WIFEXITED(status));
        Assert.Equal(signaled, wait_h.WIFSIGNALED(status));
        Assert.Equal(core, wait_h.WCOREDUMP(status));
        Assert.Equal(status >> 8, wait_h.WEXITSTATUS(status));
    }
}
