using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Tests.Unit.Linux;

/// <summary>Local sockets by directory descriptor.</summary>
public sealed class UnixSocketTests : IDisposable
{
    // Far over the 108 bytes of sun_path.
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("engine-sockets-").FullName, new string('d', 200));
    private readonly SafeFd _directory;

    public UnixSocketTests()
    {
        Directory.CreateDirectory(_path);
        _directory = Files.OpenDirectory(_path);
    }

    public void Dispose()
    {
        _directory.Dispose();
        Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
    }

    [Fact]
    public void A_socket_in_a_directory_with_a_long_path_is_listened_on_and_connected_to()
    {
        using var listener = UnixSockets.Listen(_directory, "control.sock", 4);
        Assert.Null(UnixSockets.TryAccept(listener));
        using var client = UnixSockets.Connect(_directory, "control.sock");
        using var server = UnixSockets.TryAccept(listener);

        Assert.Equal(Environment.ProcessId, UnixSockets.Peer(server!).Pid);
        Assert.Equal(3, UnixSockets.Send(client, "abc"u8));
        var buffer = new byte[8];
        Assert.Equal(3, UnixSockets.Receive(server!, buffer));
        Assert.Equal(-1, UnixSockets.Receive(server!, buffer));
        client.Dispose();
        Assert.Equal(0, UnixSockets.Receive(server!, buffer));
    }

    [Fact]
    public void Only_its_owner_may_connect()
    {
        using var listener = UnixSockets.Listen(_directory, "s", 1);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_path, "s")));
    }

    [Theory]
    [InlineData("missing", Errno.ENOENT)]
    [InlineData("file", Errno.ECONNREFUSED)]
    public void What_nobody_listens_on_is_an_error_with_its_errno(string leaf, int errno)
    {
        File.WriteAllText(Path.Combine(_path, "file"), "");
        Assert.Equal(errno, Assert.Throws<SyscallException>(() => UnixSockets.Connect(_directory, leaf)).Errno);
    }
}
